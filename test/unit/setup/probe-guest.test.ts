import { writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram, run } from '../../../src/host/index.ts';
import { cpioArchive } from '../../../src/setup/accelerator/cpio-archive.ts';
import { bootSectorDisk, MARKER, probeInit } from '../../../src/setup/accelerator/probe-guest.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('the boot sector is bootable, prints its message and knows where that is', () => {
  const disk = bootSectorDisk();
  expect(disk.readUInt16LE(510)).toBe(0xaa55);
  const message = disk.indexOf(MARKER);
  expect(message).toBeGreaterThan(0);
  expect(message + MARKER.length).toBeLessThan(500);
  const loadMessage = disk.indexOf(0xbe);
  expect(disk.readUInt16LE(loadMessage + 1)).toBe(0x7c00 + message);
});

test('every jump of the boot sector lands on an instruction', () => {
  const disk = bootSectorDisk();
  const jump = (opcode: number, after: number): number => {
    const at = disk.indexOf(opcode, after);
    return at + 2 + disk.readInt8(at + 1);
  };
  const next = disk.indexOf(0xac);
  const done = disk.indexOf(Buffer.from([0xb0, 0x10, 0xe6, 0xf4]));
  const wait = disk.indexOf(0xec);
  expect(jump(0x74, next)).toBe(done);
  expect(jump(0x74, wait)).toBe(wait);
  expect(jump(0xeb, wait)).toBe(next);
});

test.runIf(arch() === 'x64')('the first program of the kernel’s guest says its word and ends', async () => {
  const path = join(temporaryDirectory(), 'init');
  writeFileSync(path, probeInit(), { mode: 0o755 });
  expect(await run([path])).toEqual({ stdout: `${MARKER}\n`, stderr: '', exitCode: 0 });
});

test('the archive is laid out as the kernel reads it', () => {
  const archive = cpioArchive([{ path: 'init', mode: 0o100755, data: Buffer.from('hello') }]);
  const header = archive.subarray(0, 110).toString('latin1');
  expect(header.slice(0, 6)).toBe('070701');
  expect(header.slice(14, 22)).toBe('000081ed');
  expect(Number.parseInt(header.slice(54, 62), 16)).toBe(5);
  expect(archive.subarray(116, 121).toString()).toBe('hello');
  expect(archive.length % 4).toBe(0);
  expect(archive.includes('TRAILER!!!')).toBe(true);
});

const cpio = await findProgram('cpio');

test.runIf(cpio !== undefined)('cpio reads the archive', async () => {
  const archive = cpioArchive([
    { path: 'dev', mode: 0o040755 },
    { path: 'dev/console', mode: 0o020600, device: { major: 5, minor: 1 } },
    { path: 'init', mode: 0o100755, data: probeInit() },
  ]);
  const { stdout } = await run(['cpio', '--list', '--quiet'], { input: archive });
  expect(stdout).toBe('dev\ndev/console\ninit\n');
});
