import type { TObject } from 'typebox';
import { registry } from '../../errors/index.ts';
import { API_PREFIX, commonErrors, IDEMPOTENCY_HEADER, IDEMPOTENCY_PATTERN, type Route } from '../route.ts';
import { routes } from '../routes/index.ts';
import { type Json, namedSchemas, schemaJson } from './components.ts';

type JsonObject = Readonly<Record<string, Json>>;

/** The contract as an OpenAPI 3.1 document. @param version version of Berth to print in it */
export function openApi(version: string): JsonObject {
  const components = [...namedSchemas()].map(([name, schema]) => [name, schemaJson(schema, name)] as const);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version,
      description:
        'Container environments in virtual machines that can be forked while they run. Served over a unix socket; `curl --unix-socket /run/berth/api.sock http://berth/v1/version` reaches it.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: 'http://berth', description: "The daemon's unix socket; the host name is not looked at." },
    ],
    paths: paths(),
    components: { schemas: Object.fromEntries(components) },
  };
}

function paths(): JsonObject {
  const byPath: Record<string, Record<string, Json>> = {};
  for (const [id, route] of Object.entries<Route>(routes)) {
    const path = API_PREFIX + route.path.replaceAll(/:(\w+)/g, '{$1}');
    byPath[path] = { ...byPath[path], [route.method.toLowerCase()]: operation(id, route) };
  }
  return byPath;
}

function operation(id: string, route: Route): JsonObject {
  const parameters = [
    ...parametersOf(route.params, 'path'),
    ...parametersOf(route.query, 'query'),
    ...headersOf(route),
  ];
  return {
    operationId: id,
    tags: [id.slice(0, id.indexOf('.'))],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
    responses: { [route.status]: goodAnswer(route), ...badAnswers(route) },
  };
}

function parametersOf(schema: TObject | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.has(name),
    schema: schemaJson(property),
  }));
}

function headersOf(route: Route): Json[] {
  const headers: Json[] = [];
  if (route.idempotent === true) {
    headers.push({
      name: IDEMPOTENCY_HEADER,
      in: 'header',
      required: false,
      description: 'A second request with the same key gets the operation of the first.',
      schema: { type: 'string', pattern: IDEMPOTENCY_PATTERN },
    });
  }
  if (route.resumeField !== undefined) {
    headers.push({
      name: 'last-event-id',
      in: 'header',
      required: false,
      description: 'Id of the last event that was received.',
      schema: { type: 'string' },
    });
  }
  return headers;
}

function requestBody(body: TObject): JsonObject {
  return {
    required: (body.required ?? []).length > 0,
    content: { 'application/json': { schema: schemaJson(body) } },
  };
}

function goodAnswer(route: Route): JsonObject {
  const schema = route.response === undefined ? undefined : schemaJson(route.response);
  switch (route.stream) {
    case 'sse':
      return stream('Server-sent events.', 'text/event-stream', schema);
    case 'ndjson':
      return stream('One JSON document a line.', 'application/x-ndjson', schema);
    case 'text':
      return { description: 'Plain text.', content: { 'text/plain': { schema: { type: 'string' } } } };
    case 'websocket':
      return { description: 'WebSocket with the frames of an interactive process.' };
    default:
      if (schema === undefined) return { description: 'Done; no body.' };
      return { description: 'Answer.', content: { 'application/json': { schema } } };
  }
}

/** OpenAPI 3.1 cannot describe the items of a stream; `itemSchema` is the word of 3.2. */
function stream(description: string, type: string, item: Json | undefined): JsonObject {
  return {
    description,
    content: {
      [type]: { schema: { type: 'string' }, ...(item === undefined ? {} : { 'x-itemSchema': item }) },
    },
  };
}

function badAnswers(route: Route): JsonObject {
  const byStatus = new Map<number, string[]>();
  for (const code of [...commonErrors, ...route.errors]) {
    const { status } = registry[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const sorted = [...byStatus].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(
    sorted.map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\``).join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
      },
    ]),
  );
}
