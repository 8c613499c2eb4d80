import { join } from 'node:path';
import {
  type Context,
  type EnvironmentRecord,
  LoadWatch,
  lookEach,
  type Session,
  setTime,
  settleMachine,
  watchStall,
  watchStorage,
} from '../environments/index.ts';
import { isAlive, processState, trimLog, writtenBytes } from '../host/index.ts';

const INTERVAL_MS = 1_000;
const LOGS = ['console.log', 'qemu.log', 'qemu.out'];
/** What costs the machine something is asked for in each of so many rounds. */
const ROUNDS_PER_QUESTION = 5;
const RESPONSE_TIMEOUT_MS = 3_000;
/** One that its host has stopped cannot answer; the question only makes sure. */
const STOPPED_TIMEOUT_MS = 500;
/** A machine that stands still for want of disk space is to be seen, and let go on, soon. */
const ROUNDS_PER_STALL_LOOK = 2;
/** What does not speak with the daemon is tried again in each of so many rounds. */
const ROUNDS_PER_RETRY = 10;
/** A machine that has written so much since the last look is asked how full its disk is. */
const NOTABLE_WRITES_BYTES = 8 * 1024 * 1024;
/** A console or a hypervisor's log may grow to this size; then only its last part is kept. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;
const KEPT_LOG_BYTES = 1024 * 1024;
const COMPLAINT = 'looking after the machines failed';

/** Looks after what no event tells: logs that grow, machines that do not answer, that write much, or that are busy without end. */
export function watchMachines(context: Context): AsyncDisposable {
  const watch = new MachineWatch(context);
  const rounds = lookEach(INTERVAL_MS, context.log, COMPLAINT, async () => watch.look());
  return {
    [Symbol.asyncDispose]: async () => {
      await rounds[Symbol.asyncDispose]();
      await watch.settled();
    },
  };
}

class MachineWatch {
  readonly #context: Context;
  readonly #load: LoadWatch;
  readonly #written = new Map<string, number>();
  /** What is under way, by machine and kind: one that is slow to answer keeps no other waiting. */
  readonly #underWay = new Map<string, Promise<void>>();
  #round = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#load = new LoadWatch(context);
  }

  /** Begins what is due, and waits for none of it. */
  look(): void {
    this.#round += 1;
    const records = this.#context.registry.list();
    this.#load.forgetGone();
    const running = new Set(records.map(({ id }) => id as string));
    for (const id of this.#written.keys()) if (!running.has(id)) this.#written.delete(id);
    for (const record of records) {
      const round = this.#round;
      this.#unlessUnderWay(`look ${record.id}`, () => this.#lookAfter(record, round));
      // Another question to it may be under way, which it will not answer: that is not waited for.
      this.#unlessUnderWay(`stopped ${record.id}`, () => this.#lookWhetherStopped(record));
    }
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #unlessUnderWay(key: string, begin: () => Promise<void>): void {
    if (this.#underWay.has(key)) return;
    const work = begin()
      .catch((error: unknown) => this.#context.log.warn({ err: error }, COMPLAINT))
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
  }

  async #lookWhetherStopped(record: EnvironmentRecord): Promise<void> {
    const session = this.#watchedSession(record);
    if (session === undefined || record.unresponsive === true) return;
    if (processState(session.machine.running.process) !== 'stopped') return;
    await checkResponse(this.#context, record, session, STOPPED_TIMEOUT_MS);
  }

  /** None while an operation works on the machine: it may rightly be busy then, and its state is the operation's to set. */
  #watchedSession({ id, operation }: EnvironmentRecord): Session | undefined {
    const { sessions } = this.#context;
    return operation === undefined && !sessions.isSettling(id) ? sessions.find(id) : undefined;
  }

  async #lookAfter(record: EnvironmentRecord, round: number): Promise<void> {
    const context = this.#context;
    const { id, disk, process } = record;
    if (disk === undefined || process === undefined) return;
    const isAsked = round % ROUNDS_PER_QUESTION === 0;
    // One that stands still because nobody needs it writes nothing, and a fleet of them is to cost nothing.
    const mayWrite = context.sessions.find(id)?.isFrozen !== true || isAsked;
    for (const name of mayWrite ? LOGS : [])
      await trimLog(join(disk.directory, name), { maxBytes: MAX_LOG_BYTES, keepBytes: KEPT_LOG_BYTES });
    if (record.operation !== undefined || context.sessions.isSettling(id)) return;
    const session = this.#watchedSession(record);
    if (session === undefined) {
      if (round % ROUNDS_PER_RETRY === 0) await settleMachine(context, id);
      return;
    }
    this.#load.look(record);
    const answers =
      isAsked || record.unresponsive === true
        ? await checkResponse(context, record, session, RESPONSE_TIMEOUT_MS)
        : true;
    if (answers && mayWrite && round % ROUNDS_PER_STALL_LOOK === 0)
      await watchStall(context, record, session);
    if (answers && (isAsked || this.#hasWritten(id, process.process.pid))) await watchStorage(context, id);
  }

  #hasWritten(id: string, pid: number): boolean {
    const bytes = writtenBytes(pid) ?? 0;
    const before = this.#written.get(id);
    if (before !== undefined && bytes - before < NOTABLE_WRITES_BYTES) return false;
    this.#written.set(id, bytes);
    return before !== undefined;
  }
}

/** True when it answers. */
async function checkResponse(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  timeoutMs: number,
): Promise<boolean> {
  const { running } = session.machine;
  const responsive = await running.isResponsive(timeoutMs);
  // Of one that has ended its end will tell, better.
  if (!isAlive(running.process)) return false;
  // It may have ended, or an operation may have begun, while it was asked.
  const now = context.registry.find(record.id);
  if (
    responsive !== (now?.unresponsive ?? false) ||
    now?.process === undefined ||
    now.operation !== undefined
  )
    return responsive;
  const reason = responsive
    ? undefined
    : 'its machine does not answer; `./berth stop --force`, `rm --force` and `restart --force` end it';
  await context.registry.update(record.id, {
    state: responsive ? (session.isFrozen ? 'frozen' : 'running') : 'degraded',
    reason,
    unresponsive: responsive ? undefined : true,
  });
  const kind = responsive ? 'environment.responsive' : 'environment.unresponsive';
  context.events.append(kind, record.name, reason ?? 'its machine answers again');
  // What stood still with its machine is late.
  if (responsive && context.sessions.isReachable(record.id)) await setTime(context, record, session.machine);
  return responsive;
}
