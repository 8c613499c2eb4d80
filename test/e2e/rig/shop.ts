import { join } from 'node:path';
import type { Environment } from '../../../src/model/index.ts';
import { get, urlOf } from './http.ts';
import { ROOT } from './home.ts';
import { output } from './program.ts';

const MAKE_TIMEOUT_MS = 240_000;

/** The example's Compose file; its image is made first where it is not there yet. */
export async function shopFile(): Promise<string> {
  await output([process.execPath, join(ROOT, 'examples/shop/make-images.ts')], {
    timeoutMs: MAKE_TIMEOUT_MS,
  });
  return join(ROOT, 'examples/shop/compose.yaml');
}

/** Adds a visit; gives the number that the shop answers. */
export async function visit(environment: Environment): Promise<number> {
  return number(await get(`${urlOf(environment)}/count`));
}

/** The number of visits, without adding one. */
export async function peek(environment: Environment): Promise<number> {
  return number(await get(`${urlOf(environment)}/peek`));
}

/** What the shop says of its processes, memory and volume: field → value. */
export async function proof(environment: Environment): Promise<ReadonlyMap<string, string>> {
  const lines = (await get(`${urlOf(environment)}/proof`)).trim().split('\n');
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
}

function number(text: string): number {
  if (!/^\d+\n$/.test(text)) throw new Error(`not a number: ${text}`);
  return Number(text);
}
