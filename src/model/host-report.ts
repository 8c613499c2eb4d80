export type FindingLevel = 'ok' | 'warning' | 'error';

/** One line of `berth host doctor`. */
export interface Finding {
  /** Stable key: `accelerator`, `qemu`, `memory`, … */
  readonly check: string;
  readonly level: FindingLevel;
  /** What is the case. */
  readonly message: string;
  /** The next command to type; absent when all is well. */
  readonly remedy?: string;
}

/** What the host is and whether Berth can work on it. */
export interface HostReport {
  /** False when at least one finding is an error. */
  readonly ok: boolean;
  readonly accelerator: 'kvm' | 'tcg' | 'none';
  readonly findings: readonly Finding[];
}
