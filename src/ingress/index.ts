export type { FleetMember, MemberLoad } from './fleet.ts';
export type { Gate, IngressLog, Target } from './forwarder.ts';
export { matchAddresses } from './match-addresses.ts';
export { createIngress, type Ingress, type IngressOptions } from './ingress.ts';
export { waitAccepting, type WaitAcceptingOptions } from './wait-accepting.ts';
