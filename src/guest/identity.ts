import { randomBytes } from 'node:crypto';
import { type HostKeyPair, makeHostKeyPair } from './ssh-keys.ts';

/** What must differ between a fork and its parent. */
export interface Identity {
  /** Matches `^[a-z0-9][a-z0-9-]{0,62}$`. */
  readonly hostname: string;
  /** 32 lower-case hex digits. */
  readonly machineId: string;
  /** SSH host keys: the guest's whole set, it keeps no other. The first is the one that Berth trusts. */
  readonly hostKeys: readonly HostKeyPair[];
  /** 64 bytes for the guest's random generator, in hex. */
  readonly entropyHex: string;
}

/**
 * Makes a new identity from the host's randomness, in about a millisecond. The SSH host keys carry `hostname` as remark;
 * `machineId` is given where a guest is to keep the one that it has.
 */
export function makeIdentity(
  hostname: string,
  machineId: string = randomBytes(16).toString('hex'),
): Identity {
  return {
    hostname,
    machineId,
    hostKeys: [makeHostKeyPair(hostname)],
    entropyHex: randomBytes(64).toString('hex'),
  };
}
