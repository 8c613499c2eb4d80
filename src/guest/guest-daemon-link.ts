import type { Identity } from './identity.ts';
import { type AnsweredLine, LineExchange } from './line-exchange.ts';
import type { WaitOptions } from './wait-options.ts';

/**
 * The control line to Berth's daemon in a guest (`guest/README.md` describes its protocol). Nothing that comes from the guest is
 * trusted: answers are matched to requests by id, and everything else is dropped.
 *
 * Requests may be made before the guest has started or while it is paused: they are repeated until answered.
 * All fail with `guest-unreachable` at their deadline, `guest-command-failed` when the guest refuses, or the signal's reason.
 */
export interface GuestDaemonLink {
  /** Connects now instead of with the first request. */
  connect(o: WaitOptions): Promise<void>;
  /** Waits until the guest has booted and its container engine answers. */
  waitReady(o: WaitOptions): Promise<void>;
  /** One round trip. */
  ping(o: WaitOptions): Promise<void>;
  /** Gives the guest a host name, machine id, SSH host keys, fresh randomness and the host's time. May be repeated. */
  renewIdentity(identity: Identity, o: WaitOptions): Promise<void>;
  /** Gives a guest that has an identity of its own a host name, fresh randomness and the host's time. May be repeated. */
  rename(identity: Pick<Identity, 'hostname' | 'entropyHex'>, o: WaitOptions): Promise<void>;
  /** Sets the guest's clock to the host's. `offsetMs`: how far it was ahead before; negative when it was behind. */
  setTime(o: WaitOptions): Promise<{ readonly offsetMs: number }>;
  /**
   * Mark of the guest's containers: it stays the same as long as none has come, gone or changed its name. A fork's containers are its
   * source's, and so is their mark. Fails with `guest-command-failed` in a guest of an older Berth.
   */
  containersMark(o: WaitOptions): Promise<string>;
  /**
   * From the first request on, `listener` is told each new mark of the containers, at most twenty times a second; a guest may also
   * lie. One listener at a time.
   */
  onContainers(listener: (mark: string) => void): void;
  /** Closes the connection; requests under way fail. May be called twice. */
  close(): void;
}

/** How often an unanswered `ready` is repeated. */
const READY_INTERVAL_MS = 250;
/** Other requests find the daemon at work: they are repeated only in case one was lost, or the guest had just started. */
const REPEAT_INTERVAL_MS = 2_000;

const CONTAINERS_NOTICE = 'containers ';

/** Opens the control line on the unix socket of QEMU's virtio-serial port. Connects with the first request, and again when needed. */
export function connectGuestDaemon(socketPath: string): GuestDaemonLink {
  let onContainers: (mark: string) => void = () => undefined;
  const line = new LineExchange(socketPath, (words) => {
    const mark = words.startsWith(CONTAINERS_NOTICE) ? markFrom(words.slice(CONTAINERS_NOTICE.length)) : '';
    if (mark !== '') onContainers(mark);
  });
  return {
    connect: (o) => line.connect(o),
    waitReady: async (o) => {
      await line.request(() => 'ready', READY_INTERVAL_MS, o);
    },
    ping: async (o) => {
      await line.request(() => 'ping', REPEAT_INTERVAL_MS, o);
    },
    renewIdentity: async (identity, o) => {
      const words = identityWords(identity);
      await line.request(() => `identity ${words} time=${timeWord(Date.now())}`, REPEAT_INTERVAL_MS, o);
    },
    rename: async ({ hostname, entropyHex }, o) => {
      const words = `hostname=${hex(hostname)} seed=${entropyHex}`;
      await line.request(() => `identity ${words} time=${timeWord(Date.now())}`, REPEAT_INTERVAL_MS, o);
    },
    setTime: async (o) =>
      offsetOf(await line.request(() => `time ${timeWord(Date.now())}`, REPEAT_INTERVAL_MS, o)),
    containersMark: async (o) =>
      markFrom((await line.request(() => 'containers', REPEAT_INTERVAL_MS, o)).result),
    onContainers: (listener) => {
      onContainers = listener;
    },
    close: () => line.close(),
  };
}

function identityWords(identity: Identity): string {
  const keys = identity.hostKeys.flatMap((pair) => {
    const type = pair.public.split(' ')[0]?.replace(/^ssh-/, '') ?? '';
    return [`key.${type}=${hex(pair.private)}`, `key.${type}.pub=${hex(`${pair.public}\n`)}`];
  });
  const machineId = `machine-id=${hex(identity.machineId)}`;
  return [`hostname=${hex(identity.hostname)}`, machineId, `seed=${identity.entropyHex}`, ...keys].join(' ');
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** What does not look like a mark is none: `''`. */
function markFrom(text: string): string {
  return /^[0-9a-f]{16}\.\d{1,15}$/.test(text) ? text : '';
}

/** Milliseconds since 1970 as seconds with nine decimals. */
function timeWord(ms: number): string {
  return `${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, '0')}000000`;
}

/** The answer is what the clock showed; without a readable one the offset is taken as none. */
function offsetOf(answer: AnsweredLine): { offsetMs: number } {
  const match = /^(\d{1,11})\.(\d{9})$/.exec(answer.result);
  if (match === null) return { offsetMs: 0 };
  const shownMs = Number(match[1]) * 1_000 + Number(match[2]) / 1_000_000;
  return { offsetMs: Math.round(shownMs - answer.sentAtMs) };
}
