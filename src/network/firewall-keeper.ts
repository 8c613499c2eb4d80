import { BerthError } from '../errors/index.ts';
import { readText } from '../host/index.ts';
import {
  type BaseChain,
  baseChains,
  FIREWALLD_COMMAND,
  type IptablesTool,
  iptablesRules,
  legacyChains,
  markedRules,
  nftRules,
  type Opening,
  planOpenings,
} from './foreign-firewall.ts';
import type { HomeNetwork } from './home-network.ts';
import { type HostAccess, hostAccessChange, hostRules } from './host-rules.ts';
import { runNetworkCommand } from './network-command.ts';

const LEGACY_TABLES = '/proc/net/ip_tables_names';
const RULE_MISSING = [1, 2];

/**
 * Keeps the home's own nftables table loaded, and openings for the guests in the host's other firewalls where these
 * drop what they do not know:
 * - Docker and ufw set the policy DROP on iptables' chains: rules are put in front by `iptables` itself, or by
 *   `iptables-legacy` when that is what the host's rules were loaded with;
 * - chains of the administrator's own nftables tables get rules in front, marked with a comment;
 * - firewalld rejects at the end of its own chains: the slots' addresses become trusted sources.
 * A reload of such a firewall forgets the openings; {@link ensure}, called from time to time, puts them back.
 */
export class FirewallKeeper {
  readonly #home: HomeNetwork;
  #loaded = false;
  /** The home's table as nft lists it after it was loaded; undefined: to be read. */
  #listing: string | undefined;
  /** What is open beyond the rules for all, by host-side interface. */
  readonly #access = new Map<string, HostAccess>();

  constructor(home: HomeNetwork) {
    this.#home = home;
  }

  /**
   * Loads what is missing, and the own table when somebody has changed it; tells what of it had been there before. The first call of a process always
   * loads it: another version may have made it.
   */
  async ensure(): Promise<string[]> {
    const before = this.#loaded ? await this.#list() : undefined;
    const isWhole = before !== undefined && (this.#listing === undefined || before === this.#listing);
    const repaired: string[] = [];
    if (!isWhole) {
      await runNetworkCommand('load the rules of the guests', ['nft', '-f', '-'], {
        input: hostRules(this.#home, [...this.#access.values()]),
      });
      const what = before === undefined ? 'had gone' : 'had been changed';
      if (this.#loaded) repaired.push(`the firewall rules of the guests ${what} and were loaded again`);
      this.#loaded = true;
    }
    if (!isWhole) this.#listing = await this.#list();
    else this.#listing ??= before;
    for (const opening of planOpenings(await listChains())) await this.#open(opening);
    return repaired;
  }

  /** The own table as nft writes it, without counters; undefined when it is not there. */
  async #list(): Promise<string | undefined> {
    const argv = ['nft', '--stateless', 'list', 'table', 'inet', this.#home.table];
    const { exitCode, stdout } = await runNetworkCommand('read the firewall', argv, { okExitCodes: [1] });
    return exitCode === 0 ? stdout : undefined;
  }

  /** Sets which ports of the host are open to an interface: these and no others. */
  async allow(access: HostAccess): Promise<void> {
    const { link, ports } = access;
    const before = this.#access.get(link) ?? { link, ports: [] };
    if (JSON.stringify(before.ports) === JSON.stringify(ports)) return;
    if (ports.length === 0) this.#access.delete(link);
    else this.#access.set(link, access);
    if (!this.#loaded) return;
    this.#listing = undefined;
    const input = hostAccessChange(this.#home, before, access);
    try {
      await runNetworkCommand('open ports of the host to a guest', ['nft', '-f', '-'], { input });
    } catch {
      // Somebody has changed the table: then all of it is loaded anew.
      this.#loaded = false;
      await this.ensure();
    }
  }

  /** Removes the own table and every opening of this home. */
  async remove(): Promise<void> {
    const table = `table inet ${this.#home.table}`;
    await runNetworkCommand('remove the rules of the guests', ['nft', '-f', '-'], {
      input: `${table}\ndelete ${table}\n`,
    });
    this.#loaded = false;
    for (const opening of planOpenings(await listChains())) await this.#close(opening);
  }

  /** True when another software, or another home, has rules on forwarded packets. */
  async othersForward(): Promise<boolean> {
    const chains = await listChains();
    return chains.some((chain) => chain.hook === 'forward' && chain.table !== this.#home.table);
  }

  async #open(opening: Opening): Promise<void> {
    switch (opening.kind) {
      case 'iptables':
        for (const rule of iptablesRules(this.#home, opening.chain)) {
          if (await iptables(opening.tool, ['-C', opening.chain, ...rule])) continue;
          await iptables(opening.tool, ['-I', opening.chain, ...rule], []);
        }
        return;
      case 'nft':
        if ((await this.#marked(opening.chain)).length > 0) return;
        await this.#insert(opening.chain);
        return;
      case 'firewalld':
        await runNetworkCommand('let guests through firewalld', FIREWALLD_COMMAND);
        return;
    }
  }

  async #close(opening: Opening): Promise<void> {
    switch (opening.kind) {
      case 'iptables':
        for (const rule of iptablesRules(this.#home, opening.chain)) {
          await iptables(opening.tool, ['-D', opening.chain, ...rule]);
        }
        return;
      case 'nft': {
        const rules = await this.#marked(opening.chain);
        if (rules.length === 0) return;
        const input = rules
          .map(
            ({ family, table, chain, handle }) =>
              `delete rule ${family} ${table} ${chain} handle ${handle}\n`,
          )
          .join('');
        await runNetworkCommand('close a firewall again', ['nft', '-f', '-'], { input });
        return;
      }
      case 'firewalld':
        // Other homes may need it; it ends with firewalld's next reload.
        return;
    }
  }

  async #insert(chain: BaseChain): Promise<void> {
    const input = nftRules(this.#home, chain.hook)
      .map((rule) => `insert rule ${chain.family} ${chain.table} ${chain.name} ${rule}\n`)
      .join('');
    await runNetworkCommand('let guests through a firewall', ['nft', '-f', '-'], { input });
  }

  async #marked({ family, table, name }: BaseChain): Promise<ReturnType<typeof markedRules>> {
    const argv = ['nft', '-j', '-a', 'list', 'chain', family, table, name];
    const { stdout } = await runNetworkCommand('read the firewall', argv);
    return markedRules(stdout, this.#home);
  }
}

async function listChains(): Promise<BaseChain[]> {
  const { stdout } = await runNetworkCommand('read the firewall', ['nft', '-j', 'list', 'chains']);
  return [...baseChains(stdout), ...(await listLegacyChains())];
}

/** Asking `iptables-legacy` loads its kernel modules, so it is asked only where they are in use. */
async function listLegacyChains(): Promise<BaseChain[]> {
  const tables = (await readText(LEGACY_TABLES).catch(() => undefined)) ?? '';
  if (!tables.split('\n').includes('filter')) return [];
  try {
    const { stdout } = await runNetworkCommand('read the firewall', ['iptables-legacy', '-w', '5', '-S']);
    return legacyChains(stdout);
  } catch (error) {
    if (error instanceof BerthError && error.code === 'tool-missing') return [];
    throw error;
  }
}

/** True when it succeeded. `okExitCodes` empty: failing is an error. */
async function iptables(
  tool: IptablesTool,
  args: readonly string[],
  okExitCodes = RULE_MISSING,
): Promise<boolean> {
  const { exitCode } = await runNetworkCommand(
    'let guests through the firewall',
    [tool, '-w', '5', ...args],
    {
      okExitCodes,
    },
  );
  return exitCode === 0;
}
