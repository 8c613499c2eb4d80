/** What is known of how things ended, when a daemon starts. */
export interface Ending {
  /** The host's boot id now. */
  readonly hostBoot: string;
  /** The daemon before said that it ends. */
  readonly daemonEndedWell: boolean;
  /** Machines of this home that still run. */
  readonly survivors: number;
}

/**
 * Whether a machine that is gone went down with its host, so that starting it again is what its user wants. It did when the host
 * has booted since; and when all machines and the daemon were lost without a word. A machine that is gone while the daemon had
 * ended as it should, or while others go on, ended by itself: what ended it may do so again.
 */
export function wentDownWithHost(machineBoot: string | undefined, ending: Ending): boolean {
  if (machineBoot !== undefined && machineBoot !== ending.hostBoot) return true;
  return !ending.daemonEndedWell && ending.survivors === 0;
}
