import { sleep } from '../../src/base/index.ts';
import { summarize } from '../measure/statistics.ts';
import type { GrowthStage } from '../result.ts';
import { type Rig, TEMPLATE } from '../rig.ts';
import { forkAndVisit } from './fork-and-visit.ts';
import { forkAll } from './fork-many.ts';

const RUNS = 10;

/** What one more fork costs while ever more of them are alive and idle. */
export async function growthStage(
  rig: Rig,
  o: { readonly living: readonly number[]; readonly quick: boolean },
): Promise<GrowthStage> {
  const settledMs = o.quick ? 1_000 : 10_000;
  const runs = o.quick ? 2 : RUNS;
  await rig.removeForks();
  const levels: GrowthStage['levels'][number][] = [];
  let living = 0;
  for (const level of o.living) {
    await forkAll(rig, { source: TEMPLATE, name: `bench-idle${level}`, count: level - living });
    living = level;
    await sleep(settledMs, rig.options.signal);
    const samples: number[] = [];
    // The first one only warms up.
    for (let run = 0; run <= runs; run++) {
      const { firstAnswerMs } = await forkAndVisit(rig, TEMPLATE, 'bench-one-more');
      await rig.remove('bench-one-more');
      if (run > 0) samples.push(Math.round(firstAnswerMs * 10) / 10);
    }
    levels.push({ living, samples, firstAnswer: summarize(samples) });
    rig.options.say(`  ${living} alive: ${Math.round(summarize(samples).p50)} ms`);
  }
  await rig.removeForks();
  return { settledMs, levels };
}
