/** When an environment that nobody uses comes to rest, and what wakes it. */
export interface IdlePolicy {
  /** How long nothing must have gone through its ports, and its guest must have done next to nothing, in ms. */
  readonly afterMs: number;
  /** `freeze` keeps its memory and wakes within milliseconds; `sleep` gives the memory back, too. */
  readonly rest: 'freeze' | 'sleep';
  /** How long it is frozen until it falls asleep, in ms; absent: only under pressure. */
  readonly sleepAfterMs?: number;
  /** What wakes it: a connection, or the first bytes on one, for protocols in which the client speaks first. */
  readonly wake: 'connect' | 'data';
  /** Addresses (`10.0.0.7`) and networks (`10.0.0.0/8`) whose connections neither wake it nor keep it awake. */
  readonly ignore: readonly string[];
  /** Times of the week in which it stays awake. */
  readonly awake: readonly WeekTime[];
}

/** A time of some days of the week, on the host's clock. It may go past midnight. */
export interface WeekTime {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight. */
  readonly from: number;
  readonly to: number;
}

/** Rest of an environment that is `frozen` or `asleep`. */
export interface Rest {
  readonly since: string;
  /** What it came from. */
  readonly cause: string;
  /** Bytes on disk that its memory takes, while it is asleep. */
  readonly savedBytes?: number;
}
