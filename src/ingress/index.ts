export type { IngressLog, Target } from './forwarder.ts';
export { createIngress, type Ingress, type IngressOptions } from './ingress.ts';
export { waitAccepting, type WaitAcceptingOptions } from './wait-accepting.ts';
