export { createServer, type ListenOptions, type Server, type ServerOptions } from './create-server.ts';
export type { ServerLog } from './failures.ts';
export type * from './services.ts';
export type { SocketFiles } from './unix-socket.ts';
