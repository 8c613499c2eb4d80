import { asBerthError } from '../errors/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';
import type { Session } from './sessions.ts';

/** A hypervisor that answers does so at once. */
const RESPONSE_TIMEOUT_MS = 2_000;
/** A guest's agent that answers does so at once; then the guest takes its time. */
const AGENT_TIMEOUT_MS = 5_000;
/** The share of the time that containers have to end in. */
const CONTAINERS_SHARE = 0.5;
/** The share of what is left that the guest has to end in, before its power button is pressed. */
const AGENT_SHARE = 0.6;

/** How an environment's machine is ended. */
export interface ShutDownOptions {
  /** In all, in ms. */
  readonly graceMs: number;
  readonly signal?: AbortSignal;
  /** Called with what is tried now. */
  readonly onTry?: (what: string) => void;
}

/**
 * Has a guest end by itself, each way with a deadline of its own: its containers, its agent, its power button. Whatever of it fails, and when `signal` aborts, the
 * caller ends the process. Gives how the guest ended, or why it did not.
 */
export async function shutDown(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  { graceMs, signal, onTry = () => undefined }: ShutDownOptions,
): Promise<string> {
  const { running } = session.machine;
  const startedAt = performance.now();
  const leftMs = () => Math.max(0, graceMs - (performance.now() - startedAt));
  if (!(await running.isResponsive(Math.min(RESPONSE_TIMEOUT_MS, graceMs))))
    return 'its hypervisor did not answer';
  const guest = new Guest(session, signal);
  const skipped: string[] = [];
  const attempt = async (what: string, withinMs: number, ask: (signal: AbortSignal) => Promise<unknown>) => {
    if (guest.isOver() || signal?.aborted === true) return;
    onTry(what);
    try {
      await guest.within(withinMs, ask);
    } catch (error) {
      skipped.push(asBerthError(error).message);
      context.log.warn({ environment: record.name, err: error, what }, 'a guest did not do as it was told');
    }
  };
  const containersMs = leftMs() * CONTAINERS_SHARE;
  if (context.sessions.isReachable(record.id))
    await attempt('its containers are stopped', containersMs, (within) =>
      context.sessions
        .shell(record)
        .exec(['podman', 'stop', '--all', '--time', String(Math.max(1, Math.floor(containersMs / 1500)))], {
          timeoutMs: containersMs,
          signal: within,
        }),
    );
  const agentMs = Math.min(AGENT_TIMEOUT_MS, leftMs() * AGENT_SHARE);
  await attempt('its guest is shut down', agentMs, (within) =>
    session.machine.agent.shutdown({ timeoutMs: agentMs, signal: within }),
  );
  await guest.ended(leftMs() * AGENT_SHARE);
  await attempt('its power button is pressed', leftMs(), () => running.powerDown());
  await guest.ended(leftMs());
  if (guest.isOver()) return 'its guest shut down';
  if (signal?.aborted === true) return 'the wait for its guest was cancelled';
  return `its guest did not shut down in time${skipped.length === 0 ? '' : ` (${skipped[0]})`}`;
}

/** A guest that is to end: waiting for it ends with it. */
class Guest {
  readonly #exited: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  #isOver = false;

  constructor({ machine }: Session, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#exited = machine.running.exited.then(
      () => {
        this.#isOver = true;
      },
      () => undefined,
    );
  }

  isOver(): boolean {
    return this.#isOver;
  }

  /** Does something for so long at most, and no longer than the guest lives. */
  async within(ms: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const deadline = AbortSignal.timeout(Math.ceil(ms));
    const within = this.#signal === undefined ? deadline : AbortSignal.any([this.#signal, deadline]);
    const aborted = new Promise<never>((_resolve, reject) => {
      within.addEventListener('abort', () => reject(within.reason as Error), { once: true });
    });
    await Promise.race([work(within), this.#exited, aborted]);
  }

  /** Waits for its end, for so long at most. */
  async ended(ms: number): Promise<void> {
    await this.within(ms, () => new Promise(() => undefined)).catch(() => undefined);
  }
}
