import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment, Volume } from '../../src/model/index.ts';
import {
  berth,
  berthFails,
  berthJson,
  berthOk,
  fork,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
} from './rig/berth.ts';
import { output } from './rig/program.ts';
import { prepareAlone } from './rig/prepare.ts';
import { tinyCompose, tinyProject, type TinyService, workDirectory } from './rig/tiny.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const web: TinyService = { name: 'web', ports: ['8080:80'], more: '    volumes: ["data:/data"]' };
// Not that of the project, which goes into the machine.
const directory = () => workDirectory('volume-archives');

let vol: Environment;

const archive = (name: string) => join(directory(), name);
const allocated = async (name: string) => (await inspect(name)).storage?.allocatedBytes ?? Number.NaN;
const free = async (name: string) =>
  Number((await inMachine(name, 'df --output=size -B1 / | tail -n 1')).trim());

/** Makes an archive with a member that would leave the directory that it is unpacked into. */
async function wrongArchive(name: string, script: string): Promise<string> {
  const path = archive(name);
  await output(['sh', '-ec', `rm -rf "$1.d"; mkdir "$1.d"; cd "$1.d"; ${script}`, 'sh', path]);
  return path;
}

beforeAll(async () => {
  await prepareAlone();
  const file = await tinyProject('volumes');
  writeFileSync(file, tinyCompose([web], 'volumes:\n  data:\n'));
  await berthOk(['up', '-f', file, '--name', 'vol']);
  vol = await inspect('vol');
});
afterAll(() => removeAllEnvironments());

describe('volumes', () => {
  test('are listed with their size and who uses them', async () => {
    await inService('vol', 'web', 'dd if=/dev/zero of=/data/zeros bs=1024 count=2048 && sync');
    const [data, ...more] = await berthJson<Volume[]>(['volume', 'ls', 'vol']);
    expect(more).toEqual([]);
    expect(data).toMatchObject({
      ...{ environment: 'vol', name: 'vol_data', key: 'data', state: 'live' },
      usedBy: [{ service: 'web', running: true }],
    });
    expect(data?.sizeBytes).toBeGreaterThan(2 * MIB);
    expect(data?.sizeBytes).toBeLessThan(3 * MIB);
    expect(await berthJson(['volume', 'inspect', 'vol/vol_data'])).toEqual(data);
    expect(await berthFails(['volume', 'inspect', 'vol/none'])).toMatchObject({
      ...{ code: 'not-found', exitCode: 3 },
      message: expect.stringContaining('its volumes: data') as unknown,
    });
  });

  test('that are in use are not removed', async () => {
    const { code, stderr } = await berth(['volume', 'rm', 'vol/data']);
    expect([code, stderr]).toEqual([4, expect.stringContaining('is used by web')]);
  });

  test('go out and in again with owners, modes, links and attributes', async () => {
    const path = '/var/lib/containers/storage/volumes/vol_data/_data';
    await inMachine(
      'vol',
      `cd ${path} && rm zeros && mkdir -p sub && echo one >sub/one && chown 1234:4321 sub/one && chmod 640 sub/one &&
       ln -s /etc/hostname link && ln sub/one hard && mkfifo pipe && chmod 1777 .`,
    );
    const tell = () => inMachine('vol', `cd ${path} && find . -printf '%p %y %m %U:%G %n %l\\n' | sort`);
    const before = await tell();
    expect(before).toContain('./sub/one f 640 1234:4321 2');
    const file = archive('data.tar');
    await berthOk(['volume', 'export', 'vol/data', '-o', file]);
    await inService('vol', 'web', 'echo more >/data/more; echo two >/data/sub/one');
    expect(await berthFails(['volume', 'import', 'vol/data', '-i', file])).toMatchObject({
      ...{ code: 'volume-in-use', exitCode: 4 },
    });
    await berthOk(['volume', 'import', 'vol/data', '-i', file, '--force']);
    expect(await tell()).toBe(before);
    expect(await inService('vol', 'web', 'cat /data/sub/one')).toBe('one\n');
  });

  test('what would leave the volume is refused, and the volume is as it was', async () => {
    const link =
      'ln -s / out; tar -cf "$1" out; rm out; mkdir out; echo x >out/escaped; tar -rf "$1" out/escaped';
    const archives = [
      await wrongArchive('above.tar', `echo x >x; tar -P --transform 's,^,../../../../escaped-,' -cf "$1" x`),
      await wrongArchive('link.tar', link),
      await wrongArchive('device.tar', 'mknod null c 1 3; tar -cf "$1" null'),
      await wrongArchive('cut.tar', 'head -c 300000 /dev/urandom >x; tar -c x | head -c 200000 >"$1"'),
      await wrongArchive('garbage.tar', 'head -c 3000 /dev/urandom >"$1"'),
      await wrongArchive('empty.tar', ': >"$1"'),
    ];
    for (const path of archives) {
      const failure = await berthFails(['volume', 'import', 'vol/data', '-i', path, '--force']);
      expect([path, failure.code]).toEqual([path, 'archive-invalid']);
    }
    expect(await inService('vol', 'web', 'cat /data/sub/one')).toBe('one\n');
    expect(await inMachine('vol', 'find / -xdev -name "*escaped*"; ls /var/lib/berth/imports')).toBe('');
  });
});

describe('the disk', () => {
  test('a deleted file comes back to the host with trim', async () => {
    await berthOk(['trim', 'vol']);
    const before = await allocated('vol');
    await inMachine('vol', 'head -c 300000000 /dev/urandom >/var/big && sync');
    const full = await allocated('vol');
    expect(full - before).toBeGreaterThan(280 * MIB);
    await inMachine('vol', 'rm /var/big');
    expect(await berthOk(['trim', 'vol'])).toMatch(
      /^vol: [\d.]+ MiB of disk given back: .* before, .* now\n$/,
    );
    expect((await allocated('vol')) - before).toBeLessThan(20 * MIB);
  });

  test('grows while the machine runs; forks have its size; it cannot shrink', async () => {
    await berthOk(['resize', 'vol', '--disk', '12GiB']);
    expect(await inspect('vol')).toMatchObject({ state: 'running', pid: vol.pid, shape: { diskGib: 12 } });
    expect(await free('vol')).toBeGreaterThan(11 * GIB);
    const [copy] = await fork('vol', '--name', 'vol-fork');
    expect(copy).toMatchObject({ shape: { diskGib: 12 } });
    await inMachine('vol-fork', 'head -c 5000000 /dev/urandom >/var/some && sync');
    expect(await free('vol-fork')).toBeGreaterThan(11 * GIB);
    expect(await berthFails(['resize', 'vol', '--disk', '10GiB'])).toMatchObject({
      ...{ code: 'bad-request', exitCode: 2, problems: [{ path: 'diskGib' }] },
    });
  });

  test('grows while it is stopped, and a disk that is nearly full is told', async () => {
    await berthOk(['stop', 'vol-fork']);
    expect((await berthJson<Volume[]>(['volume', 'ls', 'vol-fork']))[0]).toMatchObject({ state: 'stopped' });
    await berthOk(['resize', 'vol-fork', '--disk', '13GiB']);
    await berthOk(['start', 'vol-fork']);
    expect(await free('vol-fork')).toBeGreaterThan(12 * GIB);
    await inMachine('vol-fork', 'fallocate -l 12000000000 /var/large');
    await berthOk(['trim', 'vol-fork']);
    expect(await inspect('vol-fork')).toMatchObject({ state: 'running', storage: { nearlyFull: true } });
    expect(await berthOk(['ls'])).toMatch(/vol-fork .*disk 9\d % full/);
    expect(await berthOk(['inspect', 'vol-fork'])).toContain('./berth resize vol-fork --disk 26GiB');
    expect(await berthOk(['events'])).toMatch(/environment\.disk-nearly-full {2}vol-fork/);
    await berthOk(['resize', 'vol-fork', '--disk', '26GiB']);
    expect((await inspect('vol-fork')).storage?.nearlyFull).toBe(false);
  });
});

describe('rm --keep-volumes', () => {
  const up = () => berthOk(['up', '-f', join(workDirectory('volumes'), 'compose.yaml'), '--name', 'vol']);

  test('leaves the volumes to the next environment of the name', async () => {
    expect(await berthOk(['rm', '--keep-volumes', 'vol'])).toContain('vol removed, its volumes kept');
    const kept = await berthJson<Volume[]>(['volume', 'ls', 'vol']);
    expect(kept).toMatchObject([{ environment: 'vol', key: 'data', state: 'kept', usedBy: [] }]);
    await berthOk(['volume', 'export', '--kept', 'vol/data', '-o', archive('kept.tar')]);
    expect(await output(['tar', '-tf', archive('kept.tar')])).toContain('./sub/one');
    await up();
    expect(await inService('vol', 'web', 'cat /data/sub/one')).toBe('one\n');
    const now = await berthJson<Volume[]>(['volume', 'ls', 'vol']);
    expect(now).toMatchObject([
      { name: 'vol_data', key: 'data', state: 'live', usedBy: [{ service: 'web' }] },
    ]);
  });
});
