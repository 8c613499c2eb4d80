import type { HostPort } from '../model/index.ts';
import type { HomeNetwork } from './home-network.ts';
import { CACHE_PORT, HOST_LINK_PREFIX, SLOT_NETWORK } from './slot-plan.ts';

/** Loopback, link-local with the cloud's metadata service (169.254.169.254), and one such service outside of it. */
const FORBIDDEN = ['127.0.0.0/8', '169.254.0.0/16', '100.100.100.200'];

/** Where a guest's packets go that may reach a port of the host. */
export const LOOPBACK = '127.0.0.1';
/** Matches a packet from an interface that may reach the port. */
const MAY_REACH = 'iifname . meta l4proto . th dport @host-access';

/** Which ports of the host the machine behind a host-side interface may reach. */
export interface HostAccess {
  readonly link: string;
  readonly ports: readonly HostPort[];
}

/**
 * Input of `nft -f -` on the host: the home's own table, replaced as a whole in one transaction.
 *
 * Rules match the device group of this home alone, so homes do not touch each other: a verdict `drop` or `reject` is
 * final over all tables, `accept` ends only this table. Guests reach Berth's DNS, its caches of container images and what the host can reach elsewhere;
 * not the host's own services, not another guest of any home, not metadata services. Nobody reaches a guest but the
 * host itself, whose packets are not forwarded. TCP is refused with a reset, since the kernel sends few ICMP errors a second.
 *
 * What a guest sends to its gateway comes here to the address of the DNS server. A port that the guest may reach leads on to the host's
 * loopback address, to a service that sees a client on the host itself.
 */
export function hostRules(home: HomeNetwork, access: readonly HostAccess[] = []): string {
  const ours = `iifgroup ${home.group}`;
  return `table inet ${home.table}
delete table inet ${home.table}
table inet ${home.table} {
  set host-access {
    type ifname . inet_proto . inet_service
${elementsLine(access)}  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ${ours} ip daddr ${home.dnsAddress} ${MAY_REACH} dnat ip to ${LOOPBACK}
  }
  chain input-source {
    type nat hook input priority 100; policy accept;
    ${ours} ip daddr ${LOOPBACK} ct status dnat snat ip to ${LOOPBACK}
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    ${ours} goto guest-to-host
  }
  chain guest-to-host {
    ct state established,related accept
    ip daddr ${home.dnsAddress} meta l4proto { tcp, udp } th dport 53 accept
    ip daddr ${home.dnsAddress} tcp dport ${CACHE_PORT} accept
    ip daddr ${LOOPBACK} ct status dnat ${MAY_REACH} accept
    goto refuse
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    ${ours} goto from-guest
    oifgroup ${home.group} goto to-guest
  }
  chain from-guest {
    oifname "${HOST_LINK_PREFIX}*" goto refuse
    ip daddr { ${FORBIDDEN.join(', ')} } goto refuse
    ip saddr != ${SLOT_NETWORK} drop
    meta nfproto ipv6 drop
    tcp flags syn tcp option maxseg size set rt mtu
    accept
  }
  chain to-guest {
    ct state established,related accept
    goto refuse
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${ours} masquerade
  }
}
`;
}

/** Input of `nft -f -` that changes what one interface may reach, in one transaction. */
export function hostAccessChange(home: HomeNetwork, before: HostAccess, after: HostAccess): string {
  const edit = (verb: string, access: HostAccess) =>
    access.ports.length === 0
      ? ''
      : `${verb} element inet ${home.table} host-access { ${elements([access]).join(', ')} }\n`;
  return edit('delete', before) + edit('add', after);
}

function elementsLine(access: readonly HostAccess[]): string {
  const all = elements(access);
  return all.length === 0 ? '' : `    elements = { ${all.join(', ')} }\n`;
}

function elements(access: readonly HostAccess[]): string[] {
  return access.flatMap(({ link, ports }) =>
    ports.map(({ protocol, port }) => `"${link}" . ${protocol} . ${port}`),
  );
}
