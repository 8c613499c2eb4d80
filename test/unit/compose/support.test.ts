import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkCompose } from '../../../src/compose/index.ts';
import * as keys from '../../../src/compose/keys.ts';
import { idOf } from '../../../src/compose/support/row.ts';
import { supportTable } from '../../../src/compose/support/table.ts';
import { ofPieces, ofProject } from '../../e2e/matrix/all-proofs.ts';
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

test('every element that is not refused is in a file that the tests with machines bring up', () => {
  const directory = join(import.meta.dirname, '../../e2e/matrix');
  const given = { variables: { GIVEN: 'given', EMPTY: '', TOKEN: 'token', COMPOSE_PROFILES: 'debug' } };
  const found = ['project', 'pieces'].flatMap((name) => {
    const text = readFileSync(join(directory, name, 'compose.yaml'), 'utf8');
    return checkCompose(text, { ...given, files }).elements;
  });
  expect(found.filter(({ verdict }) => verdict === 'refused' || verdict === 'invalid')).toEqual([]);
  const there = new Set(found.map(({ element }) => element));
  const rows = supportTable.filter(({ verdict }) => verdict !== 'refused').map(idOf);
  expect(rows.filter((id) => !there.has(id))).toEqual([]);
});

test('every element that is not refused has a proof in machines, and every proof has its element', () => {
  const rows = supportTable.filter(({ verdict }) => verdict !== 'refused').map(idOf);
  const proofs = [...Object.keys(ofPieces), ...Object.keys(ofProject)];
  expect(proofs.toSorted()).toEqual(rows.toSorted());
});
