import { sleep } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { AgentLine } from './agent-line.ts';
import type { CommandOutcome } from './command-outcome.ts';
import { field, listAt, numberAt, textAt } from './json-reading.ts';
import type { WaitOptions } from './wait-options.ts';

/** What of a file system is in use, in bytes. */
export interface FileSystemUse {
  readonly usedBytes: number;
  /** What programs may still write; without what is kept back for the system. */
  readonly availableBytes: number;
}

/**
 * QEMU's own guest agent: for guests without Berth's daemon, and for what only it can do (freeze file systems).
 * One command at a time; others wait. Fails with `guest-unreachable` at the deadline, `guest-command-failed` when the agent
 * reports an error, or the signal's reason.
 *
 * Protocol: QEMU `docs/interop/qemu-ga-ref`.
 */
export interface GuestAgent {
  /** Connects now instead of with the first command; the guest need not run yet. */
  connect(o: WaitOptions): Promise<void>;
  ping(o: WaitOptions): Promise<void>;
  /** Asks the guest to power off; returns when the agent has taken the request. */
  shutdown(o: WaitOptions & { readonly mode?: 'powerdown' | 'reboot' | 'halt' }): Promise<void>;
  /** Freezes the guest's file systems; returns how many. Until {@link fsthaw} the agent takes few other commands. */
  fsfreeze(o: WaitOptions): Promise<number>;
  /** Thaws them; returns how many. May be called when nothing is frozen. */
  fsthaw(o: WaitOptions): Promise<number>;
  /** Sets the guest's clock to the host's. */
  setTime(o: WaitOptions): Promise<void>;
  /** How full the guest's root file system is. */
  rootUse(o: WaitOptions): Promise<FileSystemUse>;
  /** Memory that the guest's programs do not use: free, or cache that can be read again. In bytes. */
  unusedMemory(o: WaitOptions): Promise<number>;
  /** Runs a program without a shell and waits for its end. Any exit code is an outcome, not an error. */
  exec(argv: readonly string[], o: WaitOptions & { readonly input?: string }): Promise<CommandOutcome>;
  /** Closes the connection; the next command opens it again. */
  close(): void;
}

const EXEC_POLL_MS = 20;

/** Opens the agent's line on the unix socket of its virtio-serial port. Connects with the first command. */
export function connectGuestAgent(socketPath: string): GuestAgent {
  const line = new AgentLine(socketPath);
  const count = async (command: string, o: WaitOptions) => {
    const answer = await line.command(command, undefined, o);
    return typeof answer === 'number' ? answer : 0;
  };
  return {
    connect: (o) => line.connect(o),
    ping: async (o) => void (await line.command('guest-ping', undefined, o)),
    shutdown: (o) => line.tell('guest-shutdown', { mode: o.mode ?? 'powerdown' }, o),
    fsfreeze: (o) => count('guest-fsfreeze-freeze', o),
    fsthaw: (o) => count('guest-fsfreeze-thaw', o),
    setTime: async (o) => void (await line.command('guest-set-time', { time: Date.now() * 1_000_000 }, o)),
    rootUse: async (o) => rootUseFrom(await line.command('guest-get-fsinfo', undefined, o)),
    unusedMemory: (o) => unusedMemory(line, o),
    exec: (argv, o) => execute(line, argv, o),
    close: () => line.close(),
  };
}

function rootUseFrom(answer: unknown): FileSystemUse {
  const root = listAt({ answer }, 'answer').find((one) => textAt(one, 'mountpoint') === '/');
  const usedBytes = numberAt(root, 'used-bytes');
  const totalBytes = numberAt(root, 'total-bytes');
  if (usedBytes === undefined || totalBytes === undefined)
    throw berthError('guest-command-failed', 'the guest agent does not know how full the disk is');
  return { usedBytes, availableBytes: Math.max(0, totalBytes - usedBytes) };
}

/** Three commands instead of a program's start, which costs an emulated guest a hundred times as much. */
async function unusedMemory(line: AgentLine, o: WaitOptions): Promise<number> {
  const handle = await line.command('guest-file-open', { path: '/proc/meminfo', mode: 'r' }, o);
  try {
    const read = await line.command('guest-file-read', { handle, count: 4096 }, o);
    const text = Buffer.from(textAt(read, 'buf-b64') ?? '', 'base64').toString('latin1');
    const kibibytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
    // Shared memory is counted as cached, but is not in any file.
    const cached = Math.max(0, kibibytes('Cached') - kibibytes('Shmem'));
    return (kibibytes('MemFree') + kibibytes('Buffers') + cached + kibibytes('SReclaimable')) * 1024;
  } finally {
    await line.command('guest-file-close', { handle }, o);
  }
}

async function execute(
  line: AgentLine,
  argv: readonly string[],
  o: WaitOptions & { readonly input?: string },
): Promise<CommandOutcome> {
  const until = performance.now() + o.timeoutMs;
  const remaining = () => ({ ...o, timeoutMs: Math.max(0, until - performance.now()) });
  const [path, ...args] = argv;
  const input = o.input === undefined ? {} : { 'input-data': Buffer.from(o.input).toString('base64') };
  const started = await line.command(
    'guest-exec',
    { path, arg: args, 'capture-output': true, ...input },
    remaining(),
  );
  const pid = field(started, 'pid');
  for (;;) {
    const status = await line.command('guest-exec-status', { pid }, remaining());
    if (field(status, 'exited') === true) return outcomeOf(status);
    await sleep(EXEC_POLL_MS, o.signal);
  }
}

function outcomeOf(status: unknown): CommandOutcome {
  const code = field(status, 'exitcode');
  const signal = field(status, 'signal');
  const text = (key: string) => {
    const value = field(status, key);
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
  };
  return {
    // As shells report a signal.
    code: typeof code === 'number' ? code : 128 + (typeof signal === 'number' ? signal : 0),
    stdout: text('out-data'),
    stderr: text('err-data'),
    truncated: field(status, 'out-truncated') === true || field(status, 'err-truncated') === true,
  };
}
