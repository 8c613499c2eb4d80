import { createHash } from 'node:crypto';
import type { Route } from '../contract/index.ts';

/** Hash of what a request asks for: the same for the same route, parameters and body, in whatever order its fields came. */
export function fingerprintOf(
  { method, path }: Pick<Route, 'method' | 'path'>,
  request: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
): string {
  const { params, query, body } = request;
  return createHash('sha256')
    .update(JSON.stringify([method, path, params, query, body].map(sorted)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, field]) => [name, sorted(field)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
