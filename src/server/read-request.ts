import {
  createValidator,
  IDEMPOTENCY_HEADER,
  IDEMPOTENCY_PATTERN,
  type Route,
  readQuery,
} from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import type { Problem } from '../model/index.ts';

/** A request as the framework hands it over. */
export interface RawRequest {
  /** Path with query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: unknown;
  readonly body: unknown;
}

/** A request whose parts are what its route's schemas say. */
export interface CheckedRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly idempotencyKey?: string;
  readonly lastEventId?: string;
}

/** Prepares the check of the requests of one route. The check throws `bad-request` with every problem at once. */
export function requestReader(route: Route): (request: RawRequest) => CheckedRequest {
  const parts = (['params', 'query', 'body'] as const).map((part) => {
    const schema = route[part];
    return { part, validate: schema === undefined ? undefined : createValidator(schema) };
  });
  return (request) => {
    const values = {
      params: route.params === undefined ? undefined : request.params,
      query: route.query === undefined ? undefined : readQuery(route.query, queryOf(request.url)),
      body: route.body === undefined ? undefined : (request.body ?? {}),
    };
    const problems = parts.flatMap(({ part, validate }) => validate?.(values[part]) ?? []);
    const idempotencyKey = header(request, IDEMPOTENCY_HEADER);
    if (idempotencyKey !== undefined && !idempotencyExpression.test(idempotencyKey))
      problems.push({ path: IDEMPOTENCY_HEADER, message: `must match ${IDEMPOTENCY_PATTERN}` });
    if (problems.length > 0) throw refusal(problems);
    const lastEventId = header(request, 'last-event-id');
    return {
      ...values,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(lastEventId === undefined ? {} : { lastEventId }),
    };
  };
}

const idempotencyExpression = new RegExp(IDEMPOTENCY_PATTERN);

function refusal(problems: readonly Problem[]) {
  const [first] = problems;
  const where = first === undefined || first.path === '' ? 'it' : first.path;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return berthError('bad-request', `The request is not valid: ${where} ${first?.message}${more}`, {
    problems,
  });
}

function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

function header(request: RawRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
