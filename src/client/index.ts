export type * from './api.ts';
export type * from './transport.ts';
