import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, temporaryDirectory } from '../../src/host/index.ts';
import { summarize } from '../measure/statistics.ts';
import { startRegistry } from '../peers/registry.ts';
import type { ProjectStage } from '../result.ts';
import type { Rig } from '../rig.ts';

const MIB = 1024 ** 2;
const FILES = 10_000;
const PER_DIRECTORY = 100;
const FULL_RUNS = 3;
const IMAGE_BYTES = 100 * MIB;
const TIMEOUT_MS = 5 * 60_000;
const NAMES = ['bench-first', 'bench-second'] as const;

/** Project files on their way into a machine, and an image that two environments want one after the other. */
export async function projectStage(rig: Rig, o: { readonly runs: number }): Promise<ProjectStage> {
  const { signal } = rig.options;
  await using closing = new AsyncDisposableStack();
  const directory = closing.use(await temporaryDirectory()).path;
  const registry = join(directory, 'registry');
  await mkdir(registry);
  const { image } = closing.use(await startRegistry(registry, { sizeBytes: IMAGE_BYTES, signal }));
  const project = join(directory, 'project');
  await mkdir(project);
  const file = join(project, 'compose.yaml');
  await writeFile(file, `services:\n  bulk:\n    image: ${image}\n    volumes: [".:/project"]\n`);
  const pulls: number[] = [];
  for (const name of NAMES) {
    closing.defer(() => rig.remove(name));
    await berth(rig, ['up', '-f', file, '--name', name]);
    pulls.push(await pullMs(rig, name));
  }
  const full: number[] = [];
  const one: number[] = [];
  const sync = async () => {
    const startMs = performance.now();
    await berth(rig, ['sync', NAMES[0], '--quiet']);
    return performance.now() - startMs;
  };
  for (let index = 0; index < FULL_RUNS; index++) {
    await writeFiles(join(project, 'many'));
    full.push(await sync());
    for (let change = 0; change < Math.ceil(o.runs / FULL_RUNS); change++) {
      await writeFile(join(project, 'many/d42/f42'), `changed ${index} ${change}\n`);
      one.push(await sync());
    }
    await rm(join(project, 'many'), { recursive: true });
    await sync();
  }
  return {
    files: FILES,
    syncAll: summarize(full),
    syncOne: summarize(one),
    imageBytes: IMAGE_BYTES,
    firstPullMs: pulls[0] ?? Number.NaN,
    secondPullMs: pulls[1] ?? Number.NaN,
  };
}

/** How long the pull of the image took within the last `up` of an environment, in ms. */
async function pullMs(rig: Rig, name: string): Promise<number> {
  const operations = await rig.client.operations.list();
  const steps = operations.find(({ kind, targets }) => kind === 'up' && targets.includes(name))?.steps ?? [];
  const pull = steps.find((step) => step.name.startsWith('pull-'));
  return Date.parse(pull?.endedAt ?? '') - Date.parse(pull?.startedAt ?? '');
}

async function writeFiles(directory: string): Promise<void> {
  for (let index = 0; index < FILES; index++) {
    const inner = join(directory, `d${Math.floor(index / PER_DIRECTORY)}`);
    if (index % PER_DIRECTORY === 0) await mkdir(inner, { recursive: true });
    await writeFile(join(inner, `f${index % PER_DIRECTORY}`), `${index}\n`);
  }
}

async function berth(rig: Rig, argv: readonly string[]): Promise<void> {
  const { root, signal } = rig.options;
  await run([join(root, 'berth'), ...argv], {
    cwd: root,
    timeoutMs: TIMEOUT_MS,
    signal,
    env: { NO_COLOR: '1' },
  });
}
