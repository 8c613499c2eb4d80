/** What happens at Ctrl-C and SIGTERM. */
export interface Interrupts {
  /**
   * From now on the first Ctrl-C calls `handler` instead of ending the command; the second one leaves with 130.
   * Returns a function that ends this; the newest handler counts.
   */
  take(handler: () => void): () => void;
}

/** The part of `process` that is needed. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
  exit(code: number): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Listens for Ctrl-C (130), SIGTERM (143) and SIGHUP (129); without a handler the process ends with that code. */
export function createInterrupts(source: SignalSource): Interrupts {
  const handlers: { call: () => void; used: boolean }[] = [];
  const react = (signal: keyof typeof EXIT_CODES) => () => {
    const top = handlers.at(-1);
    if (signal === 'SIGHUP' || top === undefined || top.used) return source.exit(EXIT_CODES[signal]);
    top.used = true;
    top.call();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) source.on(signal, react(signal));
  return {
    take(call) {
      const entry = { call, used: false };
      handlers.push(entry);
      return () => {
        const index = handlers.indexOf(entry);
        if (index >= 0) handlers.splice(index, 1);
      };
    },
  };
}
