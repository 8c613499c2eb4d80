export type * from './api.ts';
export { createClient } from './create-client.ts';
export { failureFrom } from './failure.ts';
export type * from './transport.ts';
