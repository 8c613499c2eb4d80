import type { Challenge } from './challenge.ts';
import { basicHeader, type Credential } from './credential.ts';
import type { HttpAnswer, HttpRequest } from './http-door.ts';
import { PullError, type PullFailure } from './pull-failure.ts';
import { parseJsonObject, readBody } from './read-body.ts';

/** Sends a request for a token; the realm is often another host than the registry. */
export type TokenSender = (request: HttpRequest) => Promise<HttpAnswer>;

interface Token {
  readonly header: string;
  /** On the clock of `performance.now()`. */
  readonly expiresAt: number;
}

const MAX_TOKEN_BYTES = 64 * 1024;
const DEFAULT_LIFE_S = 60;
/** A token is not used in its last seconds: it must last through the request. */
const MARGIN_MS = 10_000;
const MAX_TOKENS = 500;

/** Finds the `Authorization` for requests to one registry, as it asks for it (the registry's token protocol, or Basic). */
export class Authorizer {
  readonly #registry: string;
  readonly #credential: Credential | undefined;
  readonly #send: TokenSender;
  readonly #tokens = new Map<string, Token>();
  #scheme: Challenge['scheme'] | undefined;

  constructor(o: {
    readonly registry: string;
    readonly credential: Credential | undefined;
    readonly send: TokenSender;
  }) {
    this.#registry = o.registry;
    this.#credential = o.credential;
    this.#send = o.send;
  }

  /** What was right for this scope before; undefined before the first challenge. */
  known(scope: string): string | undefined {
    if (this.#scheme === 'basic') return basicHeader(this.#credential);
    const token = this.#tokens.get(scope);
    return token === undefined || token.expiresAt < performance.now() ? undefined : token.header;
  }

  /** What the challenge asks for. Throws {@link PullError} when there is nothing to show, or no token is given out. */
  async answer(challenge: Challenge, scope: string, signal?: AbortSignal): Promise<string> {
    this.#scheme = challenge.scheme;
    if (challenge.scheme === 'basic') {
      const header = basicHeader(this.#credential);
      if (header === undefined) throw this.#failure('denied', 'wants to know who asks (401 Unauthorized)');
      return header;
    }
    const token = await this.#fetchToken(challenge, challenge.scope ?? scope, signal);
    if (this.#tokens.size >= MAX_TOKENS) this.#tokens.clear();
    this.#tokens.set(scope, token);
    return token.header;
  }

  async #fetchToken(
    challenge: Challenge & { readonly scheme: 'bearer' },
    scope: string,
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const answer = await this.#send(this.#tokenRequest(challenge, scope, signal));
    if (answer.status === 429) {
      answer.body.destroy();
      throw this.#failure('limited', 'gives out no more tokens for now (429 Too Many Requests)');
    }
    const bytes = await readBody(answer.body, MAX_TOKEN_BYTES);
    if (answer.status >= 500)
      throw this.#failure(
        'unreachable',
        `gives out no token: its token service answered ${answer.status}`,
        true,
      );
    if (answer.status >= 400)
      throw this.#failure(
        'denied',
        `does not take the credentials (its token service answered ${answer.status})`,
      );
    const body = bytes === undefined ? undefined : parseJsonObject(bytes.toString('utf8'));
    const token = body?.['token'] ?? body?.['access_token'];
    if (answer.status !== 200 || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
      throw this.#failure('invalid', 'gives out no token: what its token service answers is none');
    const lifeS = typeof body?.['expires_in'] === 'number' ? body['expires_in'] : DEFAULT_LIFE_S;
    return { header: `Bearer ${token}`, expiresAt: performance.now() + lifeS * 1_000 - MARGIN_MS };
  }

  #tokenRequest(
    { realm, service }: Challenge & { readonly scheme: 'bearer' },
    scope: string,
    signal: AbortSignal | undefined,
  ): HttpRequest {
    const url = URL.parse(realm);
    if (url === null || !/^https?:$/.test(url.protocol))
      throw this.#failure('invalid', 'refers to a token service whose address is none');
    const wait = signal === undefined ? {} : { signal };
    const credential = this.#credential;
    if (credential !== undefined && 'identityToken' in credential) {
      const form = new URLSearchParams({
        ...{
          grant_type: 'refresh_token',
          refresh_token: credential.identityToken,
          client_id: 'berth',
          scope,
        },
        ...(service === undefined ? {} : { service }),
      });
      return { method: 'POST', url, headers: {}, form, ...wait };
    }
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', scope);
    const header = basicHeader(credential);
    return { method: 'GET', url, headers: header === undefined ? {} : { authorization: header }, ...wait };
  }

  #failure(kind: PullFailure['kind'], what: string, transient = false): PullError {
    return new PullError(
      { kind, registry: this.#registry, message: `${this.#registry} ${what}` },
      { transient },
    );
  }
}
