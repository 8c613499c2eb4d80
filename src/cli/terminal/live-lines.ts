import { truncate } from '../format/width.ts';
import type { Output } from './output.ts';

const ESCAPE = '\u001b';

/** A few lines at the end of the terminal that are drawn again and again, below lines that stay. */
export interface LiveLines {
  /** Writes `lasting` above, for good, and shows `live` below it. Lines are cut to the terminal's width. */
  show(lasting: readonly string[], live: readonly LiveLine[]): void;
  /** Takes the live lines away. */
  clear(): void;
}

/** A line before it is cut to the width: the text is plain, `paint` colours what is left of it. */
export interface LiveLine {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Live lines for a terminal; only to be used where `output.isTerminal`. */
export function createLiveLines(output: Output): LiveLines {
  let shown = 0;
  const erase = (): string => (shown === 0 ? '' : `${ESCAPE}[${shown}A${ESCAPE}[J`);
  return {
    show(lasting, live) {
      const width = Math.max(20, output.columns() - 1);
      const lines = live.map((line) => (line.paint ?? ((text: string) => text))(truncate(line.text, width)));
      const text = [...lasting, ...lines].map((line) => `${line}\n`).join('');
      output.write(erase() + text);
      shown = lines.length;
    },
    clear() {
      if (shown > 0) output.write(erase());
      shown = 0;
    },
  };
}
