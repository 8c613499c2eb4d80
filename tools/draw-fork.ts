/**
 * Draws what a fork is, for the README: `node tools/draw-fork.ts --write` writes `docs/images/fork.svg`. The drawing has a ground of
 * its own, so that it can be read on a light page and on a dark one.
 */
import { join } from 'node:path';
import { printOrWrite } from './pages/print-or-write.ts';

const WIDTH = 880;
const HEIGHT = 406;
const INK = '#1f2328';
const FAINT = '#57606a';
const LINE = '#8c959f';
/** Colours that stand apart for colour-blind readers too. */
const OWN = '#d55e00';
const SHARED = '#0072b2';
const CELL = 8;
const STEP = 10;
const COLUMNS = 16;
/** Width of a machine, and of the fork point. */
const BOX = 248;
/** Where pages begin within it. */
const PAGES = 72;

type Painter = (index: number) => 'own' | 'shared' | 'through';

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function text(x: number, y: number, words: string, o: { bold?: boolean; faint?: boolean } = {}): string {
  const weight = o.bold === true ? ' font-weight="600"' : '';
  return `<text x="${x}" y="${y}"${weight} fill="${o.faint === true ? FAINT : INK}">${escape(words)}</text>`;
}

function box(x: number, y: number, width: number, height: number, dashed = false): string {
  const dashes = dashed ? ' stroke-dasharray="5 4"' : '';
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="#ffffff" stroke="${LINE}"${dashes}/>`;
}

/** Pages of memory or clusters of a disk: full where something is kept, an outline where it is seen through. */
function pages(x: number, y: number, rows: number, paint: Painter): string {
  return Array.from({ length: rows * COLUMNS }, (_, index) => {
    const kind = paint(index);
    const fill = kind === 'own' ? OWN : kind === 'shared' ? SHARED : 'none';
    const left = x + (index % COLUMNS) * STEP + 0.5;
    const top = y + Math.floor(index / COLUMNS) * STEP + 0.5;
    const stroke = kind === 'through' ? SHARED : fill;
    const faint = kind === 'through' ? ' stroke-opacity="0.45"' : '';
    return `<rect x="${left}" y="${top}" width="${CELL - 1}" height="${CELL - 1}" fill="${fill}" stroke="${stroke}"${faint}/>`;
  }).join('');
}

/** A few pages of a fork are its own; which ones is scattered, and the same in each drawing. */
function scattered(seed: number, among: number): Painter {
  return (index) => (((index * 7 + seed * 5) * 13) % 31 < among ? 'own' : 'through');
}

function arrow(fromX: number, fromY: number, toX: number, toY: number): string {
  const middle = (fromX + toX) / 2;
  const path = `M${fromX} ${fromY} C${middle} ${fromY} ${middle} ${toY} ${toX - 2} ${toY}`;
  return `<path d="${path}" fill="none" stroke="${LINE}" stroke-width="1.5" marker-end="url(#tip)"/>`;
}

function running(
  x: number,
  y: number,
  name: string,
  address: string,
  memory: Painter,
  disk: Painter,
): string {
  return [
    box(x, y, BOX, 108),
    text(x + 14, y + 22, name, { bold: true }),
    text(x + 128, y + 22, address, { faint: true }),
    text(x + 14, y + 46, 'memory', { faint: true }),
    pages(x + PAGES, y + 35, 4, memory),
    text(x + 14, y + 93, 'disk', { faint: true }),
    pages(x + PAGES, y + 83, 1, disk),
  ].join('');
}

function frozen(x: number, y: number): string {
  return [
    box(x, y, BOX, 128, true),
    text(x + 14, y + 22, 'fork point', { bold: true }),
    text(x + 98, y + 22, 'read-only, kept once', { faint: true }),
    text(x + 14, y + 46, 'memory', { faint: true }),
    pages(x + PAGES, y + 35, 5, () => 'shared'),
    text(x + 14, y + 109, 'disk', { faint: true }),
    pages(x + PAGES, y + 94, 2, () => 'shared'),
  ].join('');
}

function legend(x: number, y: number): string {
  const sample = (at: number, fill: string, words: string): string =>
    `<rect x="${at}" y="${y - 9}" width="9" height="9" fill="${fill}" stroke="${fill === 'none' ? SHARED : fill}"/>${text(at + 16, y, words, { faint: true })}`;
  return [
    sample(x, SHARED, 'kept in the fork point'),
    sample(x + 180, 'none', 'seen there, not copied'),
    sample(x + 365, OWN, 'own, since it was written'),
  ].join('');
}

function drawing(): string {
  const forks = [0, 1, 2].map((index) => {
    const y = 20 + index * 118;
    const name = `shop-fork-${index + 1}`;
    return [
      arrow(564, 192, 616, y + 54),
      running(616, y, name, `127.88.0.${index + 2}:8080`, scattered(index, 3), scattered(index + 3, 5)),
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    '<title>A running environment, frozen for a moment into a fork point, and three forks that share its memory and disk until they write</title>',
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${LINE}"/></marker></defs>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#f6f8fa"/>`,
    arrow(264, 192, 314, 192),
    text(272, 182, 'freeze', { faint: true }),
    running(16, 138, 'shop', '127.88.0.1:8080', () => 'own', scattered(9, 4)),
    ...forks,
    frozen(316, 128),
    legend(16, 390),
    '</svg>',
    '',
  ].join('\n');
}

printOrWrite(join(import.meta.dirname, '../docs/images/fork.svg'), drawing);
