import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { CrashPoint } from '../../../src/base/index.ts';
import { type Environment, isEnded, type Operation, type Template } from '../../../src/model/index.ts';
import { CRASH_POINTS_HIT } from '../../../tools/testing/crash-coverage.ts';
import { ROOT } from '../../e2e/rig/home.ts';
import { isRunning } from '../../e2e/rig/processes.ts';
import { call, type CallOptions, valueOf } from './api.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;
/** An image takes minutes to build on a busy host. */
const CRASH_TIMEOUT_MS = 300_000;
/** For what is done after an operation has ended. */
const LATE_CRASH_MS = 10_000;
/** An emulated guest that boots beside three others takes two minutes. */
const OPERATION_TIMEOUT_MS = 240_000;
const LOOK_MS = 10;

/** A home and its daemon, for tests that end it in every way: spoken with over its socket, since a command would start another daemon. */
export class Subject {
  readonly home: string;
  /** What every daemon of it is started with. */
  readonly #env: NodeJS.ProcessEnv;
  /** The daemon that was started last, which listens to {@link #crashFile}. */
  #pid: number | undefined;

  constructor(home: string, env: NodeJS.ProcessEnv = {}) {
    this.home = home;
    this.#env = env;
  }

  /** Sends a request. @throws Refusal */
  async ask<Value>(method: string, path: string, body?: unknown, o: CallOptions = {}): Promise<Value> {
    return valueOf<Value>(await call(this.home, method, path, body, o));
  }

  environments(): Promise<Environment[]> {
    return this.ask('GET', '/environments');
  }

  environment(name: string): Promise<Environment> {
    return this.ask('GET', `/environments/${name}`);
  }

  templates(): Promise<Template[]> {
    return this.ask('GET', '/templates');
  }

  operations(): Promise<Operation[]> {
    return this.ask('GET', '/operations');
  }

  /** Waits for the end of an operation, whatever it is. */
  async ended(id: string, timeoutMs = OPERATION_TIMEOUT_MS): Promise<Operation> {
    return until(`the end of operation ${id}`, timeoutMs, async () => {
      const operation = await this.ask<Operation>('GET', `/operations/${id}`);
      return isEnded(operation) ? operation : undefined;
    });
  }

  /** Starts an operation and waits for its end, whatever it is. @throws Refusal when it does not begin */
  async attempt(method: string, path: string, body?: unknown, o: CallOptions = {}): Promise<Operation> {
    const { id } = await this.ask<Operation>(method, path, body, o);
    return this.ended(id);
  }

  /** An operation that must succeed. */
  async run(method: string, path: string, body?: unknown, o: CallOptions = {}): Promise<Operation> {
    const operation = await this.attempt(method, path, body, o);
    if (operation.state === 'succeeded') return operation;
    throw new Error(`${method} ${path}: ${operation.state}: ${JSON.stringify(operation.error)}`);
  }

  /** The process of the daemon; undefined when none runs. */
  daemonPid(): Promise<number | undefined> {
    return this.ask<{ pid: number }>('GET', '/daemon').then(
      ({ pid }) => pid,
      () => undefined,
    );
  }

  /**
   * Starts a daemon, unless one answers already; gives its process. One that ends before it answers is a failure, unless it was to die by a crash point:
   * then its process is given all the same.
   */
  async startDaemon(env: NodeJS.ProcessEnv = {}): Promise<number> {
    const known = await this.daemonPid();
    if (known !== undefined) return known;
    // One that a run left behind which was killed.
    rmSync(this.#crashFile, { force: true });
    const log = openSync(this.log, 'a', 0o600);
    const crash = { BERTH_CRASH_AT: '', BERTH_CRASH_FILE: this.#crashFile };
    const variables = { ...process.env, ...crash, BERTH_HOME: this.home, ...this.#env, ...env };
    const stdio = ['ignore', log, log] as const;
    const child = spawn(join(ROOT, 'berth'), ['serve'], {
      detached: true,
      stdio: [...stdio],
      cwd: '/',
      env: variables,
    });
    closeSync(log);
    child.unref();
    const { pid = -1 } = child;
    this.#pid = pid;
    const before = this.logSize();
    await until('a daemon that answers', START_TIMEOUT_MS, async () => {
      if ((await this.daemonPid()) === pid) return true;
      if (child.exitCode === null && child.signalCode === null) return undefined;
      if (this.logFrom(before).includes('crash point ')) return true;
      throw new Error(`the daemon ended at once: ${this.logFrom(before).slice(-2_000)}`);
    });
    return pid;
  }

  /** Ends the daemon and waits until it is gone; nothing happens when there is none. */
  async endDaemon(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = await this.daemonPid();
    if (pid === undefined) return;
    process.kill(pid, signal);
    await until('the end of the daemon', STOP_TIMEOUT_MS, () => (isRunning(pid) ? undefined : true));
  }

  /** Ends the daemon as a power cut would, and starts another. */
  async killDaemon(env: NodeJS.ProcessEnv = {}): Promise<number> {
    await this.endDaemon('SIGKILL');
    return this.startDaemon(env);
  }

  /**
   * Has the daemon die at a point of what `act` has it do. When this resolves no daemon runs, and the test run has counted the point as hit.
   * @throws when it did not die there
   */
  async crashAt(point: CrashPoint | `${CrashPoint}@${number}`, act: () => Promise<unknown>): Promise<void> {
    const [name = ''] = point.split('@');
    const before = this.logSize();
    const pid = await this.#arm(point);
    let said: { readonly text: string; readonly atMs: number } | undefined;
    const note = (text: string) => {
      said = { text, atMs: performance.now() };
    };
    // It ends with the connection at the latest.
    act().then(
      () => note('it succeeded'),
      (error: unknown) => note(String(error)),
    );
    await until(`the daemon's death at ${point}`, CRASH_TIMEOUT_MS, () => {
      if (!isRunning(pid)) return true;
      if (said !== undefined && performance.now() - said.atMs > LATE_CRASH_MS)
        throw new Error(`the daemon did not die at ${point}; what it was asked for: ${said.text}`);
      return undefined;
    }).finally(() => rmSync(this.#crashFile, { force: true }));
    if (!this.logFrom(before).includes(`crash point ${name}\n`))
      throw new Error(`the daemon died, but not at ${point}: ${this.logFrom(before).slice(-2_000)}`);
    noteHit(name);
  }

  /** Tells the daemon where to die: the one that runs, where it was started here, else another. */
  async #arm(point: string): Promise<number> {
    const pid = await this.daemonPid();
    if (pid === undefined || pid !== this.#pid) {
      await this.endDaemon();
      return this.startDaemon({ BERTH_CRASH_AT: point });
    }
    writeFileSync(this.#crashFile, point);
    return pid;
  }

  /** Beside the home, in which nothing lies that is not Berth's. */
  get #crashFile(): string {
    return `${this.home}.crash-at`;
  }

  get log(): string {
    return join(this.home, 'daemon.log');
  }

  /** Where the log ends now. */
  logSize(): number {
    return existsSync(this.log) ? statSync(this.log).size : 0;
  }

  /** What the daemon has written since. */
  logFrom(position: number): string {
    return existsSync(this.log) ? readFileSync(this.log).subarray(position).toString('utf8') : '';
  }
}

/** Counted by `npm run test:faults`. */
function noteHit(name: string): void {
  const file = process.env[CRASH_POINTS_HIT];
  if (file !== undefined) appendFileSync(file, `${name}\n`);
}

/** Looks again and again until there is something. @throws after so many ms */
export async function until<Value>(
  what: string,
  timeoutMs: number,
  look: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
