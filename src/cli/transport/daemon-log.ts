import { type BerthError, berthError, type ErrorCode, registry } from '../../errors/index.ts';
import { tailFile } from '../../host/index.ts';

const TAIL_BYTES = 8 * 1024;
const SHOWN_LINES = 5;
const STACK_FRAME = /^\s+at /;

/** The last lines of the daemon's log as a person reads them; empty when there is none. */
export async function lastLogLines(path: string): Promise<string[]> {
  const text = await tailFile(path, TAIL_BYTES).catch(() => '');
  return readableLines(text).slice(-SHOWN_LINES);
}

/** Why the daemon gave up, as it wrote it to its log since `sinceMs`; `undefined` when it wrote no such line. */
export async function lastFailure(path: string, sinceMs: number): Promise<BerthError | undefined> {
  return failureIn(await tailFile(path, TAIL_BYTES).catch(() => ''), sinceMs);
}

/** The last failure with a code of the registry in these log lines. */
export function failureIn(text: string, sinceMs: number): BerthError | undefined {
  for (const line of text.split('\n').reverse()) {
    const entry = parseObject(line);
    if (entry === undefined) continue;
    const { time, code, msg, remedy } = entry;
    if (typeof code !== 'string' || !isErrorCode(code) || typeof msg !== 'string') continue;
    if (typeof time !== 'string' || Date.parse(time) < sinceMs) return undefined;
    return berthError(code, msg, typeof remedy === 'string' ? { remedy } : {});
  }
  return undefined;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(registry, code);
}

/** Log lines without their JSON: the message and the message of its error. Lines that are no JSON stay as they are, stacks go. */
export function readableLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !STACK_FRAME.test(line))
    .map(readableLine);
}

function readableLine(line: string): string {
  const entry = parseObject(line);
  if (entry === undefined) return line;
  const cause = isObject(entry['err']) ? entry['err']['message'] : undefined;
  const parts = [entry['msg'], cause].filter((part) => typeof part === 'string' && part !== '');
  return parts.length === 0 ? line : [...new Set(parts)].join(': ');
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
