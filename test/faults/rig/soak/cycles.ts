import { berthOk } from '../../../e2e/rig/berth.ts';
import { get } from '../../../e2e/rig/http.ts';
import { FAULT_TEMPLATE } from '../project.ts';
import type { Subject } from '../subject.ts';
import { urlOf } from '../walk/perform.ts';
import { measure, type SoakSample } from './measure.ts';

/** How an environment is made: by `berth up`, or as a fork of a template, which takes a tenth of the time. */
export type Creation = 'up' | 'template';

export interface CyclesOptions {
  readonly subject: Subject;
  readonly cycles: number;
  /** So many at the same time. */
  readonly lanes: number;
  readonly creation: Creation;
  /** Compose file for `up`. */
  readonly file: string;
  readonly onSample?: (sample: SoakSample) => void;
}

/** Creates, forks, stops, starts and removes, over and over; looks at the daemon after each round, when nothing is left. */
export async function runCycles(o: CyclesOptions): Promise<SoakSample[]> {
  const { subject, cycles, lanes } = o;
  const startedAt = performance.now();
  const samples: SoakSample[] = [];
  for (let done = 0; done < cycles; done += lanes) {
    const width = Math.min(lanes, cycles - done);
    await Promise.all(Array.from({ length: width }, (_, lane) => cycle(o, `soak-${lane}`)));
    const sample = await measure(subject, done + width, startedAt);
    samples.push(sample);
    o.onSample?.(sample);
  }
  return samples;
}

async function cycle({ subject, creation, file }: CyclesOptions, name: string): Promise<void> {
  const fork = `${name}-fork`;
  if (creation === 'up') await berthOk(['up', '-f', file, '--name', name, '--quiet'], { home: subject.home });
  else await subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name });
  await answersAt(subject, name);
  await subject.run('POST', '/forks', { source: name, name: fork });
  await answersAt(subject, fork);
  await subject.run('POST', `/environments/${name}/stop`, { timeoutMs: 3_000 });
  await subject.run('POST', `/environments/${name}/start`, {});
  await answersAt(subject, name);
  await subject.run('DELETE', `/environments/${fork}`);
  await subject.run('DELETE', `/environments/${name}`);
}

async function answersAt(subject: Subject, name: string): Promise<void> {
  await get(`${urlOf(await subject.environment(name))}/`);
}
