import { join } from 'node:path';
import { BerthError } from '../errors/index.ts';
import { ensureDirectory, exists, readText, removeTree, writeAtomic } from '../host/index.ts';
import type { HostPort } from '../model/index.ts';
import { DnsServer } from './dns-server.ts';
import { FirewallKeeper } from './firewall-keeper.ts';
import type { HomeNetwork } from './home-network.ts';
import { runNetworkCommand } from './network-command.ts';
import { hostLink, type NetworkSlot } from './slot-plan.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

/**
 * The part of a home's network that is there once: forwarding, firewall rules, the DNS server and its address.
 *
 * Forwarding is a switch of the whole host (`net.ipv4.ip_forward`). Switching it on for the slots' interfaces alone
 * would not do: the kernel asks the interface on which a packet arrives, and the answers arrive on whatever uplink or VPN
 * the host uses at that moment. What the host then forwards besides is not Berth's to forbid; a home that switched it on
 * switches it off again when it is purged and nobody else has rules for forwarded packets.
 */
export class HostNetwork {
  readonly dns: DnsServer;
  readonly #home: HomeNetwork;
  readonly #runDirectory: string;
  readonly #firewall: FirewallKeeper;
  /** Present when it was this home that switched forwarding on. */
  readonly #forwardingMark: string;

  constructor(home: HomeNetwork, runDirectory: string) {
    this.#home = home;
    this.#runDirectory = runDirectory;
    this.#firewall = new FirewallKeeper(home);
    this.#forwardingMark = join(runDirectory, 'ip-forward-switched-on');
    this.dns = new DnsServer(home, runDirectory);
  }

  /** Sets up what is missing; all is well when it returns. May be called at any time. Tells what of it had been there before. */
  async ensure(): Promise<string[]> {
    await ensureDirectory(this.#runDirectory);
    const [forwards, , rules] = await Promise.all([
      this.#ensureForwarding(),
      this.#ensureDnsAddress(),
      this.#firewall.ensure(),
    ]);
    const repaired = [
      ...(forwards ? ['forwarding (net.ipv4.ip_forward) was switched on again'] : []),
      ...rules,
    ];
    return [...repaired, ...(await this.ensureNames())];
  }

  /** Starts the name server where it does not run. */
  async ensureNames(): Promise<string[]> {
    return (await this.dns.ensure()) ? ['the name server of the guests was started again'] : [];
  }

  /** Sets which ports of the host are open to a slot's machine, on the host's loopback addresses. */
  async allow(slot: NetworkSlot, ports: readonly HostPort[]): Promise<void> {
    const link = hostLink(slot.index);
    if (ports.length > 0) {
      // Without it the kernel drops what leads from an interface to a loopback address, before any rule is asked.
      const setting = `net.ipv4.conf.${link}.route_localnet=1`;
      await runNetworkCommand('open ports of the host to a guest', ['sysctl', '-q', '-w', setting]);
    }
    await this.#firewall.allow({ link, ports });
  }

  /**
   * Takes everything away again, as much of it as there is; a failure does not keep the rest from going. A tool that is
   * not installed has set up nothing.
   */
  async remove(): Promise<void> {
    const address = ['ip', 'addr', 'del', `${this.#home.dnsAddress}/32`, 'dev', 'lo'];
    const failures: unknown[] = [];
    for (const step of [
      () => this.dns.stop(),
      () => this.#firewall.remove(),
      () => runNetworkCommand('remove the address of the DNS server', address, { okExitCodes: [2] }),
      () => this.#restoreForwarding(),
    ]) {
      await step().catch((error: unknown) => failures.push(error));
    }
    const serious = failures.filter(
      (error) => !(error instanceof BerthError && error.code === 'tool-missing'),
    );
    if (serious.length > 0) throw serious[0];
  }

  /** True when it was off. */
  async #ensureForwarding(): Promise<boolean> {
    if ((await readText(FORWARDING))?.trim() === '1') return false;
    await writeAtomic(this.#forwardingMark, '');
    await setForwarding(1);
    return true;
  }

  async #restoreForwarding(): Promise<void> {
    if (!(await exists(this.#forwardingMark))) return;
    if (!(await this.#firewall.othersForward())) await setForwarding(0);
    await removeTree(this.#forwardingMark);
  }

  async #ensureDnsAddress(): Promise<void> {
    const { dnsAddress, dnsLabel } = this.#home;
    // Scope `host`: the host never takes it as the source of its own packets.
    const argv = [
      'ip',
      'addr',
      'replace',
      `${dnsAddress}/32`,
      'dev',
      'lo',
      'scope',
      'host',
      'label',
      dnsLabel,
    ];
    await runNetworkCommand('give the DNS server its address', argv);
  }
}

async function setForwarding(value: 0 | 1): Promise<void> {
  await runNetworkCommand('switch forwarding', ['sysctl', '-q', '-w', `net.ipv4.ip_forward=${value}`]);
}
