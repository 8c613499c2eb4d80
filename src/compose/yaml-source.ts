import { Lexer, LineCounter, parseDocument, type ParsedNode } from 'yaml';
import { ProblemList } from './problem-list.ts';

/** Larger files are refused unread. */
export const MAX_FILE_BYTES = 1024 * 1024;
/** Bounds the time that parsing takes; a file of 5 000 ordinary lines has about 30 000. */
export const MAX_TOKENS = 60_000;
/** Backslashes in one quoted text: the parser takes long over wrong ones. */
const MAX_ESCAPES = 20_000;
/** Depth of `[` and `{`. */
export const MAX_DEPTH = 64;

/** A file whose YAML is sound (when `root` is there), with the list in which to note its problems. */
export interface YamlSource {
  readonly root?: ParsedNode;
  readonly problems: ProblemList;
}

/** Reads YAML within fixed bounds of size, tokens and depth. Never throws. */
export function readYaml(text: string): YamlSource {
  const refusal = refuse(text);
  if (refusal !== undefined) {
    const problems = new ProblemList();
    problems.add('invalid', 'file', refusal, undefined);
    return { problems };
  }
  const lines = new LineCounter();
  const problems = new ProblemList(lines);
  try {
    return parse(text, lines, problems);
  } catch (error) {
    // The parser recurses: text that is nested too deeply for it ends here.
    problems.add('invalid', 'file', `cannot be read as YAML: ${messageOf(error)}`, undefined);
    return { problems };
  }
}

function parse(text: string, lines: LineCounter, problems: ProblemList): YamlSource {
  const document = parseDocument(text, {
    // Duplicate keys are found by the reader of values, in linear time.
    uniqueKeys: false,
    merge: true,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'silent',
  });
  for (const error of document.errors) problems.add('invalid', 'file', sentence(error.message), error.pos[0]);
  if (problems.hasErrors) return { problems };
  if (document.contents === null) {
    problems.add('invalid', 'file', 'the file is empty: it needs a "services" section', undefined);
    return { problems };
  }
  return { root: document.contents, problems };
}

/** A reason not to parse the text at all. The lexer alone is linear and does not recurse. */
function refuse(text: string): string | undefined {
  if (text.length > MAX_FILE_BYTES) return `the file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`;
  for (const [index, line] of text.split('\n').entries()) {
    const code = unprintableIn(line);
    if (code !== undefined)
      return `line ${index + 1} has the control character ${code}, which YAML does not allow`;
  }
  let tokens = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (tokens > MAX_TOKENS) return `the file has more than ${MAX_TOKENS} YAML tokens`;
    if (token.startsWith('"') && token.split('\\', MAX_ESCAPES + 2).length > MAX_ESCAPES + 1) {
      return `a quoted text has more than ${MAX_ESCAPES} escapes`;
    }
    if (depth > MAX_DEPTH) return `brackets are nested deeper than ${MAX_DEPTH}`;
  }
  return undefined;
}

/** Characters that YAML does not allow, and its parser passes on. */
function isUnprintable(code: number): boolean {
  return (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0x7f;
}

function unprintableIn(line: string): number | undefined {
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index);
    if (isUnprintable(code)) return code;
  }
  return undefined;
}

function sentence(message: string): string {
  const tabs = /tabs? /i.test(message) ? ' (YAML indents with spaces)' : '';
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}${tabs}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
