import type { HomeNetwork } from './home-network.ts';
import { LOOPBACK } from './host-rules.ts';
import { CACHE_PORT, HOST_LINK_PREFIX, SLOT_NETWORK } from './slot-plan.ts';

/** A base chain as `nft -j list chains` shows it. */
export interface BaseChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** `input`, `forward`, `postrouting`, … */
  readonly hook: string;
  readonly policy: string;
}

/**
 * Something that must be done to a firewall of the host, so that it lets the guests' packets through. A verdict `accept`
 * in Berth's own table is not final: a chain of Docker, ufw or the administrator that drops by default still would.
 */
export type Opening =
  /** Rules put in front of a chain made by `iptables`, in iptables' own form: others would make `iptables -S` fail. */
  | { readonly kind: 'iptables'; readonly tool: IptablesTool; readonly chain: 'FORWARD' | 'INPUT' }
  /** Rules put in front of an nftables chain, found again by their comment. */
  | { readonly kind: 'nft'; readonly chain: BaseChain }
  /** The slots' addresses in firewalld's zone `trusted`, until firewalld restarts; shared by all homes. */
  | { readonly kind: 'firewalld' };

export type IptablesTool = 'iptables' | 'iptables-legacy';

/** Base chains in the output of `nft -j list chains`. */
export function baseChains(json: string): BaseChain[] {
  const listing: unknown = JSON.parse(json);
  const entries: unknown =
    typeof listing === 'object' && listing !== null && 'nftables' in listing ? listing.nftables : [];
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: { chain?: Partial<BaseChain> }) => {
    const { family, table, name, hook, policy } = entry.chain ?? {};
    if (!family || !table || !name || !hook) return [];
    return [{ family, table, name, hook, policy: policy ?? 'accept' }];
  });
}

/** Chains of the older iptables, which nftables does not show, out of `iptables-legacy -S`. */
export function legacyChains(listing: string): BaseChain[] {
  return [...listing.matchAll(/^-P (FORWARD|INPUT) (\w+)$/gm)].map(([, name = '', policy = '']) => ({
    family: 'legacy',
    table: 'filter',
    name,
    hook: name.toLowerCase(),
    policy: policy.toLowerCase(),
  }));
}

/** What has to be opened, given all base chains of the host. */
export function planOpenings(chains: readonly BaseChain[]): Opening[] {
  const openings: Opening[] = chains.filter(isClosed).map(openingOf);
  if (chains.some((chain) => chain.table === 'firewalld')) openings.push({ kind: 'firewalld' });
  return openings;
}

function isClosed(chain: BaseChain): boolean {
  const concerned = chain.hook === 'forward' || chain.hook === 'input';
  const seesIpv4 = ['ip', 'inet', 'legacy'].includes(chain.family);
  return concerned && seesIpv4 && chain.policy === 'drop' && !chain.table.startsWith('berth-');
}

function openingOf(chain: BaseChain): Opening {
  const madeByIptables = chain.table === 'filter' && (chain.name === 'FORWARD' || chain.name === 'INPUT');
  if (!madeByIptables || chain.family === 'inet') return { kind: 'nft', chain };
  const tool = chain.family === 'legacy' ? 'iptables-legacy' : 'iptables';
  return { kind: 'iptables', tool, chain: chain.name === 'INPUT' ? 'INPUT' : 'FORWARD' };
}

/**
 * Rules of an iptables chain, each what follows `-I CHAIN`, `-C CHAIN` or `-D CHAIN`. What a guest may reach of the host has been
 * decided in Berth's own table, which leads it to the loopback address.
 */
export function iptablesRules(home: HomeNetwork, chain: 'FORWARD' | 'INPUT'): string[][] {
  const links = `${HOST_LINK_PREFIX}+`;
  const mark = ['-m', 'comment', '--comment', home.table, '-j', 'ACCEPT'];
  const answers = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED'];
  if (chain === 'FORWARD')
    return [
      ['-i', links, ...mark],
      ['-o', links, ...answers, ...mark],
    ];
  const service = (protocol: string, port: number) => [
    ...['-i', links, '-d', `${home.dnsAddress}/32`],
    ...['-p', protocol, '--dport', String(port), ...mark],
  ];
  return [
    ['-i', links, ...answers, ...mark],
    service('udp', 53),
    service('tcp', 53),
    service('tcp', CACHE_PORT),
    ['-i', links, '-d', `${LOOPBACK}/32`, '-m', 'conntrack', '--ctstate', 'DNAT', ...mark],
  ];
}

/** Rules of an nftables chain, each what follows `insert rule FAMILY TABLE CHAIN`. */
export function nftRules(home: HomeNetwork, hook: string): string[] {
  const mark = `accept comment "${home.table}"`;
  const answers = 'ct state established,related';
  if (hook === 'forward')
    return [`iifgroup ${home.group} ${mark}`, `oifgroup ${home.group} ${answers} ${mark}`];
  const dns = `ip daddr ${home.dnsAddress} meta l4proto { tcp, udp } th dport 53`;
  const cache = `ip daddr ${home.dnsAddress} tcp dport ${CACHE_PORT}`;
  const opened = `ip daddr ${LOOPBACK} ct status dnat`;
  return [answers, dns, cache, opened].map((match) => `iifgroup ${home.group} ${match} ${mark}`);
}

/** Handles of the rules with this home's comment, in the output of `nft -j -a list chain …` or `list ruleset`. */
export function markedRules(json: string, home: HomeNetwork): MarkedRule[] {
  const listing: unknown = JSON.parse(json);
  const entries: unknown =
    typeof listing === 'object' && listing !== null && 'nftables' in listing ? listing.nftables : [];
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: { rule?: Partial<MarkedRule & { comment: string }> }) => {
    const { family, table, chain, handle, comment } = entry.rule ?? {};
    if (!family || !table || !chain || handle === undefined || comment !== home.table) return [];
    return [{ family, table, chain, handle }];
  });
}

/** Where one rule stands. */
export interface MarkedRule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly handle: number;
}

/** Puts the slots' addresses into firewalld's zone of trusted sources; repeating it is fine. */
export const FIREWALLD_COMMAND: readonly string[] = [
  'firewall-cmd',
  '--quiet',
  '--zone=trusted',
  `--add-source=${SLOT_NETWORK}`,
];
