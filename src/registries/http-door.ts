import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';

/** How long a registry may take, in ms. */
export interface Patience {
  /** To accept a connection. */
  readonly connectMs: number;
  /** To begin its answer. */
  readonly headersMs: number;
  /** To send the next bytes of it. */
  readonly bodyMs: number;
}

/** How the other side of a connection is recognised. */
export interface Trust {
  /** Certificates (PEM) beside those of the system. */
  readonly ca: readonly string[];
  /** Any certificate will do. */
  readonly insecure: boolean;
}

/** One request, without a body or with a form. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly form?: URLSearchParams;
  readonly signal?: AbortSignal;
}

/** The answer's beginning; its body must be read or destroyed. */
export interface HttpAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: Readable;
}

const MAX_HEADER_BYTES = 32 * 1024;
const CONNECTIONS = 16;
/** Metadata services of clouds: what a registry points there with is an attack. */
const NEVER = ['169.254.', '100.100.100.200', 'fe80:', 'fd00:ec2::254'];
const OWN = ['127.', '0.', '::1', '::ffff:127.', '::'];

/** Whom a door leads to: the registry itself, one on this very host, or servers that a registry refers to. */
export type Neighbour = 'registry' | 'own-host' | 'stranger';

/** Connections to servers, kept for a while. Proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`) are used, but not for this host. */
export class HttpDoor implements Disposable {
  readonly #agent: Dispatcher;

  constructor(o: { readonly trust: Trust; readonly patience: Patience; readonly to: Neighbour }) {
    const { trust, patience, to } = o;
    const tls = { ca: [...systemCertificates(), ...trust.ca], rejectUnauthorized: !trust.insecure };
    const options = {
      allowH2: false,
      connections: CONNECTIONS,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: patience.headersMs,
      bodyTimeout: patience.bodyMs,
      connect: {
        ...tls,
        timeout: patience.connectMs,
        ...(to === 'stranger' ? { lookup: lookupStranger } : {}),
      },
    };
    this.#agent =
      to === 'own-host' ? new Agent(options) : new EnvHttpProxyAgent({ ...options, requestTls: tls });
  }

  /** Sends a request; a redirect is an answer like others. Fails with the system's or undici's error. */
  async send(o: HttpRequest): Promise<HttpAnswer> {
    const { statusCode, headers, body } = await request(o.url, {
      dispatcher: this.#agent,
      method: o.method,
      headers:
        o.form === undefined
          ? { ...o.headers }
          : { ...o.headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: o.form === undefined ? null : o.form.toString(),
      ...(o.signal === undefined ? {} : { signal: o.signal }),
    });
    // Whoever drops it does not want to hear of it.
    body.on('error', () => undefined);
    return {
      status: statusCode,
      header: (name) => {
        const value = headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      body,
    };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy().catch(() => undefined);
  }
}

let certificates: readonly string[] | undefined;

/** What Node brings along and what the host's administrator has added: read once, since that takes a tenth of a second. */
function systemCertificates(): readonly string[] {
  certificates ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return certificates;
}

/** Refuses a host that is given as an address of this host or of a metadata service; names are looked at when they are resolved. */
export function refuseOwnAddress(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isOwn(host)) throw new Error(`it refers to ${url.host}, which is not its to give`);
}

function isOwn(address: string): boolean {
  return [...NEVER, ...OWN].some((prefix) => address.startsWith(prefix));
}

const lookupStranger: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const allowed = addresses.filter(({ address }) => !isOwn(address));
    const [first] = allowed;
    if (first === undefined) return callback(new Error(`${hostname} is an address of this host`), []);
    if (options.all === true) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};
