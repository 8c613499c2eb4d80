import { Transform, type TransformCallback } from 'node:stream';

/** Answers come as lines of JSON; a longer line passes as it is. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A correction of one line of an answer. Text, not values: Docker's numbers are larger than JavaScript's. */
type MendLine = (line: string) => string;

/** How a request is sent and its answer passed on, so that clients find what they expect of Docker. */
export interface Mending {
  /** What is asked of the engine in place of the client's path and query. */
  readonly url: string;
  /** Through which the answer goes. */
  readonly answer: Transform;
}

/** Where Podman answers otherwise than Docker in a way that clients stumble over; `docs/docker.md` names each. */
const MENDINGS: readonly { readonly path: RegExp; readonly mend: MendLine }[] = [
  {
    // The address is left out when it is any: then `docker ps` does not show that the port is published.
    path: /^(?:\/v[0-9.]+)?\/containers\/json$/,
    mend: (line) =>
      line.replaceAll('{"PrivatePort":', '{"IP":"0.0.0.0","PrivatePort":').replaceAll(UNPUBLISHED, '$1'),
  },
  {
    // Docker's names begin with a slash; `docker stats` cuts off the first character.
    path: /^(?:\/v[0-9.]+)?\/containers\/[^/]+\/stats$/,
    mend: (line) => line.replace(/"name":"(?=[^/"])/, '"name":"/'),
  },
];

/** A port that is not published has no address either. */
const UNPUBLISHED = /"IP":"0\.0\.0\.0",("PrivatePort":\d+,"Type")/g;
const EVENTS = /^(?:\/v[0-9.]+)?\/events$/;
const NANOSECONDS = 1_000_000_000n;

/** What makes a request and its answer what Docker's clients expect at `nowMs`; undefined when they are that already. */
export function mendingOf(
  method: string | undefined,
  url: string | undefined,
  nowMs: number,
): Mending | undefined {
  if (method !== 'GET' || url === undefined) return undefined;
  const path = url.split('?')[0] ?? '';
  if (EVENTS.test(path)) return mendPastEvents(url, path, nowMs);
  const mending = MENDINGS.find((one) => one.path.test(path));
  return mending === undefined ? undefined : { url, answer: new LineMender(mending.mend) };
}

/**
 * Events up to a moment that has passed: Podman stops reading its log at once, often before it has read anything. Asked for all that
 * there are until now it reads to the end, and what came after that moment is left out here.
 */
function mendPastEvents(url: string, path: string, nowMs: number): Mending | undefined {
  const query = new URLSearchParams(url.slice(path.length));
  const [, seconds, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(query.get('until') ?? '') ?? [];
  if (seconds === undefined || Number(seconds) * 1_000 > nowMs) return undefined;
  const untilNs = BigInt(seconds) * NANOSECONDS + BigInt(fraction.padEnd(9, '0'));
  query.delete('until');
  query.set('stream', 'false');
  const mend: MendLine = (line) => {
    const at = /"timeNano":(\d+)/.exec(line)?.[1];
    return at !== undefined && BigInt(at) > untilNs ? '' : line;
  };
  return { url: `${path}?${query.toString()}`, answer: new LineMender(mend) };
}

class LineMender extends Transform {
  readonly #mend: MendLine;
  #begun: Buffer[] = [];
  #begunBytes = 0;

  constructor(mend: MendLine) {
    super();
    this.#mend = mend;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#take(rest.subarray(0, end + 1));
      this.#passOn();
      rest = rest.subarray(end + 1);
    }
    this.#take(rest);
    if (this.#begunBytes > MAX_LINE_BYTES) this.#release();
    callback();
  }

  override _flush(callback: TransformCallback): void {
    this.#passOn();
    callback();
  }

  #take(part: Buffer): void {
    if (part.length === 0) return;
    this.#begun.push(part);
    this.#begunBytes += part.length;
  }

  #passOn(): void {
    const line = this.#clear();
    if (line.length === 0) return;
    const mended = this.#mend(line.toString('utf8'));
    if (mended !== '') this.push(mended);
  }

  #release(): void {
    this.push(this.#clear());
  }

  #clear(): Buffer {
    const line = Buffer.concat(this.#begun);
    this.#begun = [];
    this.#begunBytes = 0;
    return line;
  }
}
