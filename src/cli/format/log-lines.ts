import type { LogLine } from '../../contract/index.ts';
import { escapeMetadata, stripControl } from '../terminal/escape.ts';
import type { Output } from '../terminal/output.ts';
import { visibleWidth } from './width.ts';

/**
 * Makes lines of a log: with several services each line begins with its service's name, in a colour of its own.
 * On a terminal what would drive the terminal is taken out of a line; in a pipe the line stays as it was written.
 */
export function createLogFormat(services: readonly string[], output: Output): (line: LogLine) => string {
  const { cyan, green, yellow } = output.style;
  const paints = [cyan, green, yellow];
  const width = Math.max(0, ...services.map(visibleWidth));
  return ({ service, at, line }) => {
    const text = output.isTerminal ? stripControl(line) : line;
    const moment = at === undefined ? '' : `${at} `;
    if (services.length < 2) return `${moment}${text}`;
    const paint = paints[Math.max(0, services.indexOf(service)) % paints.length] ?? cyan;
    return `${paint(`${escapeMetadata(service).padEnd(width)} |`)} ${moment}${text}`;
  };
}

/** The last `count` lines of a text, all of them when absent; a line end at the end makes no empty line. */
export function lastLines(text: string, count: number | undefined): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  if (count === undefined) return lines;
  return count === 0 ? [] : lines.slice(-count);
}
