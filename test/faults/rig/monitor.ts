import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';

const ANSWER_TIMEOUT_MS = 20_000;

/** What a monitor answers, or that its machine has ended meanwhile. */
export type MonitorAnswer =
  | { readonly return: unknown }
  | { readonly error: { readonly desc: string } }
  | { readonly ended: true };

/** A machine's monitor without what Berth allows itself to ask. Serves one connection at a time: no daemon may run. */
export async function connectMonitor(path: string): Promise<Monitor> {
  const socket = createConnection(path);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  socket.on('error', () => undefined);
  await lines.next();
  const ask = async (execute: string, args: object = {}): Promise<MonitorAnswer> => {
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    const timer = setTimeout(() => socket.destroy(), ANSWER_TIMEOUT_MS);
    try {
      for (;;) {
        const line = await lines.next().catch(() => ({ done: true, value: '' }));
        if (line.done === true) return { ended: true };
        const answer = JSON.parse(line.value) as Record<string, unknown>;
        if ('return' in answer || 'error' in answer) return answer as unknown as MonitorAnswer;
      }
    } finally {
      clearTimeout(timer);
    }
  };
  await ask('qmp_capabilities');
  return { ask, [Symbol.dispose]: () => void socket.destroy() };
}

export interface Monitor extends Disposable {
  /** Says one thing and gives the answer; events in between are passed over. */
  ask(execute: string, args?: object): Promise<MonitorAnswer>;
}

/** What QEMU says against it; the answer itself where it says nothing. */
export function refusalIn(answer: MonitorAnswer): string {
  return 'error' in answer ? answer.error.desc : JSON.stringify(answer);
}
