import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTarPacker, type TarHeader } from 'modern-tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unpackInto } from '../../../src/files/index.ts';

let base: string;
let target: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'berth-unpack-'));
  target = join(base, 'target');
  mkdirSync(target);
  writeFileSync(join(base, 'precious'), 'untouched');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

type Entry = Partial<TarHeader> & { readonly name: string; readonly text?: string };

/** An archive with whatever names are asked for. */
async function* tar(...entries: Entry[]): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const feed = async () => {
    for (const { text = '', ...header } of entries) {
      const bytes = new TextEncoder().encode(header.type === undefined ? text : '');
      const writer = controller.add({ ...header, size: bytes.length }).getWriter();
      if (bytes.length > 0) await writer.write(bytes);
      await writer.close();
    }
    controller.finalize();
  };
  feed().catch((error: unknown) => controller.error(error));
  for await (const chunk of readable) yield chunk;
}

/** Everything below the base, with what it holds. */
function everything(directory = base): string[] {
  return readdirSync(directory)
    .toSorted()
    .flatMap((name) => {
      const path = join(directory, name);
      const stats = lstatSync(path);
      const shown = path.slice(base.length + 1);
      if (stats.isDirectory()) return [`${shown}/`, ...everything(path)];
      return stats.isSymbolicLink()
        ? `${shown} -> ${readlinkSync(path)}`
        : `${shown}: ${readFileSync(path, 'utf8')}`;
    });
}

test('writes what GNU tar packed: files, directories, links, modes and times', async () => {
  const source = join(base, 'source');
  mkdirSync(join(source, 'd'), { recursive: true });
  writeFileSync(join(source, 'd/run'), 'text', { mode: 0o640 });
  symlinkSync('run', join(source, 'd/link'));
  execFileSync('ln', [join(source, 'd/run'), join(source, 'd/same')]);
  execFileSync('touch', ['-d', '2020-01-02T03:04:05.123456Z', join(source, 'd/run'), join(source, 'd')]);
  const archive = execFileSync('tar', ['--format=pax', '-C', source, '-c', 'd']);
  const { files } = await unpackInto(target, [archive] as unknown as AsyncIterable<Uint8Array>);
  expect(files).toBe(3);
  const run = statSync(join(target, 'd/run'));
  expect([run.mode & 0o7777, run.mtimeMs, run.nlink]).toEqual([0o640, 1577934245123.456, 2]);
  expect(readlinkSync(join(target, 'd/link'))).toBe('run');
  expect(statSync(join(target, 'd')).mtimeMs).toBe(1577934245123.456);
});

test.each<[string, Entry[]]>([
  ['an absolute name', [{ name: '/precious', text: 'x' }]],
  ['a name that climbs', [{ name: '../precious', text: 'x' }]],
  ['a name that climbs from within', [{ name: 'a/../../precious', text: 'x' }]],
  ['a directory that climbs', [{ name: '../other/', type: 'directory' }]],
  [
    'a file through a link of the archive',
    [
      { name: 'l', type: 'symlink', linkname: '..' },
      { name: 'l/precious', text: 'x' },
    ],
  ],
  [
    'a directory in the place of a link of the archive',
    [
      { name: 'l', type: 'symlink', linkname: '..' },
      { name: 'l/', type: 'directory' },
      { name: 'l/precious', text: 'x' },
    ],
  ],
  [
    'a file through two links',
    [
      { name: 'd/', type: 'directory' },
      { name: 'd/l', type: 'symlink', linkname: '../..' },
      { name: 'd/l/precious', text: 'x' },
    ],
  ],
  ['a hard link to a file outside', [{ name: 'h', type: 'link', linkname: '../precious' }]],
  ['a hard link to an absolute path', [{ name: 'h', type: 'link', linkname: '/etc/passwd' }]],
  [
    'a hard link through a link',
    [
      { name: 'l', type: 'symlink', linkname: '..' },
      { name: 'h', type: 'link', linkname: 'l/precious' },
    ],
  ],
  [
    'a hard link to a link',
    [
      { name: 'l', type: 'symlink', linkname: '../precious' },
      { name: 'h', type: 'link', linkname: 'l' },
    ],
  ],
  ['the directory itself as a file', [{ name: '.', text: 'x' }]],
])('%s is refused, and nothing is written outside', async (_, entries) => {
  await expect(unpackInto(target, tar(...entries))).rejects.toMatchObject({ code: 'archive-unsafe' });
  expect(readFileSync(join(base, 'precious'), 'utf8')).toBe('untouched');
  expect(readdirSync(base).toSorted()).toEqual(['precious', 'target']);
});

test('a link that was there before is not written through, and one in the place of a file is replaced', async () => {
  symlinkSync('..', join(target, 'out'));
  await expect(unpackInto(target, tar({ name: 'out/precious', text: 'x' }))).rejects.toMatchObject({
    code: 'archive-unsafe',
    message: expect.stringContaining(join(target, 'out')),
  });
  symlinkSync('../precious', join(target, 'file'));
  await unpackInto(target, tar({ name: 'file', text: 'new' }));
  expect(everything()).toEqual(['precious: untouched', 'target/', 'target/file: new', 'target/out -> ..']);
});

test('a link may lead anywhere as long as nothing is written through it', async () => {
  await unpackInto(target, tar({ name: 'l', type: 'symlink', linkname: '/etc' }));
  expect(readlinkSync(join(target, 'l'))).toBe('/etc');
});

test('files are replaced as a whole, and a directory is never replaced by a file', async () => {
  writeFileSync(join(target, 'a'), 'a much longer text');
  await unpackInto(
    target,
    tar({ name: './a', text: 'short' }, { name: './', type: 'directory', mode: 0o700 }),
  );
  expect(readFileSync(join(target, 'a'), 'utf8')).toBe('short');
  mkdirSync(join(target, 'd'));
  await expect(unpackInto(target, tar({ name: 'd', text: 'x' }))).rejects.toMatchObject({
    code: 'bad-request',
  });
  await expect(unpackInto(target, tar({ name: 'a/b', text: 'x' }))).rejects.toMatchObject({
    code: 'bad-request',
  });
  expect(readdirSync(target).toSorted()).toEqual(['a', 'd']);
});

test('names can be changed, and are judged as they become', async () => {
  const place = (name: string) => (name.startsWith('skip') ? undefined : name.replace('old', 'new'));
  await unpackInto(target, tar({ name: 'old/x', text: 'x' }, { name: 'skip', text: 'y' }), { place });
  expect(everything()).toEqual(['precious: untouched', 'target/', 'target/new/', 'target/new/x: x']);
  const climb = unpackInto(target, tar({ name: 'a', text: 'x' }), { place: () => '../precious' });
  await expect(climb).rejects.toMatchObject({ code: 'archive-unsafe' });
});

test('set-id bits and devices do not come along', async () => {
  const skipped: string[] = [];
  await unpackInto(
    target,
    tar(
      { name: 's', text: 'x', mode: 0o6755 },
      { name: 'p', type: 'fifo' },
      { name: 'n', type: 'character-device' },
    ),
    { onSkipped: (name) => skipped.push(name) },
  );
  expect(statSync(join(target, 's')).mode & 0o7777).toBe(0o755);
  expect(skipped).toEqual(['p', 'n']);
  expect(existsSync(join(target, 'p'))).toBe(false);
});

test('what is no archive, or half of one, is told as such and leaves no half of a file', async () => {
  const rubbish = async function* () {
    yield new Uint8Array(2048).fill(65);
  };
  await expect(unpackInto(target, rubbish())).rejects.toMatchObject({ code: 'bad-request' });
  const half = async function* () {
    const chunks: Uint8Array[] = [];
    for await (const chunk of tar({ name: 'big', text: 'y'.repeat(100_000) })) chunks.push(chunk);
    yield Buffer.concat(chunks).subarray(0, 50_000);
  };
  await expect(unpackInto(target, half())).rejects.toThrow();
  expect(readdirSync(target)).toEqual([]);
});
