import { expect, test } from 'vitest';
import { fatesOf, neededBeside } from '../../../src/environments/collect-templates.ts';
import type { EnvironmentRecord } from '../../../src/environments/record.ts';
import type { TemplateManifest } from '../../../src/machines/index.ts';

/** Only what the decision looks at. */
function template(id: string, kind: TemplateManifest['kind'], change: object = {}): TemplateManifest {
  return { id, kind, name: id, layers: [], ...change } as unknown as TemplateManifest;
}

function environment(change: object): EnvironmentRecord {
  return { name: 'e', template: 'none', ...change } as unknown as EnvironmentRecord;
}

const process = { process: { pid: 1, startTicks: 1 }, slot: {} };

test('a fork point stays whole as long as a machine runs that was restored from it', () => {
  const running = environment({ template: 'point', process, disk: { layers: ['point'] } });
  expect(fatesOf([template('point', 'fork-point')], [running]).get('point' as never)).toBe('keep');
});

test('a fork that was started again from its disk maps no memory of its fork point any more', () => {
  const restored = { ...process, origin: 'template' };
  const booted = { ...process, origin: 'disk' };
  const fork = (from: object) =>
    environment({ template: 'point', process: from, disk: { layers: ['point'] } });
  const fateBeside = (...environments: EnvironmentRecord[]) =>
    fatesOf([template('point', 'fork-point')], environments).get('point' as never);
  expect(fateBeside(fork(booted))).toBe('disk-only');
  expect(fateBeside(fork(booted), fork(restored))).toBe('keep');
  expect(fateBeside({ ...fork(booted), operation: 'op-1' as never })).toBe('keep');
});

test('a fork point on whose disk something stands keeps its disk only', () => {
  const stopped = environment({ template: 'point', disk: { layers: ['point'] } });
  expect(fatesOf([template('point', 'fork-point')], [stopped]).get('point' as never)).toBe('disk-only');
  const above = template('above', 'environment', { layers: ['point'] });
  expect(fatesOf([template('point', 'fork-point'), above], []).get('point' as never)).toBe('disk-only');
});

test('a fork point that nobody needs goes', () => {
  expect(fatesOf([template('point', 'fork-point')], []).get('point' as never)).toBe('remove');
});

test('a fork point that is being made is not touched', () => {
  const freezing = environment({ freezing: { template: 'point', top: 'disk-1.qcow2' } });
  expect(fatesOf([template('point', 'fork-point')], [freezing]).get('point' as never)).toBe('keep');
});

test('what replicas are made of stays as long as there may be some', () => {
  const scaled = environment({ replicaTemplate: 'point', disk: { layers: ['point'] } });
  expect(fatesOf([template('point', 'fork-point')], [scaled]).get('point' as never)).toBe('keep');
});

test('what a user named is the user’s to remove', () => {
  expect(fatesOf([template('mine', 'environment')], []).get('mine' as never)).toBe('keep');
});

test('of base templates of one name the newest stays, older ones as long as they are needed', () => {
  const old = template('old', 'base', { name: 'base' });
  const used = template('used', 'base', { name: 'base' });
  const recent = template('recent', 'base', { name: 'base' });
  const running = environment({ template: 'used', process, disk: { layers: ['used'] } });
  const fates = fatesOf([old, used, recent], [running]);
  expect([...fates]).toEqual([
    ['old', 'remove'],
    ['used', 'keep'],
    ['recent', 'keep'],
  ]);
});

test('a snapshot stays whole as long as its environment is there, and goes with it', () => {
  const snapshot = template('moment', 'snapshot', { snapshot: { environment: 'env-1' } });
  const owner = environment({ id: 'env-1', disk: { layers: ['moment'] } });
  expect(fatesOf([snapshot], [owner]).get('moment' as never)).toBe('keep');
  const fork = environment({ id: 'env-2', disk: { layers: ['moment'] } });
  expect(fatesOf([snapshot], [fork]).get('moment' as never)).toBe('disk-only');
  expect(fatesOf([snapshot], []).get('moment' as never)).toBe('remove');
});

test('the memory of a removed snapshot stays as long as a machine maps it', () => {
  const former = template('moment', 'fork-point');
  const restored = { ...process, origin: 'template', maps: 'moment' };
  const owner = environment({ template: 'base', process: restored, disk: { layers: ['moment'] } });
  expect(fatesOf([former], [owner]).get('moment' as never)).toBe('keep');
  const booted = environment({ template: 'base', process, disk: { layers: ['moment'] } });
  expect(fatesOf([former], [booted]).get('moment' as never)).toBe('disk-only');
});

test('what an environment was before a restore stays until that is done, and is a snapshot', () => {
  const before = template('before', 'fork-point', { layers: ['below'] });
  const below = template('below', 'fork-point');
  const restoring = environment({
    id: 'env-1',
    disk: { layers: ['snapshot'] },
    restoring: {
      ran: true,
      before: { template: 'before' },
      prior: { disk: { layers: ['before', 'below'] } },
    },
  });
  expect(fatesOf([before, below], [restoring]).get('before' as never)).toBe('keep');
  expect(fatesOf([before, below], [restoring]).get('below' as never)).toBe('disk-only');
  const keeping = environment({ id: 'env-1', disk: { layers: [] }, keeping: { template: 'before' } });
  expect(fatesOf([before, below], [keeping]).get('before' as never)).toBe('keep');
});

test('layers are needed beside an environment by others, and by what is kept', () => {
  const own = environment({ id: 'env-1', disk: { layers: ['c', 'b', 'a', 'base'] }, operation: 'op-1' });
  const fork = environment({ id: 'env-2', disk: { layers: ['a', 'base'] } });
  const layers = [
    template('c', 'fork-point', { layers: ['b', 'a', 'base'] }),
    template('b', 'fork-point', { layers: ['a', 'base'] }),
    template('a', 'fork-point', { layers: ['base'] }),
    template('base', 'base'),
  ];
  expect([...neededBeside(own, layers, [own, fork])].sort()).toEqual(['a', 'base']);
  const kept = template('s', 'snapshot', { layers: ['b', 'a', 'base'], snapshot: { environment: 'env-1' } });
  expect([...neededBeside(own, [...layers, kept], [own])].sort()).toEqual(['a', 'b', 'base', 's']);
});
