import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openLoad } from '../../../bench/measure/open-load.ts';
import { summarize } from '../../../bench/measure/statistics.ts';
import { plotsOf } from '../../../bench/report/plots.ts';
import { reportOf } from '../../../bench/report/tables.ts';
import { measured } from './sample-result.ts';

test('requests are sent at their rate, whatever becomes of those before', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    // The first is answered when all others have come.
    if (asked === 1) return void setTimeout(() => response.end('late'), 600);
    response.statusCode = asked % 10 === 0 ? 500 : 200;
    response.end('now');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const signal = AbortSignal.timeout(20_000);
  const samples = await openLoad(url, { perSecond: 100, forMs: 400, signal });
  server.close();
  expect([samples.length, asked]).toEqual([40, 40]);
  expect(samples.map(({ dueMs }) => dueMs)).toEqual(samples.map((_, index) => index * 10));
  expect(samples.filter(({ tookMs }) => tookMs === undefined)).toHaveLength(4);
  expect(samples[0]?.tookMs).toBeGreaterThan(500);
});

test('the figures of a load have a table and a plot', () => {
  const seconds = [
    { errors: 3, machines: 1 },
    { errors: 0, machines: 2, p50: 40, p95: 90 },
  ];
  const figures = {
    ...{ perSecond: 200, forMs: 60_000, requests: 12_000, errors: 3, firstMs: 80, restMs: 30_000 },
    ...{ answer: summarize([40, 90]), seconds },
  };
  const result = { version: 1, load: measured(figures) } as const;
  const text = reportOf(result).join('\n');
  expect(text).toContain('| requests without a good answer | 3 of 12000 |');
  expect(text).toContain('| most machines | 2 |');
  const [plot] = plotsOf(result);
  expect(plot?.file).toBe('load-step.svg');
  expect(plot?.svg).toMatch(/^<svg [\s\S]*<polyline [\s\S]*machines<\/text>[\s\S]*<\/svg>\n$/);
});
