export type * from './api.ts';
export { createClient } from './create-client.ts';
export type { FileExchange } from './file-exchange.ts';
export { failureFrom } from './failure.ts';
export type * from './transport.ts';
