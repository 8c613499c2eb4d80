import { summarize } from '../measure/statistics.ts';
import type { DepthResult, SleepStage } from '../result.ts';
import { type Rig, TEMPLATE } from '../rig.ts';
import { forkAndVisit } from './fork-and-visit.ts';
import { type Depth, pssOf, putToSleep, wakeByConnect } from './sleeping.ts';

const SLEEPER = 'bench-sleeper';
const FORK = 'bench-fork';

/** One sleep and the wake from it. */
interface Night {
  readonly sleepMs: number;
  readonly writtenBytes: number;
  readonly pssAwakeBytes: number;
  readonly pssAsleepBytes: number;
  readonly wakeMs: number;
}

/** Sleeps and wakes of one environment, those from the disk in turns with forks of the template that it came from. */
export async function sleepStage(
  rig: Rig,
  o: { readonly runs: number; readonly sleepRuns: number },
): Promise<SleepStage> {
  await rig.removeForks();
  await forkAndVisit(rig, TEMPLATE, SLEEPER);
  const frozen: Night[] = [];
  const asleep: Night[] = [];
  const forks: number[] = [];
  // The first turn of each only warms up.
  for (let run = 0; run <= o.runs; run++) {
    const one = await night(rig, 'frozen');
    if (run > 0) frozen.push(one);
  }
  for (let run = 0; run <= o.sleepRuns; run++) {
    const one = await night(rig, 'asleep');
    const { firstAnswerMs } = await forkAndVisit(rig, TEMPLATE, FORK);
    await rig.remove(FORK);
    if (run === 0) continue;
    asleep.push(one);
    forks.push(firstAnswerMs);
  }
  await rig.removeForks();
  return { frozen: depthOf(frozen), asleep: depthOf(asleep), fork: summarize(forks) };
}

async function night(rig: Rig, depth: Depth): Promise<Night> {
  const awake = await rig.client.environments.get(SLEEPER);
  const pssAwakeBytes = await pssOf(awake);
  const sleepMs = await putToSleep(rig, SLEEPER, depth);
  const sleeper = await rig.client.environments.get(SLEEPER);
  const pssAsleepBytes = await pssOf(sleeper);
  const wakeMs = await wakeByConnect(rig, sleeper);
  rig.options.say(`  ${depth} after ${Math.round(sleepMs)} ms, woken in ${Math.round(wakeMs)} ms`);
  // What follows a wake belongs to it and not to the next sleep.
  await rig.answered(sleeper);
  return { sleepMs, writtenBytes: sleeper.rest?.savedBytes ?? 0, pssAwakeBytes, pssAsleepBytes, wakeMs };
}

function depthOf(nights: readonly Night[]): DepthResult {
  const of = (part: keyof Night) => summarize(nights.map((night) => night[part]));
  const wakeSamples = nights.map(({ wakeMs }) => Math.round(wakeMs * 10) / 10);
  return {
    wakeSamples,
    wake: summarize(wakeSamples),
    sleep: of('sleepMs'),
    written: of('writtenBytes'),
    pssAwake: of('pssAwakeBytes'),
    pssAsleep: of('pssAsleepBytes'),
  };
}
