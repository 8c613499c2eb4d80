import { isEnded } from '../../../src/model/index.ts';
import { apiProblems } from './invariants/api-problems.ts';
import { hostProblems } from './invariants/host-problems.ts';
import { portProblems } from './invariants/port-problems.ts';
import { TemplateWatch } from './invariants/template-problems.ts';
import type { Subject } from './subject.ts';

/** Orphans may be there for so long after a fault, and after the operations that it has brought about. */
const SETTLE_MS = 60_000;
/** An emulated guest that is brought back boots, beside others. */
const BUSY_MS = 240_000;
const LOOK_MS = 100;
const ANSWER_WITHIN_MS = 5_000;

const watches = new Map<string, TemplateWatch>();

export interface InvariantOptions {
  /** Processes of machines that the fault did not touch: each must be there still (I4). */
  readonly untouched?: readonly number[];
  /** Default 60 s: how long what is not so yet may take. */
  readonly settleMs?: number;
}

/**
 * What must hold after every fault (I1 to I8 of the design, as far as one host goes): what the API lists is what there is of processes, control groups,
 * namespaces, directories, disks, ports and sockets; each disk has one machine at most; templates are unchanged; the API answers within five seconds;
 * states are real; failures name cause and remedy. Waits for what settles by itself, and tells all that is wrong at once.
 */
export async function assertInvariants(subject: Subject, o: InvariantOptions = {}): Promise<void> {
  const problems = await invariantProblems(subject, o);
  if (problems.length > 0) throw new Error(`invariants are violated:\n${problems.join('\n')}`);
}

/** The same as a list of sentences; empty when all is well. */
export async function invariantProblems(subject: Subject, o: InvariantOptions = {}): Promise<string[]> {
  const { settleMs = SETTLE_MS, untouched = [] } = o;
  const startedAt = performance.now();
  await subject.environments();
  const tookMs = performance.now() - startedAt;
  const late = tookMs > ANSWER_WITHIN_MS ? [`I7: the API answered after ${Math.round(tookMs)} ms`] : [];
  let idleSince = startedAt;
  for (;;) {
    const { busy, problems } = await lookAt(subject, untouched);
    const nowMs = performance.now();
    if (busy && nowMs - startedAt < BUSY_MS) idleSince = nowMs;
    if (problems.length === 0 || nowMs - idleSince > settleMs) return [...late, ...problems];
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

interface Look {
  /** Something is under way, of which one cannot say what must be. */
  readonly busy: boolean;
  readonly problems: readonly string[];
}

async function lookAt(subject: Subject, untouched: readonly number[]): Promise<Look> {
  const watch = watches.get(subject.home) ?? new TemplateWatch(subject.home);
  watches.set(subject.home, watch);
  const operations = await subject.operations();
  const running = operations.filter((one) => !isEnded(one));
  if (running.length > 0)
    return { busy: true, problems: running.map(({ id, kind }) => `${kind} ${id} is under way`) };
  const environments = await subject.environments();
  const templates = await subject.templates();
  const making = templates.some(({ warm }) => (warm?.making ?? 0) > 0);
  if (making) return { busy: true, problems: ['a warm fork is being made'] };
  const problems = [
    ...apiProblems(environments, operations),
    ...(await hostProblems(subject, environments, templates, untouched)),
    ...(await portProblems(subject, environments)),
    ...(await watch.problems()),
  ];
  return { busy: false, problems };
}
