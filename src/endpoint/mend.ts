import { Transform, type TransformCallback } from 'node:stream';

/** Answers come as lines of JSON; a longer line passes as it is. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A correction of one line of an answer. Text, not values: Docker's numbers are larger than JavaScript's. */
type MendLine = (line: string) => string;

interface Mending {
  readonly path: RegExp;
  readonly mend: MendLine;
}

/** Where Podman answers otherwise than Docker in a way that clients stumble over; `docs/docker.md` names each. */
const MENDINGS: readonly Mending[] = [
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

/** What makes the answer to this request what Docker's clients expect; undefined when it is that already. */
export function mendingOf(method: string | undefined, url: string | undefined): Transform | undefined {
  if (method !== 'GET') return undefined;
  const path = (url ?? '').split('?')[0] ?? '';
  const mending = MENDINGS.find((one) => one.path.test(path));
  return mending === undefined ? undefined : new LineMender(mending.mend);
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
    if (line.length > 0) this.push(this.#mend(line.toString('utf8')));
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
