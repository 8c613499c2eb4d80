import { join } from 'node:path';
import { openConnection } from '../../src/cli/index.ts';
import type { Client } from '../../src/client/index.ts';
import { chmod, removeTree, run, temporaryDirectory } from '../../src/host/index.ts';
import { timeCalls } from '../measure/call-times.ts';
import { processMemory } from '../measure/process-memory.ts';
import { storeStopped } from '../measure/stored-environments.ts';
import type { DaemonStage } from '../result.ts';
import type { RigOptions } from '../rig.ts';

const PURGE_TIMEOUT_MS = 5 * 60_000;

/**
 * A daemon without machines in a home of its own: first with nothing in its store, then with many stopped environments, which are
 * written there before it starts.
 */
export async function daemonStage(
  o: Pick<RigOptions, 'root' | 'signal' | 'say'>,
  { stored }: { readonly stored: number },
): Promise<DaemonStage> {
  await using closing = new AsyncDisposableStack();
  const directory = closing.use(await temporaryDirectory());
  await chmod(directory.path, 0o711);
  const home = join(directory.path, 'home');
  const before = process.env['BERTH_HOME'];
  process.env['BERTH_HOME'] = home;
  closing.defer(() => {
    if (before === undefined) delete process.env['BERTH_HOME'];
    else process.env['BERTH_HOME'] = before;
  });
  closing.defer(() => giveBack(home, o.root));
  const shop = { compose: join(o.root, 'examples/shop/compose.yaml') };
  const empty = await measure(o);
  await storeStopped(home, { count: stored, ...shop });
  const full = await measure(o);
  return { sizes: [empty, full] };
}

async function measure(o: Pick<RigOptions, 'say'>): Promise<DaemonStage['sizes'][number]> {
  const startMs = performance.now();
  const connection = await openConnection({ env: process.env, autostart: true });
  try {
    const { client } = connection;
    const environments = await client.environments.list();
    const readyMs = performance.now() - startMs;
    const list = await timeCalls(() => client.environments.list());
    const names = environments.map(({ name }) => name);
    const get = names.length === 0 ? {} : { get: await timeCalls(asker(client, names)) };
    const memory = await processMemory((await client.daemon.status()).pid);
    o.say(`  ${names.length} environments: answers after ${Math.round(readyMs)} ms`);
    await client.daemon.stop();
    return { environments: names.length, startMs: readyMs, memory, list, ...get };
  } finally {
    connection.close();
  }
}

/** Asks for another environment each time. */
function asker(client: Client, names: readonly string[]): () => Promise<unknown> {
  let turn = 0;
  return () => client.environments.get(names[turn++ % names.length] ?? '');
}

/** Without the environments, which have nothing on the host: they would be removed one by one. */
async function giveBack(home: string, root: string): Promise<void> {
  const env = { BERTH_HOME: home };
  await run([join(root, 'berth'), 'daemon', 'stop'], { env, okExitCodes: [1, 2, 3, 4, 5] });
  for (const part of ['berth.db', 'berth.db-wal', 'berth.db-shm', 'environments'])
    await removeTree(join(home, part));
  await run([join(root, 'berth'), 'down', '--all', '--purge', '--yes'], { env, timeoutMs: PURGE_TIMEOUT_MS });
}
