/** Cannot be in an idempotency key, nor in a fingerprint. */
const BETWEEN = ' ';

/** An idempotency key together with what says of which request it is. */
export interface RequestKey {
  readonly key: string;
  /** Absent in what was kept before there were any. */
  readonly fingerprint?: string;
}

/** As one text, by which an operation is kept. */
export function formatRequestKey({ key, fingerprint }: RequestKey): string {
  return fingerprint === undefined ? key : `${key}${BETWEEN}${fingerprint}`;
}

/** The parts of {@link formatRequestKey}. */
export function parseRequestKey(text: string): RequestKey {
  const [key = '', fingerprint] = text.split(BETWEEN);
  return fingerprint === undefined ? { key } : { key, fingerprint };
}
