import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { layoutOf, type TemplateManifest, TemplateStore } from '../../../src/machines/index.ts';
import { MANIFEST_VERSION } from '../../../src/machines/template-manifest.ts';

const manifest = {
  version: MANIFEST_VERSION,
  id: 'tpl-0123456789ab',
  name: 'seeded',
  kind: 'fork-point',
  createdAt: '2026-01-02T03:04:05.678Z',
  layers: [],
  diskOnly: false,
} as unknown as TemplateManifest;

let home: string;
let store: TemplateStore;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'berth-templates-'));
  store = new TemplateStore(layoutOf(home));
  const files = await store.prepare(manifest.id);
  writeFileSync(files.state, 'memory');
  writeFileSync(files.disk, 'disk');
  await store.complete(manifest);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('many that remove or reduce the same template at once do not get into each other’s way', async () => {
  const { directory } = store.files(manifest.id);
  const signal = AbortSignal.timeout(5_000);
  await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      if (index % 3 === 0) await store.seal(manifest, { signal }).catch(() => undefined);
      else if (index % 3 === 1) await store.dropState(manifest.id);
      else await store.remove(manifest.id);
    }),
  );
  expect(existsSync(directory)).toBe(false);
  expect(await store.list()).toEqual([]);
});

test('hashes of a template that is given up meanwhile are not waited for', async () => {
  truncateSync(store.files(manifest.id).state, 64 * 1024 ** 3);
  const sealing = store.seal(manifest, { signal: AbortSignal.timeout(60_000), background: true });
  await store.dropState(manifest.id);
  expect(await sealing).toEqual(manifest);
  expect(await store.list()).toEqual([{ ...manifest, diskOnly: true }]);
});

test('a template that was reduced to its disk keeps the hashes that were added meanwhile', async () => {
  const { hashes } = await store.seal(manifest, { signal: AbortSignal.timeout(5_000) });
  await store.dropState(manifest.id);
  expect(await store.list()).toEqual([{ ...manifest, hashes, diskOnly: true }]);
  expect(existsSync(store.files(manifest.id).state)).toBe(false);
});

test('a byte that differs is found when a later daemon looks at the template for the first time', async () => {
  const sealed = await store.seal(manifest, { signal: AbortSignal.timeout(5_000) });
  const later = new TemplateStore(layoutOf(home));
  await later.verify(sealed, AbortSignal.timeout(5_000));
  writeFileSync(store.files(manifest.id).state, 'memorY');
  await expect(
    new TemplateStore(layoutOf(home)).verify(sealed, AbortSignal.timeout(5_000)),
  ).rejects.toMatchObject({ code: 'template-invalid', message: expect.stringContaining('memory') });
});

test.each(['base', 'environment'] as const)(
  'a template of kind %s whose hashes an earlier daemon did not write is one that nobody keeps',
  async (kind) => {
    await store.complete({ ...manifest, kind });
    const later = new TemplateStore(layoutOf(home));
    await later.undoUnsealed();
    expect(await later.list()).toEqual([{ ...manifest, name: 'fork-point-0123456789ab' }]);
    await store.complete({ ...manifest, kind });
    const sealed = await store.seal({ ...manifest, kind }, { signal: AbortSignal.timeout(5_000) });
    await later.undoUnsealed();
    expect(await later.list()).toEqual([sealed]);
  },
);
