export type { EndpointBackend, MountWish } from './backend.ts';
export { createEndpoints, type Endpoints } from './endpoints.ts';
