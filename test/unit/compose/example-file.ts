import { parse, stringify } from 'yaml';
import { idOf, type SupportRow } from '../../../src/compose/support/row.ts';

type Tree = Record<string, unknown>;

/** What stands beside an element, so that the file around it is right. */
const BESIDE: Readonly<Record<string, Tree>> = {
  'services.*': { image: 'example/web' },
  'services.*.depends_on.*': { condition: 'service_started' },
  'services.*.volumes[]': { type: 'volume', source: 'data', target: '/data' },
  'services.*.configs[]': { source: 'settings' },
  'services.*.secrets[]': { source: 'token' },
};
/** Elements that do not go with what is beside them. */
const ALONE = ['services.*.build', 'services.*.provider'];
/** The name that `*` stands for. */
const NAMES: Readonly<Record<string, string>> = {
  'services.*.depends_on': 'other',
  'services.*.networks': 'front',
  'services.*.environment': 'NAME',
};

/** The smallest sensible file with an element of the table in it. */
export function exampleFile(row: SupportRow): string {
  const around: Tree = {
    services: { other: { image: 'example/other' } },
    networks: { front: {} },
    volumes: { data: {} },
    configs: { settings: { content: 'text' } },
    secrets: { token: { environment: 'NAME' } },
  };
  if (row.at.startsWith('yaml.'))
    return `${stringify(around)}x-form: ${/\$/.test(row.example) ? JSON.stringify(row.example) : row.example}\n`;
  const keys = row.at.replaceAll('[]', '.[]').split('.');
  place(around, keys, '', parse(row.example) as unknown, idOf(row));
  return stringify(around);
}

function place(
  tree: Tree | unknown[],
  keys: readonly string[],
  path: string,
  value: unknown,
  id: string,
): void {
  const [key = '', ...rest] = keys;
  const below = key === '[]' ? `${path}[]` : path === '' ? key : `${path}.${key}`;
  if (rest.length === 0) return put(tree, nameOf(key, path), value);
  const next =
    rest[0] === '[]'
      ? []
      : {
          ...get(tree, nameOf(key, path)),
          ...(ALONE.some((alone) => id.startsWith(alone)) ? {} : BESIDE[below]),
        };
  put(tree, nameOf(key, path), next);
  place(next, rest, below, value, id);
}

function nameOf(key: string, path: string): string {
  return key === '*' ? (NAMES[path] ?? 'web') : key === 'x-*' ? 'x-own' : key;
}

function get(tree: Tree | unknown[], name: string): Tree {
  return Array.isArray(tree) ? {} : ((tree[name] as Tree | undefined) ?? {});
}

function put(tree: Tree | unknown[], name: string, value: unknown): void {
  if (Array.isArray(tree)) tree.push(value);
  else tree[name] = value;
}
