/** Something on disk that is not what was written there. */
export interface Damage {
  readonly kind: 'template' | 'image' | 'environment';
  /** Name of the template, image or environment. */
  readonly name: string;
  /** What is the case, with the file. */
  readonly message: string;
  /** The next command to type. */
  readonly remedy: string;
}

/** What came of reading everything that is saved and comparing it with its hashes. */
export interface ScrubReport {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly templates: number;
  readonly images: number;
  /** Those that rest or are stopped: what they left. */
  readonly environments: number;
  readonly damaged: readonly Damage[];
}
