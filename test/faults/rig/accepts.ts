import { connect } from 'node:net';
import type { Environment } from '../../../src/model/index.ts';

/** Whether an environment's port 8080 takes a connection, which ends at once. */
export async function accepts({ address }: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 8080 });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
