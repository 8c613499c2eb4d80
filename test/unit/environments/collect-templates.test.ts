import { expect, test } from 'vitest';
import { fatesOf } from '../../../src/environments/collect-templates.ts';
import type { EnvironmentRecord } from '../../../src/environments/record.ts';
import type { TemplateManifest } from '../../../src/machines/index.ts';

const point = { id: 'tpl-point', kind: 'fork-point', layers: [] } as unknown as TemplateManifest;
const process = { process: { pid: 1, startTicks: 1 } };

function fateOf(...environments: Record<string, unknown>[]): string | undefined {
  return fatesOf([point], environments as unknown as EnvironmentRecord[]).get(point.id);
}

test('a fork point that nobody needs is removed', () => {
  expect(fateOf({ template: 'tpl-base', process })).toBe('remove');
});

test('a fork point is kept while a machine that was restored from it runs', () => {
  expect(fateOf({ template: 'tpl-point', process, disk: { layers: ['tpl-point'] } })).toBe('keep');
});

test('only its disk is kept when a disk stands on it and no machine has its memory', () => {
  expect(fateOf({ template: 'tpl-point', disk: { layers: ['tpl-point'] } })).toBe('disk-only');
  expect(fateOf({ template: 'tpl-base', process, disk: { layers: ['tpl-point', 'tpl-base'] } })).toBe(
    'disk-only',
  );
});

test('a fork point is kept from the moment when the freeze is done until its first fork has been recorded', () => {
  const parent = {
    template: 'tpl-base',
    process,
    operation: 'op-1',
    disk: { layers: ['tpl-point', 'tpl-base'] },
  };
  expect(fateOf(parent, { template: 'tpl-base', operation: 'op-1', state: 'creating' })).toBe('keep');
});
