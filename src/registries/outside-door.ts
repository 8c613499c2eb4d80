import { createServer, type Server } from 'node:http';
import { answerError, answerPing } from './protocol-answer.ts';
import type { Passage, Source } from './passage.ts';
import { parseRegistryPath } from './registry-path.ts';

/**
 * The server that registry programs ask for what they do not have. Each has a secret in its path, which stands for its
 * registry and credential: nobody else on this host gets through.
 */
export function createOutsideDoor(o: {
  readonly passage: Passage;
  sourceOf(secret: string): Promise<Source | undefined>;
}): Server {
  const server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
    response.on('error', () => undefined);
    request.resume();
    const answer = async (): Promise<void> => {
      const path = request.url ?? '';
      const { method } = request;
      // The program asks this without its secret, and does not start without an answer.
      if (/^(\/[0-9a-f]+\/)?\/?v2\/$/.test(path)) return answerPing(response);
      const [, secret = '', rest = ''] = /^\/([0-9a-f]+)(\/v2\/.*)$/.exec(path) ?? [];
      const wanted = parseRegistryPath(rest);
      const source = await o.sourceOf(secret);
      if (source === undefined || wanted === undefined || (method !== 'GET' && method !== 'HEAD'))
        return answerError(response, 404, 'NAME_UNKNOWN', 'there is nothing of that name');
      await o.passage.answer(source, { ...wanted, method }, response);
    };
    answer().catch(() => response.destroy());
  });
  // A download may take its time, and so may the registry outside.
  server.requestTimeout = 0;
  server.timeout = 0;
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}
