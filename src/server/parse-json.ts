import type { FastifyRequest } from 'fastify';
import { berthError } from '../errors/index.ts';

type Done = (error: Error | null, body?: unknown) => void;

/** Parses a body; an empty one is absent. */
export function parseJson(_request: FastifyRequest, text: string | Buffer, done: Done): void {
  const body = text.toString();
  if (body === '') return done(null, undefined);
  try {
    done(null, JSON.parse(body));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    done(berthError('bad-request', `The body is not JSON: ${detail}`));
  }
}
