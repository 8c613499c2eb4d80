import { sleep } from '../base/index.ts';
import { Authorizer } from './authorizer.ts';
import { parseChallenge } from './challenge.ts';
import type { Credential } from './credential.ts';
import type { Endpoint } from './endpoint.ts';
import { explainError, explainStatus } from './explain-failure.ts';
import { type HttpAnswer, HttpDoor, type HttpRequest, type Patience, refuseOwnAddress } from './http-door.ts';
import { PullError } from './pull-failure.ts';

/** What is asked of a registry. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD';
  /** From `/v2/` on. */
  readonly path: string;
  /** Repository that it is about; a token is asked for it. */
  readonly repository: string;
  /** Called for each try. */
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** How long and how often a registry is tried. */
export interface UpstreamTiming extends Patience {
  /** Pauses before the second, third, … try. */
  readonly backOffMs: readonly number[];
  /** No further try begins after this time. */
  readonly budgetMs: number;
  /** The longest `Retry-After` that is waited for. */
  readonly maxRetryAfterMs: number;
  /** How long a registry that could not be reached is not tried again: what is cached must not wait for it. */
  readonly restMs: number;
}

export const UPSTREAM_TIMING: UpstreamTiming = {
  ...{ connectMs: 10_000, headersMs: 20_000, bodyMs: 30_000 },
  ...{ backOffMs: [250, 750, 2_250], budgetMs: 25_000, maxRetryAfterMs: 5_000, restMs: 15_000 },
};

const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
const AGENT = 'berth';

/** A registry outside, asked over and over until it answers: mirrors first, with tokens, redirects and back-off. */
export class Upstream implements Disposable {
  readonly registry: string;
  readonly #timing: UpstreamTiming;
  readonly #doors: readonly EndpointDoor[];
  readonly #strangers: HttpDoor;
  /** The registry's own endpoint that answered last: HTTPS is not tried each time where only HTTP is spoken. */
  #preferred: EndpointDoor | undefined;
  #rest: { readonly until: number; readonly error: PullError } | undefined;

  constructor(o: {
    readonly registry: string;
    readonly endpoints: readonly Endpoint[];
    readonly credential?: Credential | undefined;
    readonly timing?: UpstreamTiming;
  }) {
    this.registry = o.registry;
    this.#timing = o.timing ?? UPSTREAM_TIMING;
    const trust = { ca: o.endpoints.flatMap((endpoint) => endpoint.trust.ca), insecure: false };
    this.#strangers = new HttpDoor({ trust, patience: this.#timing, to: 'stranger' });
    this.#doors = o.endpoints.map((endpoint) => this.#doorOf(endpoint, o.credential));
  }

  /**
   * Asks until `consume` has what it wants of a successful answer. What it throws counts as the answer's failure.
   * @throws {@link PullError}; the signal's reason
   */
  async request<T>(spec: UpstreamRequest, consume: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    if (this.#rest !== undefined && this.#rest.until > performance.now()) throw this.#rest.error;
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      const failure = await this.#round(spec, consume);
      if ('value' in failure) {
        this.#rest = undefined;
        return failure.value;
      }
      const { error } = failure;
      const pauseMs = this.#pause(error, attempt, performance.now() - startedAt);
      if (pauseMs === undefined) throw this.#given(error);
      await sleep(pauseMs, spec.signal);
    }
  }

  /** One try at each server in turn, until one of them decides the matter. */
  async #round<T>(
    spec: UpstreamRequest,
    consume: (answer: HttpAnswer) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly error: PullError }> {
    let error: PullError | undefined;
    for (const door of this.#order()) {
      try {
        const value = await this.#ask(door, spec, consume);
        if (!door.endpoint.isMirror) this.#preferred = door;
        return { value };
      } catch (thrown) {
        spec.signal?.throwIfAborted();
        const found = explainError(thrown, this.registry);
        // A mirror that fails has only not helped.
        if (door.endpoint.isMirror) continue;
        error = found;
        if (!door.endpoint.trust.insecure || found.failure.kind !== 'unreachable') return { error: found };
      }
    }
    return { error: error ?? explainError(new Error('no server'), this.registry) };
  }

  #order(): readonly EndpointDoor[] {
    const preferred = this.#preferred;
    if (preferred === undefined) return this.#doors;
    return [...this.#doors.filter(({ endpoint }) => endpoint.isMirror), preferred];
  }

  /** How long to wait before the next try; undefined when there is to be none. */
  #pause({ transient, failure }: PullError, attempt: number, elapsedMs: number): number | undefined {
    const { backOffMs, budgetMs, maxRetryAfterMs } = this.#timing;
    const pauseMs = backOffMs[attempt];
    if (!transient || pauseMs === undefined || elapsedMs > budgetMs) return undefined;
    const askedMs = failure.retryAfterMs ?? 0;
    if (askedMs > maxRetryAfterMs) return undefined;
    return Math.max(askedMs, pauseMs);
  }

  #given(error: PullError): PullError {
    if (error.failure.kind === 'unreachable' && error.transient)
      this.#rest = { until: performance.now() + this.#timing.restMs, error };
    else this.#rest = undefined;
    return error;
  }

  async #ask<T>(
    door: EndpointDoor,
    spec: UpstreamRequest,
    consume: (answer: HttpAnswer) => Promise<T>,
  ): Promise<T> {
    const scope = `repository:${spec.repository}:pull`;
    let answer = await this.#follow(door, spec, door.authorizer.known(scope));
    if (answer.status === 401) {
      const challenge = parseChallenge(answer.header('www-authenticate'));
      answer.body.destroy();
      if (challenge === undefined) throw explainStatus(answer, this.registry);
      const authorization = await door.authorizer.answer(challenge, scope, spec.signal);
      answer = await this.#follow(door, spec, authorization);
    }
    try {
      if (answer.status < 200 || answer.status > 299) throw explainStatus(answer, this.registry);
      return await consume(answer);
    } finally {
      answer.body.destroy();
    }
  }

  /** Follows redirects; to another host it goes without the credentials. */
  async #follow(
    door: EndpointDoor,
    spec: UpstreamRequest,
    authorization: string | undefined,
  ): Promise<HttpAnswer> {
    const own = new URL(`${door.endpoint.url}${spec.path}`);
    let url = own;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const isOwn = url.origin === own.origin;
      const headers = {
        ...{ 'user-agent': AGENT, ...spec.headers?.() },
        ...(isOwn && authorization !== undefined ? { authorization } : {}),
      };
      const answer = await this.#send(isOwn ? door.http : this.#doorTo(url, door), {
        ...{ method: spec.method, url, headers },
        ...(spec.signal === undefined ? {} : { signal: spec.signal }),
      });
      const location = answer.header('location');
      if (!REDIRECTS.includes(answer.status) || location === undefined) return answer;
      answer.body.destroy();
      url = this.#target(location, url);
    }
    throw this.#invalid('sends from one address to the next without end');
  }

  #target(location: string, from: URL): URL {
    const url = URL.parse(location, from.href);
    if (url === null || !/^https?:$/.test(url.protocol))
      throw this.#invalid('refers to an address that is none');
    if (from.protocol === 'https:' && url.protocol === 'http:')
      throw this.#invalid(`refers from HTTPS to plain HTTP (${url.host})`);
    return url;
  }

  /** A registry of this host may keep its blobs on this host; one elsewhere has nothing to say here. */
  #doorTo(url: URL, door: EndpointDoor): HttpDoor {
    if (door.endpoint.neighbour === 'own-host') return door.http;
    try {
      refuseOwnAddress(url);
    } catch {
      throw this.#invalid(`refers to ${url.host}, which is an address of this host`);
    }
    return this.#strangers;
  }

  async #send(door: HttpDoor, request: HttpRequest): Promise<HttpAnswer> {
    return door.send(request);
  }

  #invalid(what: string): PullError {
    return new PullError({ kind: 'invalid', registry: this.registry, message: `${this.registry} ${what}` });
  }

  #doorOf(endpoint: Endpoint, credential: Credential | undefined): EndpointDoor {
    const { trust, neighbour } = endpoint;
    const http = new HttpDoor({ trust, patience: this.#timing, to: neighbour });
    const own = new URL(endpoint.url).origin;
    const door: EndpointDoor = {
      endpoint,
      http,
      authorizer: new Authorizer({
        registry: this.registry,
        credential: endpoint.isMirror ? undefined : credential,
        send: (request) => {
          const isSafe =
            request.url.protocol === 'https:' || endpoint.url.startsWith('http:') || trust.insecure;
          if (!isSafe) throw this.#invalid('wants credentials sent without encryption');
          return request.url.origin === own
            ? http.send(request)
            : this.#doorTo(request.url, door).send(request);
        },
      }),
    };
    return door;
  }

  [Symbol.dispose](): void {
    for (const { http } of this.#doors) http[Symbol.dispose]();
    this.#strangers[Symbol.dispose]();
  }
}

interface EndpointDoor {
  readonly endpoint: Endpoint;
  readonly http: HttpDoor;
  readonly authorizer: Authorizer;
}
