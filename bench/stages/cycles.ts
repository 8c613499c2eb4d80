import { summarize } from '../measure/statistics.ts';
import type { CyclesStage } from '../result.ts';
import { type Rig, TEMPLATE, targetOf } from '../rig.ts';
import { forkAndVisit } from './fork-and-visit.ts';
import { pssOf, putToSleep } from './sleeping.ts';

const SLEEPER = 'bench-cycler';
const ANSWER_TIMEOUT_MS = 60_000;
/** One cycle in so many only freezes: both depths in turns, and what was frozen falls asleep later, too. */
const FREEZE_EACH = 5;

/**
 * One environment with a store that counts: it is put to sleep, a connection wakes it and asks for one more, and so on. Each answer must be the
 * one before and one: what was lost or done twice would show.
 */
export async function cyclesStage(rig: Rig, o: { readonly cycles: number }): Promise<CyclesStage> {
  await rig.removeForks();
  await forkAndVisit(rig, TEMPLATE, SLEEPER);
  let expected = (await count(rig)) + 1;
  const answers: number[] = [];
  const awake: number[] = [];
  const asleep: number[] = [];
  const written: number[] = [];
  let wrong = 0;
  for (let cycle = 1; cycle <= o.cycles; cycle++) {
    const depth = cycle % FREEZE_EACH === 0 ? 'frozen' : 'asleep';
    const before = await pssOf(await rig.client.environments.get(SLEEPER));
    await putToSleep(rig, SLEEPER, depth);
    const sleeper = await rig.client.environments.get(SLEEPER);
    if (depth === 'asleep') {
      awake.push(before);
      asleep.push(await pssOf(sleeper));
      written.push(sleeper.rest?.savedBytes ?? 0);
    }
    const startMs = performance.now();
    const answer = await count(rig);
    answers.push(performance.now() - startMs);
    if (answer !== expected) wrong += 1;
    expected = answer + 1;
    if (cycle % 50 === 0) rig.options.say(`  ${cycle} cycles, ${wrong} wrong answers`);
  }
  await rig.removeForks();
  return {
    ...{ cycles: o.cycles, frozenEach: FREEZE_EACH, wrong, answer: summarize(answers) },
    ...{ pssAwake: summarize(awake), pssAsleep: summarize(asleep), written: summarize(written) },
  };
}

/** One visit more, over a connection of its own, which wakes the shop where it sleeps. */
async function count(rig: Rig): Promise<number> {
  const { host, port } = targetOf(await rig.client.environments.get(SLEEPER));
  const response = await fetch(`http://${host}:${port}/count`, {
    headers: { connection: 'close' },
    signal: AbortSignal.any([rig.options.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  const text = await response.text();
  return response.status === 200 && /^\d+\n$/.test(text) ? Number(text) : Number.NaN;
}
