import type { Duplex } from 'node:stream';

/** How often a client that has closed its side is asked whether it still reads. */
const PROBE_INTERVAL_MS = 2_000;
const NOTHING = Buffer.alloc(0);

/**
 * Carries bytes between a client and the program behind the engine until both directions have ended. Each side's end is passed on
 * by itself: a client that has nothing more to say still hears the rest. One that is gone takes the other with it.
 */
export function carry(client: Duplex, engine: Duplex): void {
  const cut = () => {
    clearInterval(probing);
    client.destroy();
    engine.destroy();
  };
  let probing: NodeJS.Timeout | undefined;
  for (const [from, to] of [
    [client, engine],
    [engine, client],
  ] as const) {
    from.on('error', cut);
    from.on('close', () => {
      // What it had said before must still be heard.
      if (from.readableEnded && !to.writableFinished && !from.errored) to.once('finish', cut);
      else cut();
    });
    from.pipe(to);
  }
  // A closed unix socket reads like a half-closed one. The kernel tells them apart when it is written to, even by nothing.
  client.once('end', () => {
    probing = setInterval(() => {
      if (client.writableLength === 0 && !client.writableEnded) client.write(NOTHING);
    }, PROBE_INTERVAL_MS);
  });
}
