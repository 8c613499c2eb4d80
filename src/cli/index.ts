export { main } from './main.ts';
export { type Connection, type ConnectionOptions, openConnection } from './open-connection.ts';
