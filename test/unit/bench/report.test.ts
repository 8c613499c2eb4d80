import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plotsOf } from '../../../bench/report/plots.ts';
import { printedPart, PUBLISHED, replacePrinted } from '../../../bench/report/publish.ts';
import { niceStep } from '../../../bench/report/svg.ts';
import { reportOf } from '../../../bench/report/tables.ts';
import { targetsOf } from '../../../bench/report/targets.ts';
import type { BenchResult } from '../../../bench/result.ts';
import { measured, sampleResult } from './sample-result.ts';
import { burst, daemon, fleet, growth, port, sleep } from './sample-stages.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('a promise is kept at its bound and broken above it', () => {
  const kept = (podman: number, cold: number, mib: number) =>
    targetsOf(sampleResult({ fork: 300, podman, cold, pssMib: mib })).map((target) => target.kept);
  expect(kept(250, 7500, 110)).toEqual([true, true, true, true, true]);
  expect(kept(249, 7499, 111)).toEqual([false, false, true, false, true]);
});

test.each([
  [{ burst: measured(burst({ allMs: 10_000, errors: 0 })) }, [true, true, true]],
  [{ burst: measured(burst({ allMs: 10_001, errors: 1 })) }, [false, false, false]],
  [{ sleep: measured(sleep({ frozen: 30, asleep: 600, fork: 400 })) }, [true, true]],
  [{ sleep: measured(sleep({ frozen: 31, asleep: 601, fork: 400 })) }, [false, false]],
  [{ fleet: measured(fleet({ forks: 200, errors: 0, cpu: 20 })) }, [true, true]],
  [{ fleet: measured(fleet({ forks: 200, errors: 1, cpu: 20.5 })) }, [false, false]],
  [{ fleet: measured(fleet({ forks: 199, errors: 0, cpu: 1 })) }, [false, true]],
  [{ port: measured(port({ nginx: 1000, berth: 600, requests: 12_000 })) }, [true, true, true]],
  [{ port: measured(port({ nginx: 1000, berth: 599, requests: 11_999 })) }, [false, false, false]],
])('the bounds of stage %#', (stage, kept) => {
  expect(targetsOf({ version: 1, ...stage }).map((target) => target.kept)).toEqual(kept);
});

test('each stage has a table with its figures', () => {
  const text = reportOf({
    version: 1,
    burst: measured(burst({ allMs: 9000, errors: 2 })),
    growth: measured(growth),
    daemon: measured(daemon),
    sleep: measured(sleep({ frozen: 12, asleep: 500, fork: 400 })),
    fleet: measured(fleet({ forks: 200, errors: 1, cpu: 7 })),
    port: measured(port({ nginx: 1000, berth: 900 })),
  }).join('\n');
  expect(text).toContain('| 50 forks, none of them warm | 4.5 s | 9.0 s | 9.0 s | 1 | 2 |');
  expect(text).toContain('| 50 forks, all of them warm |');
  expect(text).toContain('The first error: it ended.');
  expect(text).toContain('| 40 alive and idle | 445 ms | 450 ms | 440 ms | 450 ms | 2 | 1.10 × |');
  expect(text).toContain('| 1000 | 120 MiB / 110 MiB | 900 ms | 25.00 / 29.50 / 29.90 ms |');
  expect(text).toMatch(/\| `frozen` \| 12 ms .* 40 MiB \| 70 MiB \| 70 MiB \|/);
  expect(text).toMatch(/\| `asleep` \| 500 ms .* 70 MiB \| 0 B \|/);
  expect(text).toContain('| woken by a connection, one after the other | 199 of 200 |');
  expect(text).toContain('| so many times as many here | 4.3 × |');
  expect(text).toContain('| through haproxy | 20000 | 0.6 ms / 4.0 ms | 0 | 20000 | 0.6 ms / 4.0 ms | 0 |');
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});

test('few runs have no p99', () => {
  const lines = reportOf(sampleResult({ fork: 300, podman: 250, cold: 9000, pssMib: 80 }));
  expect(lines.find((line) => line.startsWith('| fork of a template |'))).toMatch(/300 ms \| 300 ms \| – \|/);
});

test('promises without figures are not claimed', () => {
  expect(targetsOf({ version: 1 })).toEqual([]);
});

test('the tables tell ratio, machine and accelerator', () => {
  const text = reportOf(sampleResult({ fork: 300, podman: 250, cold: 9000, pssMib: 80 })).join('\n');
  expect(text).toContain('1.20 ×');
  expect(text).toContain('accelerator tcg');
  expect(text).toContain('podman 4.3.1');
  expect(text).toContain('| 80 MiB / 80 MiB |');
});

test('a quick run says that it is one', () => {
  const { fork } = sampleResult({ fork: 300, podman: 250, cold: 9000, pssMib: 80 });
  const result: BenchResult = {
    version: 1,
    ...(fork === undefined ? {} : { fork: { ...fork, quick: true } }),
  };
  expect(reportOf(result).join('\n')).toContain('A quick run');
});

test('a prediction is kept within a tenth of what was made', () => {
  const shape = {
    shape: '2x1GiB',
    naive: 23,
    expectedBytes: 100 * 1024 ** 2,
    refusal: 'no room',
    settledBytes: 3 * 1024 ** 2,
    othersBytes: 0,
    attempts: 1,
  };
  const of = (told: number, made: number): BenchResult => ({
    version: 1,
    capacity: measured({ forks: 18, shapes: [{ ...shape, told, made }] }),
  });
  expect([18, 20, 22, 17, 23].map((told) => targetsOf(of(told, 20))[0]?.kept)).toEqual([
    ...[true, true, true],
    ...[false, false],
  ]);
  expect(reportOf(of(19, 20)).join('\n')).toContain('| 2x1GiB | 23 | 100 MiB | 19 | 20 | 3 MiB | 0 B |');
});

test('plots are whole SVG drawings with escaped text', () => {
  const plots = plotsOf({
    ...sampleResult({ fork: 300, podman: 250, cold: 9000, pssMib: 80 }),
    growth: measured(growth),
    sleep: measured(sleep({ frozen: 12, asleep: 500, fork: 400 })),
  });
  expect(plots.map(({ file }) => file)).toEqual([
    ...['first-answer.svg', 'fork-steps.svg', 'fork-growth.svg', 'fork-memory.svg', 'wake.svg'],
  ]);
  for (const { svg } of plots) {
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  }
});

test.each([
  [0, 1],
  [0.9, 1],
  [3, 5],
  [70, 100],
  [120, 200],
])('the step of a scale that is at least %d is %d', (least, step) => {
  expect(niceStep(least)).toBe(step);
});

test('only what stands between the marks of a page is replaced', () => {
  const page = read(PUBLISHED.page);
  const replaced = replacePrinted(page, 'new figures');
  expect(replaced).toContain('end -->\n');
  expect(replaced).toContain('\n\nnew figures\n\n<!-- printed');
  expect(replaced.startsWith(page.slice(0, page.indexOf('<!--')))).toBe(true);
  expect(replacePrinted(replaced, 'new figures')).toBe(replaced);
  expect(() => replacePrinted('no marks', 'x')).toThrow(/no lines/);
});

test('the page shows the committed result', () => {
  const reference = readReference();
  if (reference === undefined) return;
  const page = read(PUBLISHED.page);
  expect(replacePrinted(page, printedPart(reference))).toBe(page);
  for (const { file, svg } of plotsOf(reference)) expect(read(`${PUBLISHED.plots}/${file}`)).toBe(svg);
});

function readReference(): BenchResult | undefined {
  try {
    return JSON.parse(read(PUBLISHED.reference)) as BenchResult;
  } catch {
    return undefined;
  }
}
