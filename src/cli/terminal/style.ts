/** Paints words for a terminal; every function gives its text back unchanged when colours are off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const ESCAPE = '\u001b';

function paint(open: number, close: number): (text: string) => string {
  return (text) => `${ESCAPE}[${open}m${text}${ESCAPE}[${close}m`;
}

const plain = (text: string): string => text;

const PLAIN: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

const COLOURED: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
  cyan: paint(36, 39),
};

/** The style for one stream: colours on a terminal, none in a pipe. */
export function createStyle(coloured: boolean): Style {
  return coloured ? COLOURED : PLAIN;
}

/**
 * True when colours are wanted: on a terminal, unless `NO_COLOR` is set to anything (https://no-color.org) or the
 * terminal is `dumb`; `FORCE_COLOR` other than `0` turns them on in a pipe too.
 */
export function wantsColour(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0';
  return isTerminal && env['TERM'] !== 'dumb';
}
