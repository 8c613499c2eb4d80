import { expect, test } from 'vitest';
import { cpioArchive } from '../../../src/images/cpio.ts';

/** Reads an archive back as the kernel does. */
function readMembers(archive: Buffer): { path: string; mode: number; content: string }[] {
  const members = [];
  for (let offset = 0; ; ) {
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', offset + 6 + index * 8, offset + 14 + index * 8), 16);
    expect(archive.toString('latin1', offset, offset + 6)).toBe('070701');
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = archive.toString('utf8', offset + 110, offset + 110 + nameSize - 1);
    const data = align(offset + 110 + nameSize);
    if (path === 'TRAILER!!!') return members;
    members.push({ path, mode, content: archive.toString('utf8', data, data + size) });
    offset = align(data + size);
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

test('an archive gives back its members', () => {
  const archive = cpioArchive([
    { path: 'bin', mode: 0o755 },
    { path: 'init', mode: 0o755, content: Buffer.from('#!/bin/sh\n') },
    { path: 'empty', mode: 0o644, content: new Uint8Array() },
    { path: 'etc/five', mode: 0o600, content: Buffer.from('12345') },
  ]);
  expect(readMembers(archive)).toEqual([
    { path: 'bin', mode: 0o040755, content: '' },
    { path: 'init', mode: 0o100755, content: '#!/bin/sh\n' },
    { path: 'empty', mode: 0o100644, content: '' },
    { path: 'etc/five', mode: 0o100600, content: '12345' },
  ]);
});

test('an archive ends on a block', () => {
  expect(cpioArchive([]).length % 512).toBe(0);
});

test('the same members make the same bytes', () => {
  const members = [{ path: 'init', mode: 0o755, content: Buffer.from('x') }];
  expect(cpioArchive(members).equals(cpioArchive(members))).toBe(true);
});
