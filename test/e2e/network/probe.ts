// One program for the far ends of a network test: a server, a client, a DNS query; each prints one line.
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect, createServer } from 'node:net';

const [command = '', ...args] = process.argv.slice(2);
const TIMEOUT_MS = 1_000;

const commands: Record<string, (...args: string[]) => void> = {
  /** Answers each TCP connection and each datagram on `port` (of `address`, else of all) with the address that it sees. */
  serve(port, address = '0.0.0.0') {
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(`seen ${socket.remoteAddress?.replace('::ffff:', '')}`);
    }).listen(Number(port), address, () => {
      const udp = createSocket('udp4', (_, from) =>
        udp.send(`seen ${from.address}`, from.port, from.address),
      );
      udp.bind(Number(port), address, () => console.log('listening'));
    });
  },
  /** Accepts connections on `port`, reads what comes and leaves them open. */
  keep(port) {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    server.listen(Number(port), '0.0.0.0', () => console.log('listening'));
  },
  /** Connects and goes on sending; prints the code of the error that ends it. */
  hold(host, port) {
    const socket = connect({ host: host ?? '', port: Number(port) });
    const timer = setInterval(() => socket.write('still here'), 50);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer);
      finish(error.code ?? error.message);
    });
  },
  /** Prints what the TCP server says, `refused`, `timeout` or the error's code. */
  tcp(host, port) {
    const socket = connect({ host: host ?? '', port: Number(port) });
    let answer = '';
    socket.setTimeout(TIMEOUT_MS, () => finish('timeout'));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on('end', () => finish(answer));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      finish(error.code === 'ECONNREFUSED' ? 'refused' : (error.code ?? error.message));
    });
  },
  /** Prints the answer to a datagram, or `timeout`. */
  udp(host, port) {
    const socket = createSocket('udp4', (message) => finish(message.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.send('hello', Number(port), host);
    setTimeout(() => finish('timeout'), TIMEOUT_MS);
  },
  /** Prints the first IPv4 address of `name`, or the error's code. */
  resolve(name) {
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
    resolver.setServers(['100.64.0.1']);
    resolver.resolve4(name ?? '').then(
      ([address]) => finish(address ?? 'none'),
      (error: NodeJS.ErrnoException) => finish(error.code ?? error.message),
    );
  },
};

function finish(line: string): void {
  console.log(line);
  process.exit(0);
}

commands[command]?.(...args);
