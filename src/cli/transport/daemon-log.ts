import { tailFile } from '../../host/index.ts';

const TAIL_BYTES = 8 * 1024;
const SHOWN_LINES = 5;

/** The last lines of the daemon's log as a person reads them; empty when there is none. */
export async function lastLogLines(path: string): Promise<string[]> {
  const text = await tailFile(path, TAIL_BYTES).catch(() => '');
  return readableLines(text).slice(-SHOWN_LINES);
}

/** Log lines without their JSON: the message and the message of its error. Lines that are no JSON stay as they are. */
export function readableLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
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
