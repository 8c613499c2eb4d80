import { readFileSync } from 'node:fs';

/** The fields of `/proc/<pid>/stat` that Berth reads (proc_pid_stat(5)). */
export interface ProcessStat {
  /** Name of the executable, at most 15 characters; may hold spaces and parentheses. */
  readonly command: string;
  /** One letter: `R`, `S`, `D`, `Z` (zombie), `X` (dead), … */
  readonly state: string;
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Field 22: clock ticks between the host's boot and the start of the process. */
  readonly startTicks: number;
}

/**
 * Parses one `/proc/<pid>/stat` line; `undefined` when it is malformed.
 * The command is written raw between the first `(` and the last `)`, so splitting by spaces would go wrong.
 */
export function parseProcessStat(line: string): ProcessStat | undefined {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  // What follows the command starts with field 3.
  const fields = line
    .slice(close + 2)
    .trim()
    .split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const state = fields[0];
  const startTicks = field(22);
  if (state === undefined || !Number.isInteger(startTicks)) return undefined;
  return {
    command: line.slice(open + 1, close),
    state,
    userTicks: field(14),
    systemTicks: field(15),
    startTicks,
  };
}

/** Reads `/proc/<pid>/stat`; `undefined` when there is no such process. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}
