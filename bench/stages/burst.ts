import { median, summarize } from '../measure/statistics.ts';
import type { BurstResult, BurstStage } from '../result.ts';
import { type Rig, TEMPLATE, WARM_TEMPLATE } from '../rig.ts';
import { forkMany, type ManyForks } from './fork-many.ts';

const NAME = 'bench-burst';
const ROUNDS = 3;
/** A pool is filled at the pace of one fork in five seconds: a larger one than this is filled once. */
const LARGE_POOL = 10;

type Kind = BurstResult['kind'];

/** One, ten, fifty forks asked for in one call, from a template and from a pool that is full, in turns. */
export async function burstStage(
  rig: Rig,
  o: { readonly bursts: readonly number[]; readonly quick: boolean },
): Promise<BurstStage> {
  const rounds = o.quick ? 1 : ROUNDS;
  const made = new Map<string, ManyForks[]>();
  await rig.removeForks();
  // Warms up; nobody counts it.
  await burst(rig, 'template', 1);
  for (let round = 0; round < rounds; round++) {
    for (const count of o.bursts) {
      for (const kind of ['template', 'warm'] as const) {
        if (round > 0 && kind === 'warm' && count > LARGE_POOL) continue;
        const forks = await burst(rig, kind, count);
        const all = Math.round(Math.max(0, ...forks.answers));
        rig.options.say(`  ${count}, ${kind}: ${all} ms, ${forks.errors.length} errors`);
        made.set(keyOf(kind, count), [...(made.get(keyOf(kind, count)) ?? []), forks]);
      }
    }
  }
  const firstError = [...made.values()].flat().flatMap(({ errors }) => errors)[0];
  return {
    bursts: o.bursts.flatMap((forks) =>
      (['template', 'warm'] as const).map((kind) =>
        resultOf(kind, forks, made.get(keyOf(kind, forks)) ?? []),
      ),
    ),
    ...(firstError === undefined ? {} : { firstError }),
  };
}

async function burst(rig: Rig, kind: Kind, count: number): Promise<ManyForks> {
  const source = kind === 'warm' ? WARM_TEMPLATE : TEMPLATE;
  try {
    if (kind === 'warm') await rig.keepWarm(count);
    return await forkMany(rig, { source, name: NAME, count });
  } finally {
    // No more are made while these are removed, and none beside the next ones.
    if (kind === 'warm') await rig.keepWarm(0);
    await rig.removeForks();
  }
}

function keyOf(kind: Kind, count: number): string {
  return `${kind} ${count}`;
}

/** Of rounds in which at least one fork answered. */
function resultOf(kind: Kind, forks: number, rounds: readonly ManyForks[]): BurstResult {
  const answered = rounds.map(({ answers }) => answers).filter((answers) => answers.length > 0);
  return {
    kind,
    forks,
    half: summarize(answered.map((answers) => median(answers))),
    all: summarize(answered.map((answers) => Math.max(...answers))),
    errors: rounds.reduce((sum, { errors }) => sum + errors.length, 0),
  };
}
