import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import {
  commandLine,
  ensureDirectory,
  identify,
  isAlive,
  listProcesses,
  type ProcessIdentity,
  readText,
  removeTree,
  terminate,
  writeAtomic,
} from '../host/index.ts';
import type { HomeNetwork } from './home-network.ts';
import { runNetworkCommand } from './network-command.ts';

const HOSTS_FILE = '/etc/hosts';
const RESOLV_FILE = '/etc/resolv.conf';
const STOP_TIMEOUT_MS = 2_000;

/** Arguments of the DNS server: only what is given here counts, no file of the host's own dnsmasq. */
export function dnsArguments(home: HomeNetwork, pidFile: string): string[] {
  return [
    'dnsmasq',
    '--conf-file=/dev/null',
    pidFileArgument(pidFile),
    `--listen-address=${home.dnsAddress}`,
    '--bind-interfaces',
    `--resolv-file=${RESOLV_FILE}`,
    // Another network's name servers may know other names.
    '--clear-on-reload',
    '--cache-size=1000',
    '--dns-forward-max=1000',
  ];
}

function pidFileArgument(pidFile: string): string {
  return `--pid-file=${pidFile}`;
}

/**
 * The DNS server of a home: one dnsmasq for all of its guests, which answers as the host would. It gives up root once it
 * listens, follows `/etc/resolv.conf` by itself, and outlives the daemon, which finds it again by its pid file and its
 * arguments.
 */
export class DnsServer {
  readonly #argv: readonly string[];
  readonly #directory: string;
  readonly #pidFile: string;
  /** Hash of the `/etc/hosts` and `/etc/resolv.conf` that the running server has read. */
  readonly #hostsMark: string;

  constructor(home: HomeNetwork, runDirectory: string) {
    this.#directory = runDirectory;
    this.#pidFile = join(runDirectory, 'dns.pid');
    this.#hostsMark = join(runDirectory, 'dns.hosts');
    this.#argv = dnsArguments(home, this.#pidFile);
  }

  /**
   * Sees that the server runs and knows the present `/etc/hosts` and `/etc/resolv.conf`. Returns true when it had to be started.
   * It watches the latter by itself, but not through a link that a VPN lays somewhere else.
   * dnsmasq goes into the background once it listens, so its start is done when the call returns.
   */
  async ensure(): Promise<boolean> {
    const read = await Promise.all([HOSTS_FILE, RESOLV_FILE].map((path) => readText(path)));
    const hosts = createHash('sha256').update(JSON.stringify(read)).digest('hex');
    const running = await this.process();
    if (running !== undefined && this.#isCurrent(running) && (await readText(this.#hostsMark)) === hosts)
      return false;
    await this.stop();
    await ensureDirectory(this.#directory);
    await runNetworkCommand('start the DNS server of the guests', this.#argv);
    await writeAtomic(this.#hostsMark, hosts);
    return true;
  }

  /**
   * The running server; undefined when there is none. A process that merely got its pid is not it, and a server whose
   * pid file was lost is found by its arguments.
   */
  async process(): Promise<ProcessIdentity | undefined> {
    const named = identify(Number(await readText(this.#pidFile)));
    if (named !== undefined && isAlive(named) && this.#isServer(named)) return named;
    // The oldest: it forks a child for each TCP query.
    return listProcesses()
      .filter((process) => this.#isServer(process))
      .sort((a, b) => a.startTicks - b.startTicks)[0];
  }

  #isServer({ pid }: ProcessIdentity): boolean {
    const argv = commandLine(pid);
    return argv?.[0] === 'dnsmasq' && argv.includes(pidFileArgument(this.#pidFile));
  }

  /** False when another version of Berth started it, with other arguments. */
  #isCurrent(running: ProcessIdentity): boolean {
    return commandLine(running.pid)?.join('\0') === this.#argv.join('\0');
  }

  /** Ends it and removes its files; fine when there is none. */
  async stop(): Promise<void> {
    const running = await this.process();
    if (running !== undefined) {
      const gone =
        (await terminate(running, { timeoutMs: STOP_TIMEOUT_MS })) ||
        (await terminate(running, { signal: 'SIGKILL', timeoutMs: STOP_TIMEOUT_MS }));
      if (!gone)
        throw berthError('timeout', `The DNS server of the guests (process ${running.pid}) does not end`);
    }
    await removeTree(this.#pidFile);
    await removeTree(this.#hostsMark);
  }
}
