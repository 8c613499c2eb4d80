import type { HomeNetwork } from './home-network.ts';
import { HOST_LINK_PREFIX, SLOT_NETWORK } from './slot-plan.ts';

/** Loopback, link-local with the cloud's metadata service (169.254.169.254), and one such service outside of it. */
const FORBIDDEN = ['127.0.0.0/8', '169.254.0.0/16', '100.100.100.200'];

/**
 * Input of `nft -f -` on the host: the home's own table, replaced as a whole in one transaction.
 *
 * Rules match the device group of this home alone, so homes do not touch each other: a verdict `drop` or `reject` is
 * final over all tables, `accept` ends only this table. Guests reach Berth's DNS and what the host can reach elsewhere;
 * not the host's own services, not another guest of any home, not metadata services. Nobody reaches a guest but the
 * host itself, whose packets are not forwarded. TCP is refused with a reset, since the kernel sends few ICMP errors a second.
 */
export function hostRules(home: HomeNetwork): string {
  const ours = `iifgroup ${home.group}`;
  return `table inet ${home.table}
delete table inet ${home.table}
table inet ${home.table} {
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    ${ours} goto guest-to-host
  }
  chain guest-to-host {
    ct state established,related accept
    ip daddr ${home.dnsAddress} meta l4proto { tcp, udp } th dport 53 accept
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
