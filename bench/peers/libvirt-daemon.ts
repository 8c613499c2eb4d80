import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { poll } from '../../src/base/index.ts';
import { ensureDirectory, findProgram, run } from '../../src/host/index.ts';
import { installMissing } from './unpacked.ts';

/** Without `libvirt-daemon-system`, which would start a daemon for everybody. */
const PROGRAMS = { libvirtd: 'libvirt-daemon', virsh: 'libvirt-clients' } as const;
const DRIVER = 'libvirt-daemon-driver-qemu';
/** `nobody`: an unprivileged libvirtd keeps everything below its own directories. */
const USER = 65_534;
const START_TIMEOUT_MS = 60_000;
const COMMAND_TIMEOUT_MS = 120_000;
/** It ends by itself when nobody has been connected for so long and no guest runs. */
const UNUSED_SECONDS = 120;

/** True when libvirt can take part without anything being installed. */
export async function hasLibvirt(): Promise<boolean> {
  const found = await Promise.all(Object.keys(PROGRAMS).map((program) => findProgram(program)));
  return found.every((path) => path !== undefined);
}

/** Installs what is missing of libvirt; nothing of it starts by itself. */
export async function installLibvirt(signal: AbortSignal): Promise<void> {
  const { exitCode } = await run(['dpkg', '-s', DRIVER], { signal, okExitCodes: [1] });
  // The driver is a library: no program tells whether it is there.
  await installMissing({ ...PROGRAMS, ...(exitCode === 0 ? {} : { [DRIVER]: DRIVER }) }, signal);
}

/** A libvirtd of the bench's own, unprivileged, with sockets, configuration and logs in a directory that goes with it. */
export class LibvirtDaemon implements AsyncDisposable {
  readonly version: string;
  readonly #directory: string;
  readonly #child: ChildProcess;

  private constructor(directory: string, child: ChildProcess, version: string) {
    this.#directory = directory;
    this.#child = child;
    this.version = version;
  }

  /** Starts it and has it look at QEMU, which it does once. */
  static async start(
    directory: string,
    o: { readonly type: 'qemu' | 'kvm'; readonly signal: AbortSignal },
  ): Promise<LibvirtDaemon> {
    for (const name of ['run', 'config', 'cache', 'data']) await ensureDirectory(join(directory, name));
    await run(['chown', '-R', `${USER}:${USER}`, directory], { signal: o.signal });
    const [program = '', ...args] = asUser(['libvirtd', '--timeout', String(UNUSED_SECONDS)]);
    const env = { ...process.env, ...environmentOf(directory) };
    const child = spawn(program, args, { stdio: 'ignore', env });
    try {
      const version = await poll(() => askVersion(directory, o.signal), {
        ...{ timeoutMs: START_TIMEOUT_MS, intervalMs: 100, signal: o.signal, what: 'libvirtd' },
      });
      const daemon = new LibvirtDaemon(directory, child, version);
      await daemon.virsh(['domcapabilities', '--virttype', o.type], o.signal);
      return daemon;
    } catch (error) {
      child.kill('SIGTERM');
      throw error;
    }
  }

  async virsh(argv: readonly string[], signal?: AbortSignal): Promise<void> {
    await asUserIn(this.#directory, ['virsh', '--connect', 'qemu:///session', ...argv], signal);
  }

  /** Runs a program as the user of the daemon, in its directory. */
  async run(argv: readonly string[], signal: AbortSignal): Promise<void> {
    await asUserIn(this.#directory, argv, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function askVersion(directory: string, signal: AbortSignal): Promise<string | undefined> {
  const argv = ['virsh', '--connect', 'qemu:///session', 'version', '--daemon'];
  try {
    const text = await asUserIn(directory, argv, signal);
    return /daemon: ([\d.]+)/.exec(text)?.[1];
  } catch {
    // Not yet; the deadline is the caller's.
    return undefined;
  }
}

async function asUserIn(directory: string, argv: readonly string[], signal?: AbortSignal): Promise<string> {
  const { stdout } = await run(asUser(argv), {
    ...{ cwd: directory, env: environmentOf(directory), timeoutMs: COMMAND_TIMEOUT_MS },
    ...(signal === undefined ? {} : { signal }),
  });
  return stdout;
}

function asUser(argv: readonly string[]): string[] {
  return ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--no-new-privs', '--', ...argv];
}

function environmentOf(directory: string): Record<string, string> {
  return {
    HOME: directory,
    XDG_RUNTIME_DIR: join(directory, 'run'),
    XDG_CONFIG_HOME: join(directory, 'config'),
    XDG_CACHE_HOME: join(directory, 'cache'),
    XDG_DATA_HOME: join(directory, 'data'),
    LC_ALL: 'C',
  };
}
