import { asBerthError, type BerthError, berthError } from '../errors/index.ts';

const NO_SPACE =
  /No space left on device|ENOSPC|not enough free space|does not fit|Could not allocate block/i;
const NO_NETWORK =
  /Could not resolve|Temporary failure resolving|Could not connect|Connection (refused|timed out|failed)|Network is unreachable|Failed to fetch|Unable to connect|No route to host/i;
const BAD_SIGNATURE = /NO_PUBKEY|couldn't be verified|is not signed|EXPKEYSIG/i;

/** True when a step failed because a mirror did not answer, which may be over in a moment. */
export function isNetworkFailure(error: unknown): boolean {
  const failure = asBerthError(error);
  return failure.code === 'command-failed' && NO_NETWORK.test(failure.message);
}

/** What a failed step of a build means: apt, mmdebstrap and mke2fs say it in words only. */
export function buildFailure(error: unknown, step: string, mirror: string): BerthError {
  const failure = asBerthError(error);
  if (failure.code !== 'command-failed') return failure;
  const cause = { cause: failure };
  if (NO_SPACE.test(failure.message)) {
    return berthError('disk-full', `no space left while building the image (${step})`, cause);
  }
  if (NO_NETWORK.test(failure.message)) {
    return berthError('image-build-failed', `the Debian mirror ${mirror} could not be reached (${step})`, {
      ...cause,
      remedy:
        'Check the network of this host, or set BERTH_DEBIAN_MIRROR to a mirror that it reaches, and try again.',
    });
  }
  if (BAD_SIGNATURE.test(failure.message)) {
    return berthError('image-build-failed', `packages of ${mirror} are not signed by a key of this host`, {
      ...cause,
      remedy: 'Update the package debian-archive-keyring of this host and try again.',
    });
  }
  return berthError('image-build-failed', `${step}: ${failure.message}`, cause);
}
