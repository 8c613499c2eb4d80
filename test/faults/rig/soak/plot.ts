import { colour, drawing, type Element, element, niceStep, text } from '../../../../bench/report/svg.ts';
import type { SoakSample } from './measure.ts';

const WIDTH = 820;
const LEFT = 70;
const RIGHT = WIDTH - 20;
const TOP = 50;
const PANEL = 74;
const GAP = 34;
const MIB = 1024 ** 2;

interface Row {
  readonly title: string;
  of(sample: SoakSample): number;
}

const ROWS: readonly Row[] = [
  { title: 'file descriptors of the daemon', of: ({ descriptors }) => descriptors },
  { title: 'memory of the daemon, MiB: resident', of: ({ rssBytes }) => rssBytes / MIB },
  { title: 'files below the home', of: ({ files }) => files },
  { title: 'network namespaces', of: ({ namespaces }) => namespaces },
  { title: 'rows of the store, without operations and events', of: ({ rows }) => rows },
  { title: 'operations and events, of which 500 and 1000 are kept', of: ({ history }) => history },
];

/** One panel for each thing that must not grow, over the cycles. */
export function soakPlot(title: string, samples: readonly SoakSample[]): string {
  const height = TOP + ROWS.length * (PANEL + GAP) + 20;
  const last = Math.max(1, samples.at(-1)?.cycles ?? 1);
  const x = (cycles: number) => LEFT + ((RIGHT - LEFT) * cycles) / last;
  const parts = ROWS.flatMap((row, index) => panel(row, index, samples, x));
  const labels = [0, 1, 2, 3, 4].map((part) => {
    const cycles = Math.round((last * part) / 4);
    const end = part === 4 ? ' cycles' : '';
    return text(x(cycles), height - 14, `${cycles}${end}`, {
      'text-anchor': part === 4 ? 'end' : 'middle',
      'font-size': 11,
    });
  });
  return drawing(WIDTH, height, title, [...parts, ...labels]);
}

function panel(
  row: Row,
  index: number,
  samples: readonly SoakSample[],
  x: (cycles: number) => number,
): Element[] {
  const top = TOP + index * (PANEL + GAP) + 16;
  const bottom = top + PANEL;
  const values = samples.map((sample) => row.of(sample));
  const step = niceStep(Math.max(1, ...values) / 2);
  const max = step * Math.ceil(Math.max(1, ...values) / step);
  const y = (value: number) => bottom - ((bottom - top) * value) / max;
  const lines = Array.from({ length: Math.round(max / step) + 1 }, (_, line) => line * step).flatMap(
    (value) => [
      element('line', { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value), stroke: '#d0d7de' }),
      text(LEFT - 8, y(value) + 4, String(value), { 'text-anchor': 'end', 'font-size': 11 }),
    ],
  );
  const points = samples
    .map((sample) => `${x(sample.cycles).toFixed(1)},${y(row.of(sample)).toFixed(1)}`)
    .join(' ');
  return [
    text(LEFT, top - 6, row.title, { 'font-size': 12 }),
    ...lines,
    element('polyline', { points, fill: 'none', stroke: colour(index), 'stroke-width': 2 }),
  ];
}
