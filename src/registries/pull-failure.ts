import { formatDuration } from '../base/index.ts';
import { type BerthError, berthError, type ErrorCode } from '../errors/index.ts';

/**
 * Why a registry did not give what it was asked for:
 * - `denied`: it wants other credentials, or any
 * - `missing`: it does not have it
 * - `limited`: it has been asked too often
 * - `unreachable`: no answer, or the connection was lost, again and again
 * - `invalid`: what it answers is no answer of a registry, or has not the digest that it should have
 * - `full`: there is no room for it on this host
 */
export type PullFailureKind = 'denied' | 'missing' | 'limited' | 'unreachable' | 'invalid' | 'full';

/** What is told of a failure; holds no credentials. */
export interface PullFailure {
  readonly kind: PullFailureKind;
  /** Host of the registry, as images name it. */
  readonly registry: string;
  /** One clause: `docker.io answered 429 Too Many Requests`. */
  readonly message: string;
  /** For `limited`: how long the registry wants to be left alone, in ms. */
  readonly retryAfterMs?: number;
}

/** A failure on its way. */
export class PullError extends Error {
  override readonly name = 'PullError';
  readonly failure: PullFailure;
  /** It may be otherwise the next moment: trying again is worth it. */
  readonly transient: boolean;

  constructor(failure: PullFailure, o: { readonly transient?: boolean; readonly cause?: unknown } = {}) {
    super(failure.message, o.cause === undefined ? undefined : { cause: o.cause });
    this.failure = failure;
    this.transient = o.transient === true;
  }
}

const CODES: Readonly<Record<PullFailureKind, ErrorCode>> = {
  denied: 'registry-denied',
  missing: 'registry-missing',
  limited: 'registry-limited',
  unreachable: 'registry-unreachable',
  invalid: 'registry-invalid',
  full: 'disk-full',
};

/** HTTP status and code of the registry protocol with which a failure is told to a container engine. */
export const PROTOCOL_ANSWERS: Readonly<
  Record<PullFailureKind, { readonly status: number; readonly code: string }>
> = {
  denied: { status: 403, code: 'DENIED' },
  missing: { status: 404, code: 'MANIFEST_UNKNOWN' },
  // Told 429, engines wait for minutes without a word; Berth has waited already where that was worth it.
  limited: { status: 403, code: 'DENIED' },
  unreachable: { status: 502, code: 'UNAVAILABLE' },
  invalid: { status: 502, code: 'UNAVAILABLE' },
  full: { status: 507, code: 'UNAVAILABLE' },
};

/** The failure as users see it. `subject`: `image "nginx:1" of service "web"`. */
export function pullError(subject: string, failure: PullFailure): BerthError {
  return berthError(CODES[failure.kind], `${subject} could not be pulled: ${failure.message}`, {
    remedy: remedyOf(failure),
  });
}

function remedyOf({ kind, registry, retryAfterMs }: PullFailure): string {
  switch (kind) {
    case 'denied':
      return `If the image is private: \`docker login ${registry}\`, then repeat \`./berth up\`. Otherwise check its name.`;
    case 'missing':
      return 'Check the name and the tag of the image.';
    case 'limited': {
      const when = retryAfterMs === undefined ? 'later' : `after ${formatDuration(retryAfterMs)}`;
      return `Repeat \`./berth up\` ${when}; \`docker login ${registry}\` raises the limit where the registry has accounts.`;
    }
    case 'unreachable':
      return `Check that this host reaches ${registry}; a mirror, a proxy or a private CA can be named: docs/registries.md.`;
    case 'invalid':
      return `Check what answers at ${registry}: a captive portal, a proxy, a broken mirror? Nothing of it was kept.`;
    case 'full':
      return 'Make room: `./berth cache prune`, `./berth rm NAME`; see `df -h`.';
  }
}
