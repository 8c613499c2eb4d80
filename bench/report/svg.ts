/** Attributes of an element; numbers are rounded to a tenth. */
export type Attributes = Readonly<Record<string, string | number>>;

/** One element; `content` is text that is escaped, or elements that are not. */
export function element(
  name: string,
  attributes: Attributes,
  ...content: readonly (Element | string)[]
): Element {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(shown(value))}"`);
  const inner = content.map((part) => (typeof part === 'string' ? escape(part) : part.svg)).join('');
  return {
    svg: inner === '' ? `<${name}${words.join('')}/>` : `<${name}${words.join('')}>${inner}</${name}>`,
  };
}

export interface Element {
  readonly svg: string;
}

/** Colours that stand apart for colour-blind readers too. */
export const PALETTE = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#999999'] as const;
const INK = '#1f2328';
const PALE = '#d0d7de';

export function colour(index: number): string {
  return PALETTE[index % PALETTE.length] ?? INK;
}

/** A whole drawing with a white ground, so that it can be read on a dark page too. */
export function drawing(width: number, height: number, title: string, parts: readonly Element[]): string {
  const ground = element('rect', { width, height, fill: '#ffffff', rx: 6 });
  const head = element('title', {}, title);
  const font = 'system-ui, sans-serif';
  const attributes = {
    ...{ xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img' },
    ...{ 'font-family': font, 'font-size': 13, fill: INK },
  };
  const caption = text(16, 24, title, { 'font-weight': 600 });
  return `${element('svg', attributes, head, ground, caption, ...parts).svg}\n`;
}

export function text(x: number, y: number, content: string, more: Attributes = {}): Element {
  return element('text', { x, y, ...more }, content);
}

/** A scale from 0 with a line and a number for each step, drawn from `top` to `bottom`. */
export function scale(o: {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly max: number;
  readonly unit: string;
}): { readonly parts: Element[]; readonly x: (value: number) => number } {
  const step = niceStep(o.max / 6);
  const end = Math.max(step, Math.ceil(o.max / step) * step);
  const x = (value: number) => o.left + ((o.right - o.left) * value) / end;
  const parts: Element[] = [];
  for (let index = 0; index * step <= end + step / 2; index++) {
    const value = index * step;
    parts.push(element('line', { x1: x(value), x2: x(value), y1: o.top, y2: o.bottom, stroke: PALE }));
    const label = index === 0 ? '0' : `${shown(value)} ${o.unit}`;
    parts.push(text(x(value), o.bottom + 18, label, { 'text-anchor': 'middle', 'font-size': 11 }));
  }
  return { parts, x };
}

/** The next of 1, 2, 5, 10, 20, … that is not below `least`. */
export function niceStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= least * 0.999) ?? 10;
  return factor * power;
}

function shown(value: string | number): string {
  return typeof value === 'string' ? value : String(Math.round(value * 10) / 10);
}

function escape(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
