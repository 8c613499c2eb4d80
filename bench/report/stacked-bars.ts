import { colour, drawing, type Element, element, scale, text } from './svg.ts';

export interface StackedBar {
  readonly label: string;
  /** By name of the part. */
  readonly parts: Readonly<Record<string, number>>;
}

const WIDTH = 820;
const TOP = 44;

/** Bars made of parts, and a legend of the parts in the order of their first appearance. */
export function stackedBars(
  title: string,
  unit: string,
  bars: readonly StackedBar[],
  o: { readonly labelWidth: number; readonly barHeight: number },
): string {
  const names = [...new Set(bars.flatMap(({ parts }) => Object.keys(parts)))];
  const pitch = o.barHeight + Math.max(4, o.barHeight / 3);
  const bottom = TOP + bars.length * pitch;
  const max = Math.max(1, ...bars.map(({ parts }) => total(parts)));
  const { parts, x } = scale({ left: o.labelWidth, right: WIDTH - 60, top: TOP, bottom, max, unit });
  const drawn = bars.flatMap((bar, index) =>
    drawBar(bar, names, { y: TOP + index * pitch + 2, height: o.barHeight, labelWidth: o.labelWidth }, x),
  );
  const legend = drawLegend(names, o.labelWidth, bottom + 44);
  return drawing(WIDTH, bottom + 50 + 20 * Math.ceil(names.length / PER_LINE), title, [
    ...parts,
    ...drawn,
    ...legend,
  ]);
}

function drawBar(
  bar: StackedBar,
  names: readonly string[],
  at: { readonly y: number; readonly height: number; readonly labelWidth: number },
  x: (value: number) => number,
): Element[] {
  const drawn: Element[] = [];
  let from = 0;
  for (const [index, name] of names.entries()) {
    const value = bar.parts[name] ?? 0;
    const tip = element('title', {}, `${name}: ${Math.round(value * 10) / 10}`);
    const width = Math.max(0, x(from + value) - x(from));
    drawn.push(element('rect', { x: x(from), y: at.y, width, height: at.height, fill: colour(index) }, tip));
    from += value;
  }
  const base = at.y + at.height / 2 + 4;
  drawn.push(
    text(at.labelWidth - 10, base, bar.label, { 'text-anchor': 'end', 'font-size': Math.min(13, at.height) }),
  );
  drawn.push(text(x(from) + 5, base, String(Math.round(from)), { 'font-size': Math.min(11, at.height) }));
  return drawn;
}

const PER_LINE = 4;
const LEGEND_WIDTH = 140;

function drawLegend(names: readonly string[], left: number, top: number): Element[] {
  return names.flatMap((name, index) => {
    const x = left + (index % PER_LINE) * LEGEND_WIDTH;
    const y = top + Math.floor(index / PER_LINE) * 20;
    return [
      element('rect', { x, y: y - 10, width: 12, height: 12, fill: colour(index) }),
      text(x + 18, y, name, { 'font-size': 12 }),
    ];
  });
}

function total(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((sum, value) => sum + value, 0);
}
