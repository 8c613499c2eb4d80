import type { Finding, FindingLevel } from '../model/index.ts';

/** What the checks look at. */
export interface CheckContext {
  /** BERTH_HOME. */
  readonly home: string;
  /** Directory of the sockets. */
  readonly run: string;
  /** Program name or path of QEMU. */
  readonly qemuPath: string;
  /** Kernel of a guest image, for the accelerator's probe. */
  readonly kernelPath?: string;
  readonly signal?: AbortSignal;
}

/** Looks at one thing and tells what it found; it throws only when it was cancelled. */
export type Check = (context: CheckContext) => Promise<readonly Finding[]>;

export const SETUP_REMEDY = 'run sudo ./berth host setup';

/** A finding that all is well. */
export function fine(check: string, message: string): Finding {
  return { check, level: 'ok', message };
}

/** A finding that asks for something. */
export function problem(
  check: string,
  level: Exclude<FindingLevel, 'ok'>,
  message: string,
  remedy: string,
): Finding {
  return { check, level, message, remedy };
}
