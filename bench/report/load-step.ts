import { formatDuration } from '../../src/base/index.ts';
import type { LoadSecond, LoadStepStage } from '../result.ts';
import { ms, table } from './markdown.ts';
import { colour, drawing, type Element, element, niceStep, text } from './svg.ts';

export function loadStepLines(stage: LoadStepStage): string[] {
  const { perSecond, forMs, requests, errors, answer, firstMs, restMs, seconds } = stage;
  const most = Math.max(...seconds.map(({ machines }) => machines));
  const half = seconds.slice(Math.floor(seconds.length / 2)).flatMap(({ p50 }) => p50 ?? []);
  return table(
    ['one environment, asleep before', ''],
    [
      ['load', `0 → ${perSecond} requests/s for ${formatDuration(forMs)}, a connection each`],
      ['requests without a good answer', `${errors} of ${requests}`],
      ['the first one, which woke it', ms(firstMs)],
      ['all, p50 / p95 / slowest', `${ms(answer.p50)} / ${ms(answer.p95)} / ${ms(answer.max)}`],
      [
        'second half of the time, median of each second’s p50',
        ms(half.toSorted((a, b) => a - b)[half.length >> 1] ?? Number.NaN),
      ],
      ['most machines', String(most)],
      ['from the end of the load to one machine, asleep', formatDuration(restMs)],
    ],
  );
}

const WIDTH = 820;
const LEFT = 70;
const RIGHT = WIDTH - 20;

interface Panel {
  readonly top: number;
  readonly bottom: number;
  readonly max: number;
  readonly unit: string;
}

/** Latency of each second above, the number of machines and the errors below. */
export function loadStepPlot(title: string, seconds: readonly LoadSecond[]): string {
  const x = (second: number) => LEFT + ((RIGHT - LEFT) * second) / Math.max(1, seconds.length);
  const slowest = Math.max(1, ...seconds.flatMap(({ p95 }) => p95 ?? []));
  const most = Math.max(1, ...seconds.flatMap(({ machines, errors }) => [machines, errors]));
  const above = { top: 60, bottom: 240, max: slowest, unit: ' ms' };
  const below = { top: 290, bottom: 370, max: most, unit: '' };
  const line = (values: readonly (number | undefined)[], panel: Panel, index: number, step: boolean) =>
    polyline(
      values.flatMap((value, second) => {
        if (value === undefined) return [];
        const height = y(panel, value);
        return step
          ? [[x(second), height] as const, [x(second + 1), height] as const]
          : [[x(second + 0.5), height] as const];
      }),
      colour(index),
    );
  return drawing(WIDTH, 430, title, [
    ...axis(above),
    ...axis(below),
    line(
      seconds.map(({ p95 }) => p95),
      above,
      1,
      false,
    ),
    line(
      seconds.map(({ p50 }) => p50),
      above,
      0,
      false,
    ),
    line(
      seconds.map(({ machines }) => machines),
      below,
      2,
      true,
    ),
    line(
      seconds.map(({ errors }) => errors),
      below,
      5,
      true,
    ),
    ...[0, 1, 2, 3, 4].map((part) => {
      const second = Math.round((seconds.length * part) / 4);
      return text(x(second), 390, `${second} s`, { 'text-anchor': 'middle', 'font-size': 11 });
    }),
    ...legend([
      ['p50', 0],
      ['p95', 1],
      ['machines', 2],
      ['errors in each second', 5],
    ]),
  ]);
}

function y({ top, bottom, max }: Panel, value: number): number {
  return bottom - ((bottom - top) * value) / max;
}

function axis(panel: Panel): Element[] {
  const step = niceStep(panel.max / 4);
  return Array.from({ length: Math.floor(panel.max / step) + 1 }, (_, index) => index * step).flatMap(
    (value) => [
      element('line', { x1: LEFT, x2: RIGHT, y1: y(panel, value), y2: y(panel, value), stroke: '#d0d7de' }),
      text(LEFT - 8, y(panel, value) + 4, `${value}${panel.unit}`, { 'text-anchor': 'end', 'font-size': 11 }),
    ],
  );
}

function polyline(points: readonly (readonly [number, number])[], stroke: string): Element {
  const path = points.map(([left, top]) => `${left.toFixed(1)},${top.toFixed(1)}`).join(' ');
  return element('polyline', { points: path, fill: 'none', stroke, 'stroke-width': 2 });
}

function legend(names: readonly (readonly [string, number])[]): Element[] {
  return names.flatMap(([name, index], place) => [
    element('rect', { x: LEFT + place * 160, y: 406, width: 12, height: 12, fill: colour(index) }),
    text(LEFT + place * 160 + 18, 416, name, { 'font-size': 12 }),
  ]);
}
