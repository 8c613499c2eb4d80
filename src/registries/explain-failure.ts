import { systemCode } from '../host/index.ts';
import type { HttpAnswer } from './http-door.ts';
import { PullError } from './pull-failure.ts';

const LOST = [
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_ABORTED',
];
const SLOW: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'does not accept connections in time',
  ETIMEDOUT: 'does not accept connections in time',
  UND_ERR_HEADERS_TIMEOUT: 'accepts the connection and does not answer in time',
  UND_ERR_BODY_TIMEOUT: 'stopped in the middle of its answer',
};
const NAMES = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'];
const MAX_RETRY_AFTER_MS = 7 * 24 * 3_600_000;

/** What an error of the connection means; one that is explained already is returned as it is. */
export function explainError(error: unknown, registry: string): PullError {
  if (error instanceof PullError) return error;
  const code = systemCode(error) ?? '';
  const words = error instanceof Error ? error.message : String(error);
  const failure = (kind: 'unreachable' | 'invalid', message: string, transient = false) =>
    new PullError({ kind, registry, message: `${registry} ${message}` }, { transient, cause: error });
  const slow = SLOW[code];
  if (slow !== undefined) return failure('unreachable', `${slow} (time-out)`, true);
  if (LOST.includes(code)) return failure('unreachable', 'cut the connection', true);
  if (code === 'ECONNREFUSED') return failure('unreachable', 'refuses connections', true);
  if (NAMES.includes(code)) return failure('unreachable', `cannot be found by its name (${code})`, true);
  if (/^(CERT_|ERR_TLS_CERT|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(code))
    return failure('unreachable', `has a certificate that is not trusted (${code})`);
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO')
    return failure('unreachable', 'does not speak TLS; plain HTTP has to be allowed with `insecure: true`');
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW')
    return failure('invalid', `answers something that is not HTTP (${code})`);
  return failure('unreachable', `cannot be reached: ${words.slice(0, 200)}`, true);
}

/** What a status that is no success means. */
export function explainStatus(answer: HttpAnswer, registry: string): PullError {
  const { status } = answer;
  const answered = `${registry} answered ${status}`;
  if (status === 401 || status === 403)
    return new PullError({
      kind: 'denied',
      registry,
      message: `${answered} ${status === 401 ? 'Unauthorized' : 'Forbidden'}`,
    });
  if (status === 404) return new PullError({ kind: 'missing', registry, message: `${answered} Not Found` });
  if (status === 429) {
    const retryAfterMs = retryAfter(answer.header('retry-after'));
    return new PullError(
      {
        ...{ kind: 'limited', registry, message: `${answered} Too Many Requests` },
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
      { transient: true },
    );
  }
  if (status >= 500 || status === 408)
    return new PullError({ kind: 'unreachable', registry, message: answered }, { transient: true });
  return new PullError({ kind: 'invalid', registry, message: `${answered}, which is no answer to a pull` });
}

/** `Retry-After` in seconds or as a date (RFC 9110), in ms from now; undefined when there is none that makes sense. */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return ms >= 0 && ms <= MAX_RETRY_AFTER_MS ? ms : undefined;
}
