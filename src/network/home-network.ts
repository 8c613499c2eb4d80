import { berthError } from '../errors/index.ts';

/** Everything that the network of one BERTH_HOME is called on the host; several homes share one kernel. */
export interface HomeNetwork {
  readonly homeId: string;
  /** Prefix of its namespaces: `berth-<homeId>-`. */
  readonly namespacePrefix: string;
  /** Its nftables table, family `inet`; also the mark on each rule it puts into a foreign firewall. */
  readonly table: string;
  /** Device group of its host-side interfaces: rules match the group, so an interface is covered from its first moment. */
  readonly group: number;
  /** Address of its DNS server, out of 100.127.0.0/16, on the host's loopback interface: not every kernel has others. */
  readonly dnsAddress: string;
  /** Label of that address, so that `ip address` shows whose it is. */
  readonly dnsLabel: string;
}

/** Device groups of Berth begin here (`b` in the top byte), the home's id follows: no other software numbers groups so. */
const GROUP_BASE = 0x62_00_00_00;

/** Names and numbers of a home. Throws `internal` when `homeId` is not 6 lower-case hex digits. */
export function homeNetwork(homeId: string): HomeNetwork {
  if (!/^[0-9a-f]{6}$/.test(homeId)) {
    throw berthError('internal', `A home id has 6 lower-case hex digits, this one is "${homeId}"`);
  }
  return {
    homeId,
    namespacePrefix: `berth-${homeId}-`,
    table: `berth-${homeId}`,
    group: GROUP_BASE + Number.parseInt(homeId, 16),
    dnsAddress: dnsAddress(Number.parseInt(homeId.slice(2), 16)),
    dnsLabel: `lo:berth${homeId}`,
  };
}

/** Leaves out 100.127.0.0 and 100.127.255.255, which look like a network's own address and its broadcast. */
function dnsAddress(low: number): string {
  const host = Math.min(Math.max(low, 1), 0xff_fe);
  return `100.127.${host >> 8}.${host & 0xff}`;
}
