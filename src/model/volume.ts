/** A container that has a volume. */
export interface VolumeUser {
  readonly container: string;
  /** Compose service; absent for a container that Compose did not make. */
  readonly service?: string;
  readonly running: boolean;
}

/** A volume of an environment. */
export interface Volume {
  /** Name of the environment. */
  readonly environment: string;
  /** Its name in the machine. */
  readonly name: string;
  /** Its name in the Compose file; absent for one that Compose did not make. */
  readonly key?: string;
  /**
   * - `live`: seen in the machine now
   * - `stopped`: as last seen; the machine does not run
   * - `kept`: its environment was removed; the next one of that name gets it
   */
  readonly state: 'live' | 'stopped' | 'kept';
  readonly sizeBytes: number;
  readonly createdAt?: string;
  readonly usedBy: readonly VolumeUser[];
}
