import type { TSchema } from 'typebox';
import type { BodyOf, ParamsOf, QueryOf, ResponseOf, RouteId, Routes } from '../contract/index.ts';
import type { InteractiveProcess, StartOptions } from './services.ts';

/** One request, checked. */
export interface Call<R> {
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  readonly body: BodyOf<R>;
  /** For calls that start an operation. */
  readonly start: StartOptions;
  /** `Last-Event-ID`, as it came. */
  readonly lastEventId?: string;
  /** Aborts when the client has gone or the server closes. */
  readonly signal: AbortSignal;
}

/** What a handler gives back; how it is sent is told by the route. */
export type Answer<R> = R extends { readonly stream: 'websocket' }
  ? InteractiveProcess
  : R extends { readonly stream: 'text' }
    ? string
    : R extends { readonly stream: string }
      ? AsyncIterable<ResponseOf<R>>
      : R extends { readonly response: TSchema }
        ? ResponseOf<R>
        : undefined;

/** Parse, one call, answer: the parsing has been done. */
export type Handler<R> = (call: Call<R>) => Promise<Answer<R>>;

/** A handler for each route whose id begins with `Resource.`. */
export type HandlersOf<Resource extends string> = {
  readonly [Id in RouteId as Id extends `${Resource}.${string}` ? Id : never]: Handler<Routes[Id]>;
};

/** A handler for each route there is. */
export type Handlers = { readonly [Id in RouteId]: Handler<Routes[Id]> };
