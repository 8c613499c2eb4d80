/** What became of one string with `$` in it. */
export interface Interpolated {
  readonly text: string;
  /** Every variable it names, those inside defaults too. */
  readonly names: readonly string[];
  /** Variables that have no value and no default: they became empty. */
  readonly unset: readonly string[];
  readonly errors: readonly string[];
  /** Which forms it uses, as in `${A:-b}`: each once. */
  readonly forms: readonly string[];
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /(?::?[-?+])?/y;
const MAX_NESTING = 16;

interface Scan {
  readonly source: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly names: Set<string>;
  readonly unset: Set<string>;
  readonly errors: string[];
  readonly forms: Set<string>;
  at: number;
  /** Set by the first broken expression: what follows it cannot be understood. */
  broken: boolean;
}

/**
 * Fills in `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`, `${NAME?error}`,
 * `${NAME:+instead}`, `${NAME+instead}` and `$$`, as docker-compose does: a `$` before anything else stands for itself, and
 * words that are not used are read (and may fail) all the same. Never throws; runs in linear time.
 */
export function interpolate(source: string, variables: Readonly<Record<string, string>>): Interpolated {
  const scan: Scan = {
    source,
    variables,
    names: new Set(),
    unset: new Set(),
    errors: [],
    forms: new Set(),
    at: 0,
    broken: false,
  };
  const text = readText(scan);
  const { names, unset, errors, forms } = scan;
  return { text, names: [...names], unset: [...unset], errors, forms: [...forms] };
}

function readText(scan: Scan): string {
  const parts: string[] = [];
  for (;;) {
    const dollar = scan.source.indexOf('$', scan.at);
    parts.push(scan.source.slice(scan.at, dollar < 0 ? undefined : dollar));
    if (dollar < 0) return parts.join('');
    scan.at = dollar;
    parts.push(readExpression(scan, 0));
  }
}

/** Reads a default or a message: up to the `}` that closes the expression around it, over braces that come in pairs. */
function readWord(scan: Scan, depth: number): string {
  const parts: string[] = [];
  let open = 0;
  while (scan.at < scan.source.length) {
    const character = scan.source.charAt(scan.at);
    if (character === '}' && open === 0) break;
    if (character === '{') open += 1;
    if (character === '}') open -= 1;
    if (character === '$') {
      parts.push(readExpression(scan, depth));
    } else {
      parts.push(character);
      scan.at += 1;
    }
  }
  return parts.join('');
}

function readExpression(scan: Scan, depth: number): string {
  const next = scan.source[scan.at + 1];
  if (next === '$') {
    scan.at += 2;
    scan.forms.add('$$');
    return '$';
  }
  const braced = next === '{';
  scan.at += braced ? 2 : 1;
  const name = readMatch(scan, NAME);
  if (name === undefined) return braced ? breakOff(scan, '"${" must be followed by a variable name') : '$';
  scan.names.add(name);
  if (depth > 0) scan.forms.add('${A:-${B}}');
  if (!braced) scan.forms.add('$A');
  return braced ? readBraced(scan, name, depth) : valueOrEmpty(scan, name);
}

function readMatch(scan: Scan, expression: RegExp): string | undefined {
  expression.lastIndex = scan.at;
  const found = expression.exec(scan.source)?.[0];
  if (found !== undefined) scan.at += found.length;
  return found;
}

function readBraced(scan: Scan, name: string, depth: number): string {
  if (depth >= MAX_NESTING) return breakOff(scan, `variables are nested deeper than ${MAX_NESTING}`);
  const sign = readMatch(scan, OPERATOR) ?? '';
  scan.forms.add(sign === '' ? '${A}' : `\${A${sign}b}`);
  const word = sign === '' ? '' : readWord(scan, depth + 1);
  if (scan.source[scan.at] !== '}')
    return breakOff(scan, `"\${${name}" has no closing "}" or an unknown operator`);
  scan.at += 1;
  const value = valueOf(scan, name);
  const counts = value !== undefined && (value !== '' || !sign.startsWith(':'));
  switch (sign.at(-1)) {
    case '-':
      return counts ? value : word;
    case '+':
      return counts ? word : '';
    case '?':
      if (!counts) scan.errors.push(`variable ${name} is required${word === '' ? '' : `: ${word}`}`);
      return value ?? '';
    default:
      return valueOrEmpty(scan, name);
  }
}

function valueOf(scan: Scan, name: string): string | undefined {
  return Object.hasOwn(scan.variables, name) ? scan.variables[name] : undefined;
}

function valueOrEmpty(scan: Scan, name: string): string {
  const value = valueOf(scan, name);
  if (value === undefined) scan.unset.add(name);
  return value ?? '';
}

function breakOff(scan: Scan, message: string): string {
  if (!scan.broken) scan.errors.push(`${message}; write "$$" for a dollar sign`);
  scan.broken = true;
  scan.at = scan.source.length;
  return '';
}
