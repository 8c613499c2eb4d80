import type { LogLine } from '../contract/index.ts';
import type { LogQuery } from './api.ts';
import type { Caller } from './caller.ts';
import { errorOf, isFailure } from './failure.ts';
import { readLines } from './read-body.ts';

/** The lines of services until they end or the signal; a stream that failed throws what its last line says. */
export async function* readLogs(caller: Caller, name: string, query: LogQuery): AsyncGenerator<LogLine> {
  const { signal, ...parameters } = query;
  try {
    const options = signal === undefined ? {} : { signal };
    const body = await caller.stream('environments.logs', { params: { name }, query: parameters }, options);
    for await (const text of readLines(body)) {
      if (text !== '') yield lineOf(text);
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

function lineOf(text: string): LogLine {
  const value = JSON.parse(text) as LogLine | { readonly failure: unknown };
  if (!('failure' in value)) return value;
  if (isFailure(value.failure)) throw errorOf(value.failure);
  throw new Error(`unreadable end of a log: ${text}`);
}
