import { parseSync, type Program } from 'oxc-parser';

/** An import of any kind: static, dynamic, type-only, re-export, `require`. */
export interface ImportFact {
  /** What stands between the quotes; undefined when it is computed and cannot be checked. */
  readonly specifier: string | undefined;
  /** True when nothing of it is left after compilation. */
  readonly typeOnly: boolean;
  /** 1-based. */
  readonly line: number;
}

/** A use of a clock or a source of random values. */
export interface ImpureFact {
  /** As it would be written: `Date.now`. */
  readonly what: string;
  /** 1-based. */
  readonly line: number;
}

/** What the layer check wants to know of one source file. */
export interface SourceFacts {
  readonly imports: readonly ImportFact[];
  readonly impure: readonly ImpureFact[];
}

/** A node of the syntax tree (ESTree with TypeScript), seen loosely. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const IMPURE_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'crypto.randomBytes',
  'crypto.randomInt',
]);
const IMPURE_NAMES = new Set(['randomUUID', 'getRandomValues', 'randomBytes', 'randomInt', 'hrtime']);

/** Reads one TypeScript file. Throws when it cannot be parsed: what cannot be read cannot be vouched for. */
export function readSourceFacts(fileName: string, text: string): SourceFacts {
  const { program, errors } = parseSync(fileName, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${fileName}: ${error.message}`);
  const imports: ImportFact[] = [];
  const impure: ImpureFact[] = [];
  const lineAt = lineFinder(text);
  for (const node of nodesOf(program)) {
    const source = importedFrom(node);
    if (source !== undefined)
      imports.push({ specifier: literal(source), typeOnly: isTypeOnly(node), line: lineAt(node.start) });
    const what = impureUse(node);
    if (what !== undefined) impure.push({ what, line: lineAt(node.start) });
  }
  return { imports, impure };
}

function* nodesOf(program: Program): Generator<Node> {
  const queue: unknown[] = [program];
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
    if (Array.isArray(item)) queue.push(...item.toReversed().filter((each) => isObject(each)));
    else if (isObject(item)) {
      if (isNode(item)) yield item;
      queue.push(
        ...Object.values(item)
          .toReversed()
          .filter((each) => isObject(each)),
      );
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isNode(value: unknown): value is Node {
  return isObject(value) && 'type' in value && typeof value.type === 'string' && 'start' in value;
}

/** The node that names what is imported; `null` stands for an import whose source cannot be read. */
function importedFrom(node: Node): unknown {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return node['source'] ?? null;
    case 'ExportNamedDeclaration':
      return node['source'] ?? undefined;
    case 'TSExternalModuleReference':
      return node['expression'] ?? null;
    case 'CallExpression':
      return isRequire(node['callee']) ? (firstOf(node['arguments']) ?? null) : undefined;
    default:
      return undefined;
  }
}

function isTypeOnly(node: Node): boolean {
  // `import { type A } from` is still an import at run time, for the sake of what the module does when it is loaded.
  return node.type === 'TSImportType' || node['importKind'] === 'type' || node['exportKind'] === 'type';
}

function isRequire(callee: unknown): boolean {
  const name = dottedName(callee);
  return name === 'require' || name === 'require.resolve' || name === 'process.getBuiltinModule';
}

function impureUse(node: Node): string | undefined {
  if (node.type === 'MemberExpression') {
    const name = dottedName(node)?.replace(/^globalThis\./, '');
    return name !== undefined && IMPURE_MEMBERS.has(name) ? name : undefined;
  }
  if (node.type === 'NewExpression' || node.type === 'CallExpression') {
    const name = dottedName(node['callee'])?.replace(/^globalThis\./, '');
    if (name === undefined) return undefined;
    // `new Date(text)` only converts; `Date(…)` without `new` reads the clock whatever it is given.
    const reads = node.type === 'CallExpression' || firstOf(node['arguments']) === undefined;
    if (name === 'Date' && reads) return node.type === 'NewExpression' ? 'new Date()' : 'Date()';
    if (IMPURE_NAMES.has(name)) return name;
  }
  return undefined;
}

function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return String(node['name']);
  if (node.type !== 'MemberExpression') return undefined;
  const object = dottedName(node['object']);
  const property = node['computed'] === true ? literal(node['property']) : dottedName(node['property']);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'TSLiteralType') return literal(node['literal']);
  return typeof node['value'] === 'string' ? node['value'] : undefined;
}

function firstOf(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}
