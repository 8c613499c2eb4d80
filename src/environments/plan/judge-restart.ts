/** What is done about a guest that restarted by itself. */
export type RestartVerdict =
  /** Bring it back; for `holdMs` it stands still first. */
  | { readonly kind: 'revive'; readonly holdMs: number }
  /** It restarts over and over: end its machine. */
  | { readonly kind: 'give-up' };

/** Restarts that are longer ago do not count, in ms. */
export const RESTART_WINDOW_MS = 10 * 60_000;
/** So many restarts within the window are too many. */
export const MAX_RESTARTS = 6;
/** Restarts of which each guest may have some at once. */
const FREE_RESTARTS = 2;
const FIRST_HOLD_MS = 1_000;

/** The times that count, in ms since 1970, with the newest one. */
export function recentRestarts(times: readonly number[], nowMs: number): number[] {
  // What lies in the future was noted before the host's clock was set back.
  return [...times.filter((time) => time <= nowMs && nowMs - time < RESTART_WINDOW_MS), nowMs];
}

/** Decides by the number of recent restarts: the first ones are taken as accidents, later ones wait 1, 2, 4 s, then it is over. */
export function judgeRestart(recent: readonly number[]): RestartVerdict {
  const count = recent.length;
  if (count >= MAX_RESTARTS) return { kind: 'give-up' };
  if (count <= FREE_RESTARTS) return { kind: 'revive', holdMs: 0 };
  return { kind: 'revive', holdMs: FIRST_HOLD_MS * 2 ** (count - FREE_RESTARTS - 1) };
}
