import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadRecipe } from '../../../src/images/recipe.ts';

const guest = resolve(import.meta.dirname, '../../../guest');
const base = join(guest, 'debian-13');
const files = join(base, 'files');
/** Modules of the package perl-base that the guest's programs may use. */
const PERL_BASE = new Set(['strict', 'warnings', 'constant', 'Fcntl', 'POSIX', 'Socket']);

test('the recipe is valid', async () => {
  const recipe = await loadRecipe(guest, 'debian-13');
  expect(recipe?.suite).toBe('trixie');
  expect(recipe?.packages).toContain('linux-image-cloud-amd64');
});

test('every unit of ours that starts at boot is among the files, and none of them is masked', async () => {
  const recipe = await loadRecipe(guest, 'debian-13');
  const wanted = Object.values(recipe?.wants ?? {}).flat();
  const own = wanted.filter((name) => name.startsWith('berth-'));
  expect(own.filter((name) => !existsSync(join(files, 'etc/systemd/system', name)))).toEqual([]);
  expect(own.filter((name) => recipe?.mask.includes(name))).toEqual([]);
  expect(wanted).toContain('berth-guestd.service');
});

test('no file carries an identity', async () => {
  const recipe = await loadRecipe(guest, 'debian-13');
  const paths = recipe?.files.map((file) => file.path) ?? [];
  expect(paths.filter((path) => /ssh_host_|machine-id|random-seed|authorized_keys/.test(path))).toEqual([]);
});

test.each(['usr/lib/berth/guestd', 'usr/lib/berth/boot', 'usr/local/libexec/podman/netavark'])(
  '%s compiles and needs perl-base only',
  (name) => {
    const path = join(files, name);
    execFileSync('perl', ['-c', path], { stdio: 'pipe' });
    const used = [...readFileSync(path, 'utf8').matchAll(/^use ([A-Za-z:]+)/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(used.filter((module) => !PERL_BASE.has(module))).toEqual([]);
  },
);

test('the shell programs have no syntax errors', () => {
  execFileSync('sh', ['-n', join(files, 'usr/lib/berth/warmup')]);
  execFileSync('sh', ['-n', join(base, 'initramfs/init')]);
});

test('the guest README names every file of the recipe', async () => {
  const recipe = await loadRecipe(guest, 'debian-13');
  const text = readFileSync(join(guest, 'README.md'), 'utf8');
  const paths = recipe?.files.map((file) => file.path) ?? [];
  expect(paths.filter((path) => !text.includes(`\`${path}\``))).toEqual([]);
});
