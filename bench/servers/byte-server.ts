/** A server to measure what stands before it: `G<count>;` is answered by that many bytes, `E` by one. Prints its port. */
import { createServer, type Socket } from 'node:net';

const BLOCK = Buffer.alloc(256 * 1024, 'x');

function send(socket: Socket, count: number): void {
  let left = count;
  const more = (): void => {
    while (left > 0) {
      const block = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
      left -= block.length;
      if (!socket.write(block)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

const server = createServer({ noDelay: true }, (socket) => {
  let request = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    request += chunk.toString('latin1');
    for (let end = request.search(/E|;/); end >= 0; end = request.search(/E|;/)) {
      const word = request.slice(0, end + 1);
      request = request.slice(end + 1);
      if (word === 'E') socket.write('e');
      else send(socket, Number(word.slice(1, -1)));
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : '');
});
