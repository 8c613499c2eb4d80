export { formatFailure } from './format/failure.ts';
export { type Column, formatTable } from './format/table.ts';
export { main } from './main.ts';
export { type Connection, type ConnectionOptions, openConnection } from './open-connection.ts';
export { createOutput, type Output } from './terminal/output.ts';
