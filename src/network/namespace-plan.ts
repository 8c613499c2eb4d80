import type { HomeNetwork } from './home-network.ts';
import {
  GATEWAY_ADDRESS,
  GATEWAY_MAC,
  GUEST_ADDRESS,
  GUEST_MAC,
  hostAddress,
  hostLink,
  MTU,
  type NetworkSlot,
  TAP,
  tapOwner,
  UPLINK,
  uplinkAddress,
} from './slot-plan.ts';

/** Input of `ip -batch -` on the host: the namespace and its veth pair. */
export function hostSideBatch(home: HomeNetwork, slot: NetworkSlot): string {
  const link = hostLink(slot.index);
  return lines([
    `netns add ${slot.namespace}`,
    `link add ${link} mtu ${MTU} group ${home.group} type veth peer name ${UPLINK} mtu ${MTU} netns ${slot.namespace}`,
    `link set ${link} alias ${home.table}`,
    `addr add ${hostAddress(slot.index)}/30 dev ${link}`,
    `link set ${link} up`,
  ]);
}

/**
 * Input of `ip -n <namespace> -batch -`. The guest's MAC is a permanent neighbour: the first packet to a guest that
 * has just been restored does not wait for ARP, whose retries come a second apart.
 */
export function namespaceBatch(slot: NetworkSlot): string {
  return lines([
    'link set lo up',
    `tuntap add dev ${TAP} mode tap user ${tapOwner(slot.index)}`,
    `link set ${TAP} address ${GATEWAY_MAC} mtu ${MTU} up`,
    `addr add ${GATEWAY_ADDRESS}/30 dev ${TAP}`,
    `neigh add ${GUEST_ADDRESS} lladdr ${GUEST_MAC} dev ${TAP} nud permanent`,
    `addr add ${uplinkAddress(slot.index)}/30 dev ${UPLINK}`,
    `link set ${UPLINK} up`,
    `route add default via ${hostAddress(slot.index)}`,
  ]);
}

/** Settings of the namespace for `sysctl`: it routes IPv4 and has no IPv6. */
export const NAMESPACE_SETTINGS: readonly string[] = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.disable_ipv6=1',
  'net.ipv6.conf.default.disable_ipv6=1',
];

/**
 * Input of `nft -f -` in the namespace. What comes to its address goes to the guest, what the guest sends leaves with
 * the namespace's address. What it sends to the gateway goes to the address of Berth's DNS server on the host, whose rules decide what is open. A fork inherits its parent's open connections: their packets
 * belong to no connection here and are answered with a reset, so that programs in the fork notice at once.
 */
export function namespaceRules(home: HomeNetwork, slot: NetworkSlot): string {
  return `table ip berth {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "${UPLINK}" ip daddr ${uplinkAddress(slot.index)} dnat to ${GUEST_ADDRESS}
    iifname "${TAP}" ip daddr ${GATEWAY_ADDRESS} meta l4proto { tcp, udp } dnat to ${home.dnsAddress}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "${UPLINK}" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "${TAP}" meta l4proto tcp tcp flags & (fin | syn | rst | ack) != syn reject with tcp reset
    iifname "${TAP}" oifname "${UPLINK}" ip saddr ${GUEST_ADDRESS} accept
    iifname "${UPLINK}" oifname "${TAP}" ct status dnat accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "${TAP}" icmp type echo-request accept
    iifname "${TAP}" meta l4proto tcp reject with tcp reset
    iifname "${TAP}" reject with icmp admin-prohibited
  }
}
`;
}

function lines(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`;
}
