import { berthError } from '../errors/index.ts';
import type { HomeNetwork } from './home-network.ts';

/** A network namespace of its own for one machine; inside, every machine has the same address. */
export interface NetworkSlot {
  /** Unique on the host, over all homes; the hypervisor process runs as uid 210000 + index. */
  readonly index: number;
  /** Name of the network namespace: `berth-<homeId>-<index>`. */
  readonly namespace: string;
  /** Name of the tap device in the namespace. */
  readonly tap: string;
  /** MAC address that the guest's network card must have. */
  readonly mac: string;
  /** `100.96.x.y`: every TCP and UDP port there is the guest's port, reachable from the host only. */
  readonly guestReachableAt: string;
}

/** Address of every guest in its namespace, prefix length 30. */
export const GUEST_ADDRESS = '100.64.0.2';
/** Gateway and DNS server as every guest sees them. */
export const GATEWAY_ADDRESS = '100.64.0.1';
/** TCP port at the gateway behind which a guest finds the host's caches of container images. */
export const CACHE_PORT = 64_640;
/** MAC of every guest. */
export const GUEST_MAC = '52:54:00:62:74:68';
/** MAC of the gateway in every namespace: what a fork inherits in its ARP cache stays right. */
export const GATEWAY_MAC = '52:54:00:62:74:01';
/** The tap in each namespace. */
export const TAP = 'tap0';
/** The namespace's end of the veth pair. */
export const UPLINK = 'up0';
/** All host-side interfaces of all homes begin so. */
export const HOST_LINK_PREFIX = 'bv';
/** Addresses between host and namespaces; its last /16 belongs to the DNS servers. */
export const SLOT_NETWORK = '100.96.0.0/11';
/** MTU of all links. */
export const MTU = 1500;
/** 100.96.0.0 to 100.126.255.255 in pieces of four addresses. */
export const SLOT_COUNT = (31 * 65_536) / 4;

const FIRST_ADDRESS = ((100 << 24) | (96 << 16)) >>> 0;
const FIRST_UID = 210_000;

/** The slot of an index; throws `address-unavailable` when the index is outside 0 … 507903. */
export function planSlot(home: HomeNetwork, index: number): NetworkSlot {
  return {
    index,
    namespace: `${home.namespacePrefix}${index}`,
    tap: TAP,
    mac: GUEST_MAC,
    guestReachableAt: uplinkAddress(index),
  };
}

/** Host-side interface of an index. The kernel gives a name once, so it decides between homes that want the same index. */
export function hostLink(index: number): string {
  return `${HOST_LINK_PREFIX}${index}`;
}

/** Host-side address of an index, prefix length 30. */
export function hostAddress(index: number): string {
  return slotAddress(index, 1);
}

/** The namespace's address of an index, prefix length 30. */
export function uplinkAddress(index: number): string {
  return slotAddress(index, 2);
}

/** Owner of the tap. */
export function tapOwner(index: number): number {
  return FIRST_UID + index;
}

/** Index of a namespace of this home; undefined when the name is not one of its namespaces. */
export function namespaceIndex(home: HomeNetwork, namespace: string): number | undefined {
  return namespace.startsWith(home.namespacePrefix)
    ? parseIndex(namespace.slice(home.namespacePrefix.length))
    : undefined;
}

/** Index of a host-side interface; undefined when the name is not one. */
export function hostLinkIndex(link: string): number | undefined {
  return link.startsWith(HOST_LINK_PREFIX) ? parseIndex(link.slice(HOST_LINK_PREFIX.length)) : undefined;
}

function parseIndex(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,5})$/.test(text)) return undefined;
  const index = Number(text);
  return index < SLOT_COUNT ? index : undefined;
}

function slotAddress(index: number, offset: number): string {
  if (!Number.isInteger(index) || index < 0 || index >= SLOT_COUNT) {
    throw berthError(
      'address-unavailable',
      `Network slots are numbered 0 to ${SLOT_COUNT - 1}, not ${index}`,
    );
  }
  const address = FIRST_ADDRESS + index * 4 + offset;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
