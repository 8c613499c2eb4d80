/** How many warm forks of a template the user wants to have at hand. */
export interface PoolBounds {
  readonly min: number;
  readonly max: number;
}

/** How the host is doing. */
export interface HostLoad {
  /** Memory that can be used without swapping, as a share of all: 0 to 1. */
  readonly availableShare: number;
  /** Share of the last ten seconds in which some task waited for memory, in percent; absent where the kernel does not tell. */
  readonly memoryStalledPercent?: number;
}

/** `room`: members may be added; `hold`: none are; `shrink`: they are given up. */
export type Pressure = 'room' | 'hold' | 'shrink';

/** Takes within this time are the demand that a pool is sized by. */
export const DEMAND_WINDOW_MS = 60_000;
const SHRINK_BELOW = 0.1;
const HOLD_BELOW = 0.15;
const SHRINK_STALLED_PERCENT = 10;
const HOLD_STALLED_PERCENT = 2;

/** As many members as were wanted within the last minute, within the bounds. */
export function wantedMembers({ min, max }: PoolBounds, takesMs: readonly number[], nowMs: number): number {
  const lately = takesMs.filter((at) => nowMs - at < DEMAND_WINDOW_MS).length;
  return Math.min(max, Math.max(min, lately));
}

/** Warm forks are the first that goes when memory is short. */
export function judgePressure({ availableShare, memoryStalledPercent = 0 }: HostLoad): Pressure {
  if (availableShare < SHRINK_BELOW || memoryStalledPercent > SHRINK_STALLED_PERCENT) return 'shrink';
  if (availableShare < HOLD_BELOW || memoryStalledPercent > HOLD_STALLED_PERCENT) return 'hold';
  return 'room';
}
