import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const KEY = 'BERTHTESTKEY';
const SECRET = 'a secret that nobody may see';

/**
 * An S3 store in memory, as far as backup programs use one: buckets, objects, ranges, lists in one page, signatures of version 4 in headers. What is not signed with
 * {@link S3Server.secret} gets 403.
 */
export class S3Server implements AsyncDisposable {
  readonly accessKeyId = KEY;
  readonly secret = SECRET;
  readonly #objects = new Map<string, Buffer>();
  readonly #server: Server;
  /** Answers of 503 that are still to be given. */
  failing = 0;

  private constructor() {
    this.#server = createServer((incoming, outgoing) => {
      this.#answer(incoming, outgoing).catch((error: unknown) => {
        outgoing.statusCode = 500;
        outgoing.end(String(error));
      });
    });
  }

  static async start(): Promise<S3Server> {
    const made = new S3Server();
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  /** As a repository is named. */
  get location(): string {
    return `s3:http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/berth/place`;
  }

  get keys(): string[] {
    return [...this.#objects.keys()];
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = unchunked(incoming, Buffer.concat(parts));
    if (!isSigned(incoming)) return fail(outgoing, 403, 'SignatureDoesNotMatch');
    if (this.failing > 0) {
      this.failing -= 1;
      return fail(outgoing, 503, 'SlowDown');
    }
    const url = new URL(incoming.url ?? '/', 'http://s3');
    const [, bucket = '', ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    if (key === '') return this.#bucket(incoming, outgoing, url, bucket);
    this.#object(incoming, outgoing, key, body);
  }

  #bucket(incoming: IncomingMessage, outgoing: ServerResponse, url: URL, bucket: string): void {
    if (bucket !== 'berth') return fail(outgoing, 404, 'NoSuchBucket');
    if (incoming.method !== 'GET') return void outgoing.end();
    if (url.searchParams.has('location'))
      return void outgoing.end(
        '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>',
      );
    const prefix = url.searchParams.get('prefix') ?? '';
    const found = this.keys.filter((key) => key.startsWith(prefix)).sort();
    const rows = found.map(
      (key) =>
        `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"x"</ETag><Size>${this.#objects.get(key)?.length ?? 0}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
    outgoing.setHeader('content-type', 'application/xml');
    outgoing.end(
      `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>berth</Name><Prefix>${prefix}</Prefix><KeyCount>${rows.length}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>${rows.join('')}</ListBucketResult>`,
    );
  }

  #object(incoming: IncomingMessage, outgoing: ServerResponse, key: string, body: Buffer): void {
    const { method } = incoming;
    if (method === 'PUT') {
      this.#objects.set(key, body);
      outgoing.setHeader('etag', `"${createHash('md5').update(body).digest('hex')}"`);
      return void outgoing.end();
    }
    if (method === 'DELETE') {
      this.#objects.delete(key);
      outgoing.statusCode = 204;
      return void outgoing.end();
    }
    const object = this.#objects.get(key);
    if (object === undefined) return fail(outgoing, 404, 'NoSuchKey');
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(incoming.headers.range ?? '') ?? [];
    const end = to === '' ? object.length : Math.min(object.length, Number(to) + 1);
    const part = object.subarray(Number(from), end);
    if (incoming.headers.range !== undefined) {
      outgoing.statusCode = 206;
      outgoing.setHeader('content-range', `bytes ${from}-${end - 1}/${object.length}`);
    }
    outgoing.setHeader('content-length', part.length);
    outgoing.setHeader('etag', `"${createHash('md5').update(object).digest('hex')}"`);
    outgoing.setHeader('last-modified', new Date(0).toUTCString());
    outgoing.setHeader('content-type', 'application/octet-stream');
    outgoing.end(method === 'HEAD' ? undefined : part);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A body that is signed piece by piece: `SIZE;chunk-signature=…`, data, and so on. */
function unchunked(incoming: IncomingMessage, body: Buffer): Buffer {
  if (!String(incoming.headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, line).toString('latin1'), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

/** AWS Signature Version 4 in the header `Authorization`. */
function isSigned(incoming: IncomingMessage): boolean {
  const { authorization = '' } = incoming.headers;
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const [, key, day, region, names = '', signature] = form.exec(authorization) ?? [];
  if (key !== KEY || day === undefined || region === undefined) return false;
  const url = new URL(incoming.url ?? '/', 'http://s3');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = names.split(';').map((name) => `${name}:${String(incoming.headers[name] ?? '').trim()}\n`);
  const hash = String(incoming.headers['x-amz-content-sha256']);
  const request = [incoming.method, url.pathname, query, headers.join(''), names, hash].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', incoming.headers['x-amz-date'], scope, sha256(request)].join('\n');
  const signing = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (secret, word) => createHmac('sha256', secret).update(word).digest(),
    `AWS4${SECRET}`,
  );
  return createHmac('sha256', signing).update(text).digest('hex') === signature;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function fail(outgoing: ServerResponse, status: number, code: string): void {
  outgoing.statusCode = status;
  outgoing.setHeader('content-type', 'application/xml');
  outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
