import { join } from 'node:path';
import { EnvironmentRegistry } from '../../src/environments/index.ts';
import { ensureDirectory, readText, writeAtomic } from '../../src/host/index.ts';
import { DEFAULT_SHAPE, type EnvironmentId, type ImageId, type TemplateId } from '../../src/model/index.ts';
import { openSqliteStore } from '../../src/store/index.ts';

/** As large as the layer of a disk that nothing was written to. */
const DISK_BYTES = 200 * 1024;
const TOP = 'disk-0.qcow2';
const PORT = 8080;

/** Writes stopped environments into the store of a home whose daemon does not run, each with a disk; `compose` is what ran in them. */
export async function storeStopped(
  home: string,
  o: { readonly count: number; readonly compose: string },
): Promise<void> {
  const store = await openSqliteStore({ path: join(home, 'berth.db') });
  try {
    const registry = await EnvironmentRegistry.open(store, { firstBlock: 0, inUse: async () => [] });
    const compose = (await readText(o.compose)) ?? '';
    await registry.create(
      Array.from({ length: o.count }, (_, index) => stoppedShop(home, index, { compose, path: o.compose })),
    );
    for (const { disk } of registry.list()) {
      if (disk === undefined) continue;
      await ensureDirectory(disk.directory);
      await writeAtomic(join(disk.directory, disk.top), '\0'.repeat(DISK_BYTES));
    }
  } finally {
    await store.close();
  }
}

type Draft = Parameters<EnvironmentRegistry['create']>[0][number];

function stoppedShop(home: string, index: number, o: { compose: string; path: string }): Draft {
  const id = `env-${index.toString(16).padStart(12, '0')}` as EnvironmentId;
  const published = { protocol: 'tcp', service: 'web', containerPort: 80, guestPort: PORT } as const;
  return {
    ...{ id, name: `bench-stored-${index}`, state: 'stopped', parent: 'bench-stored', shape: DEFAULT_SHAPE },
    ...{ image: 'img-0000000000000000' as ImageId, template: 'tpl-000000000000' as TemplateId },
    services: ['web', 'store'].map((name) => ({
      ...{ name, container: `shop-${name}-1`, image: 'berth/shop:1', state: 'exited', exitCode: 0 },
    })),
    ports: (address) => [{ ...published, hostAddress: address, hostPort: PORT }],
    workload: {
      ...{ compose: o.compose, composePath: o.path, projectDirectory: home, project: 'shop' },
      ...{ variables: {}, publish: [] },
    },
    boot: {
      ...{ shape: DEFAULT_SHAPE, accelerator: 'tcg', kernelPath: '/kernel', initrdPath: '/initrd' },
      kernelArguments: ['root=/dev/vda', 'rw'],
    },
    disk: { directory: join(home, 'environments', id), top: TOP, layers: [] },
  };
}
