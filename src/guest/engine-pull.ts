import { StringDecoder } from 'node:string_decoder';
import { formatBytes, LineFramer } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { bytesOf, type EngineHttp } from './engine-http.ts';
import { numberAt, parseJson, textAt } from './json-reading.ts';
import type { WaitOptions } from './wait-options.ts';

const MAX_LINE_LENGTH = 1024 * 1024;
const MAX_MESSAGE = 2_000;

/** How an image is pulled. */
export interface PullOptions extends WaitOptions {
  /** `linux/arm64`; the machine's own by default. */
  readonly platform?: string;
  /** Called with `12.3 MiB of 40.0 MiB` as it comes. */
  readonly onProgress?: (text: string) => void;
}

/** Lets the engine pull an image; the deadline covers all of it. @throws `engine-failed` with the engine's words */
export async function pullImage(http: EngineHttp, reference: string, o: PullOptions): Promise<void> {
  const query = new URLSearchParams({
    fromImage: reference,
    ...(o.platform === undefined ? {} : { platform: o.platform }),
  });
  const deadline = AbortSignal.timeout(o.timeoutMs);
  const signal = o.signal === undefined ? deadline : AbortSignal.any([o.signal, deadline]);
  const answer = await http.stream(
    { method: 'POST', path: `/images/create?${query.toString()}` },
    { signal, timeoutMs: o.timeoutMs },
  );
  const framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });
  const decoder = new StringDecoder('utf8');
  const progress = new PullProgress();
  let failure: string | undefined;
  try {
    for await (const chunk of answer) {
      for (const line of framer.push(decoder.write(bytesOf(chunk)))) {
        const report = parseJson(line);
        failure ??= textAt(report, 'error') ?? textAt(report, 'errorDetail', 'message');
        const text = progress.add(report);
        if (text !== undefined) o.onProgress?.(text);
      }
    }
  } catch (error) {
    o.signal?.throwIfAborted();
    if (deadline.aborted)
      throw berthError('timeout', `${reference} was not pulled in time`, { cause: error });
    throw berthError('guest-unreachable', `the connection to the container engine was lost`, {
      cause: error,
    });
  } finally {
    answer.destroy();
  }
  if (failure !== undefined)
    throw berthError('engine-failed', `the container engine says: ${failure.slice(0, MAX_MESSAGE)}`);
}

/** Adds up what the engine reports of each layer. */
class PullProgress {
  readonly #layers = new Map<string, { current: number; total: number }>();

  /** Undefined when the report tells nothing new of bytes. */
  add(report: unknown): string | undefined {
    const id = textAt(report, 'id');
    const total = numberAt(report, 'progressDetail', 'total');
    if (id === undefined || total === undefined || total <= 0) return undefined;
    this.#layers.set(id, { current: numberAt(report, 'progressDetail', 'current') ?? 0, total });
    const sum = (key: 'current' | 'total') =>
      [...this.#layers.values()].reduce((bytes, layer) => bytes + layer[key], 0);
    return `${formatBytes(sum('current'))} of ${formatBytes(sum('total'))}`;
  }
}
