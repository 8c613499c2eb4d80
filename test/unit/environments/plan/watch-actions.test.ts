import { expect, test } from 'vitest';
import type { WatchRule } from '../../../../src/compose/index.ts';
import { planWatchActions } from '../../../../src/environments/plan/watch-actions.ts';
import type { FileEntry } from '../../../../src/files/index.ts';

const rule = (change: Partial<WatchRule>): WatchRule => ({
  ...{ service: 'web', action: 'sync', path: '/p/src', target: '/app', ignore: [], include: [] },
  ...change,
});
const file = (path: string): FileEntry => ({
  ...{ path, kind: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 1, mtimeUs: 1 },
});
const NOTHING = { rebuild: false, copies: [], removals: [], restart: false, commands: [] };

test('changed files are copied to where the rule says, removed ones removed', () => {
  const [actions] = planWatchActions(
    [rule({})],
    [file('/p/src/a'), file('/p/src/d/b'), file('/p/c')],
    ['/p/src/gone'],
  );
  expect(actions).toEqual({
    ...{ ...NOTHING, service: 'web' },
    copies: [{ from: '/p/src', names: ['a', 'd/b'], to: '/app' }],
    removals: ['/app/gone'],
  });
});

test('a rule of one file names the file, or the directory that it goes to', () => {
  const one = { path: '/p/conf/a.conf' };
  const [named] = planWatchActions([rule({ ...one, target: '/etc/b.conf' })], [file(one.path)], []);
  expect(named?.copies).toEqual([{ from: '/p/conf', names: ['a.conf'], to: '/etc', as: 'b.conf' }]);
  const [into] = planWatchActions([rule({ ...one, target: '/etc/' })], [], [one.path]);
  expect(into?.removals).toEqual(['/etc/a.conf']);
});

test('ignore and include are patterns below the path', () => {
  const rules = [rule({ ignore: ['node_modules/', '*.log'], include: ['**/*.ts', '*.log'] })];
  const files = ['x.ts', 'd/y.ts', 'a.log', 'node_modules/z.ts', 'readme.md'].map((name) =>
    file(`/p/src/${name}`),
  );
  expect(planWatchActions(rules, files, [])[0]?.copies[0]?.names).toEqual(['x.ts', 'd/y.ts']);
});

test('each action does what it says, and a service whose rules do not match is left alone', () => {
  const rules = [
    rule({ action: 'sync+restart', path: '/p/a' }),
    rule({ action: 'sync+exec', path: '/p/a', exec: ['reload'] }),
    rule({ service: 'api', action: 'rebuild', path: '/p/a/x' }),
    rule({ service: 'db', action: 'restart', path: '/p/b' }),
  ];
  expect(planWatchActions(rules, [file('/p/a/x')], [])).toMatchObject([
    { service: 'web', restart: true, rebuild: false, commands: [['reload']] },
    { service: 'api', rebuild: true, copies: [] },
  ]);
  expect(planWatchActions(rules, [file('/p/other')], [])).toEqual([]);
  expect(planWatchActions(rules, [], ['/p/b/z'])).toMatchObject([{ service: 'db', restart: true }]);
});
