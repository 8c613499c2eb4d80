import type { Static, TObject, TSchema } from 'typebox';
import type { ErrorCode } from '../errors/index.ts';

/** Version of this contract; part of every path. */
export const API_VERSION = 1;
/** What stands before the path of every route. */
export const API_PREFIX = `/v${API_VERSION}` as const;
/** Request header: the same key on the same route gives the same operation instead of a second one. */
export const IDEMPOTENCY_HEADER = 'idempotency-key';
/** What an idempotency key may be. */
export const IDEMPOTENCY_PATTERN = '^[A-Za-z0-9._:-]{1,128}$';

/**
 * How an answer arrives when it is not one JSON document:
 * - `sse`: server-sent events, each with `response` as JSON in `data`
 * - `ndjson`: one JSON `response` a line
 * - `text`: plain text
 * - `websocket`: binary frames, see the section on interactive processes
 */
export type StreamKind = 'sse' | 'ndjson' | 'text' | 'websocket';

/** One route, as data: server, client, OpenAPI and documentation are made from it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below {@link API_PREFIX}, parameters as `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Status of a good answer. */
  readonly status: 101 | 200 | 202 | 204;
  readonly params?: TObject;
  readonly query?: TObject;
  /** Schema of the JSON body; an absent body is read as `{}`. */
  readonly body?: TObject;
  /** One answer, or one item of a stream; absent when there is nothing to read. */
  readonly response?: TSchema;
  readonly stream?: StreamKind;
  /** Field of an item of an `sse` stream that is its event id, after which the stream can be resumed. */
  readonly resumeField?: string;
  /** True when the `Idempotency-Key` header is heeded. */
  readonly idempotent?: boolean;
  /** Codes that this route answers with beside those that every route may. */
  readonly errors: readonly ErrorCode[];
}

/** Codes that every route may answer with. */
export const commonErrors = ['bad-request', 'timeout', 'internal'] as const satisfies readonly ErrorCode[];

type Part<R, Key extends string> = R extends { readonly [K in Key]: infer S extends TSchema }
  ? Static<S>
  : undefined;
export type ParamsOf<R> = Part<R, 'params'>;
export type QueryOf<R> = Part<R, 'query'>;
export type BodyOf<R> = Part<R, 'body'>;
export type ResponseOf<R> = Part<R, 'response'>;
