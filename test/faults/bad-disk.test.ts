import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { berthOk, fork, inMachine, inspect, removeAllEnvironments } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { prepareAlone } from '../e2e/rig/prepare.ts';
import { tinyProject, workDirectory } from '../e2e/rig/tiny.ts';
import { EventWatch } from './rig/event-watch.ts';
import { type FaultyFile, faultyFile } from './rig/faulty-file.ts';
import { assertInvariants } from './rig/invariants.ts';
import { Subject } from './rig/subject.ts';

let subject: Subject;
let events: EventWatch;
let disk: FaultyFile;

beforeAll(async () => {
  await prepareAlone();
  await berthOk(['up', '-f', await tinyProject('shop'), '--name', 'shop']);
  await fork('shop', '--name', 'neighbour');
  await berthOk(['stop', 'shop']);
  const directory = join(sharedHome(), 'environments', (await inspect('shop')).id);
  const [top = ''] = readdirSync(directory).filter((name) => name.endsWith('.qcow2'));
  disk = await faultyFile(join(directory, top), workDirectory('faulty'));
  await berthOk(['start', 'shop']);
  subject = new Subject(sharedHome());
  events = await EventWatch.open(sharedHome());
});

afterAll(async () => {
  events.close();
  await berthOk(['stop', '--force', 'shop']);
  await disk[Symbol.asyncDispose]();
  await removeAllEnvironments();
});

test('#9 · the device under one disk gives I/O errors · it is told, its guest stands still instead of seeing them, the others go on; when the device is good again, so does it', async () => {
  const neighbour = await inspect('neighbour');
  const { pid } = await inspect('shop');
  disk.fail('each');
  const writer = inMachine(
    'shop',
    'dd if=/dev/urandom of=/root/noise bs=1M count=8 conv=fsync 2>&1 && sha256sum /root/noise',
  );
  writer.catch(() => undefined);
  try {
    await events.next('environment.io-error', 'shop', 60_000);
    expect(await subject.environment('shop')).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/^its disk cannot be written on the host: the host reports an error/),
    });
    expect(await get(`${urlOf(neighbour)}/`)).toBe('hello\n');
    await inMachine('neighbour', 'echo kept >/root/kept; sync');
    expect((await subject.environment('neighbour')).state).toBe('running');
  } finally {
    disk.fail('nothing');
  }
  await events.next('environment.io-resumed', 'shop', 20_000);
  const told = await writer;
  expect(await inMachine('shop', 'echo 3 >/proc/sys/vm/drop_caches; sha256sum /root/noise')).toBe(
    told.split('\n').slice(-2).join('\n'),
  );
  expect(await inMachine('shop', 'dmesg | grep -ciE "i/o error|remount" || true')).toBe('0\n');
  expect(await subject.environment('shop')).toMatchObject({ state: 'running', pid });
  await assertInvariants(subject, { untouched: [pid ?? -1, neighbour.pid ?? -1] });
});

test('#9 b · a flush of one disk fails, so that the kernel has lost what was written · it stands still also when the device is good again, says how to mend that, and a restart finds what was flushed before', async () => {
  const neighbour = await inspect('neighbour');
  await inMachine('shop', 'echo flushed >/root/before; sync');
  disk.fail('flush');
  inMachine('shop', 'echo lost >/root/after; sync').catch(() => undefined);
  await events.next('environment.io-error', 'shop', 60_000);
  disk.fail('nothing');
  await inMachine('neighbour', 'sync');
  expect(await subject.environment('shop')).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('./berth restart --force shop'),
  });
  await berthOk(['restart', '--force', 'shop']);
  expect(await inMachine('shop', 'cat /root/before')).toBe('flushed\n');
  expect((await subject.environment('shop')).state).toBe('running');
  await assertInvariants(subject, { untouched: [neighbour.pid ?? -1] });
});
