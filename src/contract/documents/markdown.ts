import type { TObject } from 'typebox';
import { registry } from '../../errors/index.ts';
import { API_PREFIX, commonErrors, type Route } from '../route.ts';
import { routes } from '../routes/index.ts';
import { namedSchemas, titleOf } from './components.ts';
import { closing, opening } from './prose.ts';

/** The contract as a document for people: `docs/api.md`. */
export function apiDocument(): string {
  const sections = [opening, routeTable(), ...routeSections(), closing, '## Documents', ...schemaSections()];
  return `${sections.join('\n\n')}\n`;
}

function routeTable(): string {
  const rows = Object.entries<Route>(routes).map(
    ([id, route]) =>
      `| [\`${route.method} ${API_PREFIX}${route.path}\`](#${anchor(id)}) | ${route.summary} |`,
  );
  return ['## Routes', '', '| route | what it does |', '|---|---|', ...rows].join('\n');
}

function routeSections(): string[] {
  return Object.entries<Route>(routes).map(([id, route]) => {
    const errors = [...commonErrors, ...route.errors].map((code) => `\`${code}\` (${registry[code].status})`);
    const parts = [
      `### ${id}`,
      `\`${route.method} ${API_PREFIX}${route.path}\``,
      `${route.summary}.${route.description === undefined ? '' : ` ${route.description}`}`,
      fieldTable('parameter of the path', route.params),
      fieldTable('parameter of the query', route.query),
      route.body === undefined ? '' : `Body: ${typeText(route.body)}.`,
      `Answer: ${answerText(route)}.`,
      `Errors: ${errors.join(', ')}.`,
    ];
    return parts.filter((part) => part !== '').join('\n\n');
  });
}

function answerText(route: Route): string {
  const item = route.response === undefined ? '' : typeText(route.response);
  switch (route.stream) {
    case 'sse':
      return `${route.status}, server-sent events, each ${item}`;
    case 'ndjson':
      return `${route.status}, lines of JSON, each ${item}`;
    case 'text':
      return `${route.status}, plain text`;
    case 'websocket':
      return `${route.status}, then [frames](#interactive-processes)`;
    default:
      return item === '' ? `${route.status} without a body` : `${route.status}, ${item}`;
  }
}

function schemaSections(): string[] {
  return [...namedSchemas()].map(([name, schema]) =>
    [`### ${name}`, wordOf(schema, 'description'), fieldTable('field', schema as TObject)].join('\n\n'),
  );
}

function fieldTable(heading: string, schema: TObject | undefined): string {
  const fields = Object.entries(schema?.properties ?? {});
  if (schema === undefined) return '';
  if (fields.length === 0) return 'No fields.';
  const required = new Set(schema.required ?? []);
  const rows = fields.map(([name, field]) => {
    const presence = required.has(name) ? '' : ', optional';
    return `| \`${name}\` | ${cell(typeText(field))}${presence} | ${cell(wordOf(field, 'description'))} |`;
  });
  return [`| ${heading} | type | meaning |`, '|---|---|---|', ...rows].join('\n');
}

function typeText(schema: unknown): string {
  const title = titleOf(schema);
  if (title !== undefined) return `[${title}](#${anchor(title)})`;
  const values = optionOf(schema, 'enum');
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(' \\| ');
  const type = wordOf(schema, 'type');
  if (type === 'array') return `list of ${typeText(optionOf(schema, 'items'))}`;
  if (type === 'object') return objectText(schema);
  const limits = limitText(schema);
  return `${type}${limits === '' ? '' : `, ${limits}`}`;
}

function objectText(schema: unknown): string {
  const values = Object.values(partsOf(schema, 'patternProperties'));
  if (values.length > 0) return `map of ${typeText(values[0])}`;
  const fields = Object.entries(partsOf(schema, 'properties'));
  return `{ ${fields.map(([name, field]) => `\`${name}\`: ${typeText(field)}`).join(', ')} }`;
}

function limitText(schema: unknown): string {
  const pattern = wordOf(schema, 'pattern');
  if (pattern !== '') return `\`${pattern}\``;
  const minimum = wordOf(schema, 'minimum');
  const maximum = wordOf(schema, 'maximum');
  if (maximum !== '') return `${minimum} to ${maximum}`;
  return minimum === '' ? wordOf(schema, 'format') : `${minimum} or more`;
}

/** A text or number of a schema; empty when it has none of this name. */
function wordOf(schema: unknown, option: string): string {
  const value = optionOf(schema, option);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Schemas within a schema, by name. */
function partsOf(schema: unknown, option: string): object {
  const value = optionOf(schema, option);
  return typeof value === 'object' && value !== null ? value : {};
}

function optionOf(schema: unknown, option: string): unknown {
  if (typeof schema !== 'object' || schema === null) return undefined;
  return Object.getOwnPropertyDescriptor(schema, option)?.value;
}

function cell(text: string): string {
  return text.replaceAll('\n', ' ');
}

/** Anchor that GitHub gives a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
