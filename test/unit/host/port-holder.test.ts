import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { basename } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { portHolder } from '../../../src/host/index.ts';

const program = basename(process.execPath);

test('names the process that listens on a TCP port', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await portHolder('127.0.0.1', port, 'tcp')).toEqual({ pid: process.pid, command: program });
  expect(await portHolder('0.0.0.0', port, 'tcp')).toMatchObject({ pid: process.pid });
  expect(await portHolder('127.0.0.2', port, 'tcp')).toBeUndefined();
  expect(await portHolder('127.0.0.1', port, 'udp')).toBeUndefined();
});

test('names the process that has a UDP port at all addresses', async () => {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind(0);
  await once(socket, 'listening');
  expect(await portHolder('127.0.0.1', socket.address().port, 'udp')).toMatchObject({ pid: process.pid });
});
