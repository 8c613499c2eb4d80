/** Something in which what Berth has written down and what is on the host differ. */
export interface Difference {
  /** Stable key: `orphan-process`, `port-closed`, … */
  readonly kind: string;
  /** Name of the environment, or whatever it is about. */
  readonly subject: string;
  /** What is the case. */
  readonly message: string;
  /** What a repair does; absent where Berth cannot mend it. */
  readonly repair?: string;
  /** What a person can do; absent where a repair does it. */
  readonly remedy?: string;
}

/** What `berth doctor` found. */
export interface DoctorReport {
  /** True when nothing differs. */
  readonly ok: boolean;
  /** How many environments were looked at. */
  readonly environments: number;
  readonly differences: readonly Difference[];
}
