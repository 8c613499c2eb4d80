import { berthError } from '../../src/errors/index.ts';
import type { Answering } from './shop.ts';
import { visit } from './visit.ts';

const VISIT_TIMEOUT_MS = 30_000;

/** What was seen, as lines for a person. Throws `service-failed` when parent and forks are not what forks must be. */
export async function proveApart(parent: Answering, forks: readonly Answering[]): Promise<string[]> {
  const n = parent.visits;
  for (const fork of forks) expectCount(fork.environment.name, fork.visits, n + 1);
  const [first, ...others] = forks;
  const lines = [
    `${parent.environment.name} stood at ${n} when it was forked; each fork answered first with ${n + 1}: it went on from there`,
  ];
  if (first !== undefined) {
    await visit(first.url, VISIT_TIMEOUT_MS);
    const ahead = (await visit(first.url, VISIT_TIMEOUT_MS)).visits;
    expectCount(first.environment.name, ahead, n + 3);
    lines.push(`${first.environment.name} was visited twice more and stands at ${ahead}`);
  }
  const own = (await visit(parent.url, VISIT_TIMEOUT_MS)).visits;
  expectCount(parent.environment.name, own, n + 1);
  for (const other of others)
    expectCount(other.environment.name, (await visit(other.url, VISIT_TIMEOUT_MS)).visits, n + 2);
  const names = others.map((other) => other.environment.name).join(' and ');
  lines.push(
    `${parent.environment.name} then answered ${own}${names === '' ? '' : `, ${names} ${n + 2}`}: each counts alone`,
  );
  return lines;
}

function expectCount(name: string, seen: number, expected: number): void {
  if (seen === expected) return;
  throw berthError(
    'service-failed',
    `${name} answered ${seen} where ${expected} was expected: it is not a fork that counts alone`,
    {
      remedy: `./berth logs ${name}`,
    },
  );
}
