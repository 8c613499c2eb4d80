import { describe, expect, test } from 'vitest';
import { checkCompose } from '../../../src/compose/index.ts';
import * as keys from '../../../src/compose/keys.ts';
import { idOf } from '../../../src/compose/support/row.ts';
import { supportTable } from '../../../src/compose/support/table.ts';
import { exampleFile } from './example-file.ts';

const variables = { NAME: 'value', A: '1', B: '2', COMPOSE_PROFILES: 'debug' };
const files = { directory: '/project', mountable: ['/project'] };

test('each row has a name of its own', () => {
  const ids = supportTable.map(idOf);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('whatever is not simply right is explained', () => {
  const silent = supportTable.filter(({ verdict, words }) => verdict !== 'works' && words === '');
  expect(silent.map(idOf)).toEqual([]);
});

describe('is read as the table says:', () => {
  test.each(supportTable.map((row) => [idOf(row), row] as const))('%s', (id, row) => {
    const { elements } = checkCompose(exampleFile(row), { variables, files });
    const found = elements.filter(({ element }) => element === id);
    expect([...new Set(found.map(({ verdict }) => verdict))]).toEqual([row.verdict]);
    expect(found[0]?.line).toBeGreaterThan(0);
    const wrong = elements.filter(
      ({ element, verdict }) => element !== id && verdict !== 'works' && verdict !== 'differs',
    );
    expect(wrong).toEqual([]);
  });
});

const SECTIONS: Readonly<Record<string, keys.KeyTable>> = {
  '': keys.TOP_KEYS,
  'services.*.': keys.SERVICE_KEYS,
  'services.*.build.': keys.BUILD_KEYS,
  'services.*.depends_on.*.': keys.DEPENDENCY_KEYS,
  'services.*.healthcheck.': keys.HEALTHCHECK_KEYS,
  'services.*.deploy.': keys.DEPLOY_KEYS,
  'networks.*.': keys.NETWORK_KEYS,
  'volumes.*.': keys.VOLUME_KEYS,
  'configs.*.': keys.CONFIG_KEYS,
  'secrets.*.': keys.SECRET_KEYS,
};

test('every key that a file may have is in the table', () => {
  const known = supportTable.map(({ at }) => at);
  const missing = Object.entries(SECTIONS).flatMap(([section, table]) =>
    Object.keys(table)
      .map((key) => `${section}${key}`)
      .filter(
        (path) => !known.some((at) => at === path || at.startsWith(`${path}.`) || at.startsWith(`${path}[`)),
      ),
  );
  expect(missing).toEqual([]);
});
