import { berthError } from '../errors/index.ts';
import type { LogLine } from '../contract/index.ts';
import type { ServiceStatus } from '../model/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';
import { readServices } from './services.ts';

export interface LogOptions {
  readonly service?: string;
  readonly follow: boolean;
  readonly tail?: number;
  readonly timestamps: boolean;
  readonly signal: AbortSignal;
}

/** Output of one service or all: one container after the other, or all at once as it comes with `follow`. */
export async function openLogs(
  context: Context,
  record: EnvironmentRecord,
  options: LogOptions,
): Promise<AsyncIterable<LogLine>> {
  const all = await readServices(context, record, options.signal);
  const wanted = all.filter(({ name }) => options.service === undefined || name === options.service);
  if (wanted.length === 0 && options.service !== undefined) {
    const names = [...new Set(all.map(({ name }) => name))].join(', ') || 'none';
    throw berthError(
      'not-found',
      `environment "${record.name}" has no service "${options.service}"; its services: ${names}`,
    );
  }
  const sources = wanted.map((container) => linesOf(context, record, container, options));
  return options.follow ? merge(sources) : concatenate(sources);
}

async function* linesOf(
  context: Context,
  record: EnvironmentRecord,
  container: ServiceStatus,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const { follow, tail, timestamps, signal } = options;
  const engine = context.sessions.engine(record);
  const lines = engine.logs(container.container, {
    follow,
    timestamps,
    signal,
    ...(tail === undefined ? {} : { tail }),
  });
  for await (const { stream, line, at } of lines)
    yield { service: container.name, stream, line, ...(at === undefined ? {} : { at }) };
}

async function* concatenate<Item>(sources: readonly AsyncGenerator<Item>[]): AsyncGenerator<Item> {
  for (const source of sources) yield* source;
}

/** Yields from whichever source has something; ends when all have ended. */
async function* merge<Item>(sources: readonly AsyncGenerator<Item>[]): AsyncGenerator<Item> {
  const next = (source: AsyncGenerator<Item>) => source.next().then((result) => ({ source, result }));
  const pending = new Map(sources.map((source) => [source, next(source)]));
  try {
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values());
      if (result.done === true) {
        pending.delete(source);
        continue;
      }
      pending.set(source, next(source));
      yield result.value;
    }
  } finally {
    await Promise.allSettled(sources.map((source) => source.return(undefined)));
  }
}
