import { isRunning } from '../../../e2e/rig/processes.ts';
import { type Subject, until } from '../subject.ts';
import type { Outcome } from './perform.ts';
import type { Fault } from './plan.ts';

const CRASH_SEEN_WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;
/** How long a disk stays full at most. */
const FULL_FOR_MS = 3_000;

/** What some faults need. */
export interface Tools {
  /** Fills the file system of the home, and empties it again. */
  readonly ballast?: { fill(): Promise<void>; empty(): Promise<void> };
  /** Sets the daemon's clock so many seconds before or after that of the host. */
  readonly clock?: { step(seconds: number): Promise<void> };
}

/** Does something while a fault comes over it; resolves when the fault is over, with how it ended. */
export async function inject(
  subject: Subject,
  fault: Fault,
  tools: Tools,
  nameOf: (place: number) => string,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  switch (fault.kind) {
    case 'daemon-kill':
      return killDaemon(subject, fault.afterMs, work);
    case 'machine-kill':
      return killMachine(subject, nameOf(fault.place), work);
    case 'machine-hang':
      return hangMachine(subject, nameOf(fault.place), fault.forMs, work);
    case 'disk-full':
      return fillDisk(subject, tools, work);
    case 'clock-step':
      await tools.clock?.step(fault.seconds);
      return work();
  }
}

async function killDaemon(subject: Subject, afterMs: number, work: () => Promise<Outcome>): Promise<Outcome> {
  const working = work();
  working.catch(() => undefined);
  await pause(afterMs);
  await subject.killDaemon();
  return working;
}

/** The environment is known to be crashed soon; whatever else goes on is not touched. */
async function killMachine(subject: Subject, name: string, work: () => Promise<Outcome>): Promise<Outcome> {
  const working = work();
  working.catch(() => undefined);
  const pid = await pidOf(subject, name);
  if (pid !== undefined) {
    process.kill(pid, 'SIGKILL');
    await until(`that ${name} is known to be crashed`, CRASH_SEEN_WITHIN_MS, async () =>
      (await subject.environment(name)).state === 'crashed' ? true : undefined,
    );
  }
  return working;
}

/** A machine stands still for a while, as on a host that is overloaded; others must not notice, and it must come back. */
async function hangMachine(
  subject: Subject,
  name: string,
  forMs: number,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const pid = await pidOf(subject, name);
  const before = await subject.environment(name).catch(() => undefined);
  if (pid === undefined || before === undefined) return work();
  process.kill(pid, 'SIGSTOP');
  try {
    const [outcome] = await Promise.all([work(), pause(forMs)]);
    return outcome;
  } finally {
    if (isRunning(pid)) process.kill(pid, 'SIGCONT');
    await until(`that ${name} is ${before.state} again`, BACK_WITHIN_MS, async () =>
      (await subject.environment(name)).state === before.state ? true : undefined,
    );
  }
}

/** While nothing can be written the daemon still answers what it is asked; what waits for space goes on when there is some. */
async function fillDisk(
  subject: Subject,
  { ballast }: Tools,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  await ballast?.fill();
  const working = work();
  try {
    await Promise.race([working.catch(() => undefined), pause(FULL_FOR_MS)]);
    await subject.environments();
  } finally {
    await ballast?.empty();
  }
  return working;
}

async function pidOf(subject: Subject, name: string): Promise<number | undefined> {
  return (await subject.environments()).find((one) => one.name === name)?.pid;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
