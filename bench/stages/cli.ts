import { join } from 'node:path';
import { run } from '../../src/host/index.ts';
import { summarize } from '../measure/statistics.ts';
import type { CliStage } from '../result.ts';
import type { Rig } from '../rig.ts';

/** How long commands take from the start of their process to its end, with the daemon running; Node by itself for comparison. */
export async function cliStage(rig: Rig, o: { readonly runs: number }): Promise<CliStage> {
  const { root, signal } = rig.options;
  const berth = join(root, 'berth');
  const commands: Readonly<Record<string, readonly string[]>> = {
    "node -e ''": [process.execPath, '-e', ''],
    'berth version': [berth, 'version'],
    'berth ls': [berth, 'ls'],
  };
  const samples = new Map<string, number[]>();
  for (let round = 0; round <= o.runs; round++) {
    for (const [title, argv] of Object.entries(commands)) {
      const startMs = performance.now();
      await run(argv, { signal });
      const elapsedMs = performance.now() - startMs;
      // The first round only warms up.
      if (round > 0) samples.set(title, [...(samples.get(title) ?? []), elapsedMs]);
    }
  }
  const environments = (await rig.client.environments.list()).length;
  return {
    environments,
    commands: Object.fromEntries([...samples].map(([title, list]) => [title, summarize(list)])),
  };
}
