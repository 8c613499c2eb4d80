import { percentile } from '../measure/statistics.ts';
import { colour, drawing, type Element, element, scale, text } from './svg.ts';

export interface DotRow {
  readonly label: string;
  readonly samples: readonly number[];
}

const WIDTH = 820;
const LABELS = 250;
const ROW = 52;
const TOP = 44;

/** Each sample as a dot, one row for each contestant; the long line is p50, the short one p95. */
export function dotPlot(title: string, unit: string, rows: readonly DotRow[]): string {
  const bottom = TOP + rows.length * ROW;
  const max = Math.max(1, ...rows.flatMap(({ samples }) => samples));
  const { parts, x } = scale({ left: LABELS, right: WIDTH - 60, top: TOP, bottom, max, unit });
  const drawn = rows.flatMap((row, index) => drawRow(row, index, unit, x));
  return drawing(WIDTH, bottom + 34, title, [...parts, ...drawn]);
}

function drawRow(
  { label, samples }: DotRow,
  index: number,
  unit: string,
  x: (value: number) => number,
): Element[] {
  const middle = TOP + index * ROW + ROW / 2;
  const fill = colour(index);
  const dots = samples.map((value, order) =>
    // Runs one below the other, so that equal ones do not hide each other and a drift shows.
    element('circle', {
      cx: x(value),
      cy: middle - 12 + (24 * order) / Math.max(1, samples.length - 1),
      r: 3,
      fill,
      'fill-opacity': 0.55,
    }),
  );
  const p50 = percentile(samples, 50);
  const p95 = percentile(samples, 95);
  return [
    text(LABELS - 12, middle - 2, label, { 'text-anchor': 'end' }),
    text(LABELS - 12, middle + 14, `p50 ${Math.round(p50)} ${unit}, p95 ${Math.round(p95)} ${unit}`, {
      ...{ 'text-anchor': 'end', 'font-size': 11, fill: '#59636e' },
    }),
    ...dots,
    mark(x(p50), middle, 20, fill),
    mark(x(p95), middle, 10, fill),
  ];
}

function mark(x: number, middle: number, reach: number, stroke: string): Element {
  return element('line', { x1: x, x2: x, y1: middle - reach, y2: middle + reach, stroke, 'stroke-width': 2 });
}
