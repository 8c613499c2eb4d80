import { berthError } from '../../src/errors/index.ts';
import type { Answering } from './shop.ts';
import { readProof, visit } from './visit.ts';

const VISIT_TIMEOUT_MS = 30_000;

/** What a process that started anew, or a volume that was made anew, would have otherwise. */
const INHERITED: Readonly<Record<string, string>> = {
  'web, memory token': "the web server's memory",
  'store, run id': "the store's process",
  'volume, born': 'the volume',
};

/** What was seen, as lines for a person. Throws `service-failed` when the forks are not what forks must be. */
export async function proveApart(parent: Answering, forks: readonly Answering[]): Promise<string[]> {
  return [...(await proveCounts(parent, forks)), await proveInheritance(parent, forks)];
}

async function proveCounts(parent: Answering, forks: readonly Answering[]): Promise<string[]> {
  const n = parent.visits;
  const name = parent.environment.name;
  for (const fork of forks) expectCount(fork.environment.name, fork.visits, n + 1);
  const lines = [
    `${name} stood at ${n} when it was forked; each fork went on from there and answered ${n + 1}`,
  ];
  const [first, ...others] = forks;
  if (first !== undefined) {
    await visit(first.url, VISIT_TIMEOUT_MS);
    const ahead = (await visit(first.url, VISIT_TIMEOUT_MS)).visits;
    expectCount(first.environment.name, ahead, n + 3);
    lines.push(`${first.environment.name} was visited twice more and stands at ${ahead}`);
  }
  const own = (await visit(parent.url, VISIT_TIMEOUT_MS)).visits;
  expectCount(name, own, n + 1);
  for (const { environment, url } of others) {
    expectCount(environment.name, (await visit(url, VISIT_TIMEOUT_MS)).visits, n + 2);
  }
  const rest = others.map(({ environment }) => `${environment.name} ${n + 2}`);
  return [...lines, `then ${[`${name} answered ${own}`, ...rest].join(', ')}: each counts alone`];
}

async function proveInheritance(parent: Answering, forks: readonly Answering[]): Promise<string> {
  const [own, ...others] = await Promise.all(
    [parent, ...forks].map(({ url }) => readProof(url, VISIT_TIMEOUT_MS)),
  );
  for (const [index, facts] of others.entries()) {
    const name = forks[index]?.environment.name ?? '';
    for (const [field, what] of Object.entries(INHERITED)) {
      if (facts.get(field) === own?.get(field) && own?.get(field) !== undefined) continue;
      throw notAFork(name, `${what} is not that of ${parent.environment.name}`);
    }
  }
  const hostNames = new Set([own, ...others].map((facts) => facts?.get('host name')));
  if (hostNames.size !== forks.length + 1)
    throw notAFork(parent.environment.name, 'two of them share a host name');
  return `memory, processes and volume came from ${parent.environment.name}; host names are their own: ${[...hostNames].join(', ')}`;
}

function expectCount(name: string, seen: number, expected: number): void {
  if (seen !== expected) throw notAFork(name, `it answered ${seen}, and ${expected} was expected`);
}

function notAFork(name: string, why: string): Error {
  return berthError('service-failed', `${name} and its relatives are not apart: ${why}`, {
    remedy: `./berth logs ${name}`,
  });
}
