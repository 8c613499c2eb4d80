import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import {
  berthOk,
  fork,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
  templates,
} from './rig/berth.ts';
import { ELDER, prepareAlone } from './rig/prepare.ts';
import { tinyProject, type TinyService } from './rig/tiny.ts';
import { World } from './rig/world.ts';

/** A younger template hides a random generator that forks share. */
const OLD_ENOUGH_MS = 120_000;
const CLOCK_TOLERANCE_MS = 1_000;

interface Identity {
  readonly hostname: string;
  readonly hostnameFile: string;
  readonly machineId: string;
  readonly hostKeys: string[];
  readonly uuid: string;
  readonly random: string;
}

/** One look into the machine: what it is called, its keys, and what its random generator gives. */
async function identityOf(name: string): Promise<Identity> {
  const look = [
    'cat /proc/sys/kernel/random/uuid',
    'head -c 16 /dev/urandom | od -An -tx1 | tr -d " "',
    'cat /proc/sys/kernel/hostname',
    'cat /etc/hostname',
    'cat /etc/machine-id',
    'cat /etc/ssh/ssh_host_*_key.pub | cut -d " " -f 2',
  ];
  const lines = (await inMachine(name, look.join('; '))).trim().split('\n');
  const [uuid = '', random = '', hostname = '', hostnameFile = '', machineId = '', ...hostKeys] = lines;
  return { uuid, random, hostname, hostnameFile, machineId, hostKeys };
}

/** How far a guest's clock is from the host's, in ms: 0 when its time lies within the call that asked for it. */
async function clockOffsetMs(name: string): Promise<number> {
  const before = Date.now();
  const guest = Number(await inMachine(name, 'date +%s%3N'));
  const after = Date.now();
  return guest < before ? guest - before : Math.max(0, guest - after);
}

describe('two forks of a template that is older than two minutes', () => {
  let identities: Identity[];

  beforeAll(async () => {
    await prepareAlone();
    const elder = (await templates()).find(({ name }) => name === ELDER);
    const ageMs = () => Date.now() - Date.parse(elder?.createdAt ?? '');
    console.log(`the template is ${Math.round(ageMs() / 1000)} s old`);
    await waitUntil(() => ageMs() > OLD_ENOUGH_MS);
    await fork(ELDER, '--name', 'one');
    await fork(ELDER, '--name', 'other');
    identities = [await identityOf('one'), await identityOf('other')];
  });
  afterAll(() => removeAllEnvironments());

  test('have a host name each, everywhere', async () => {
    expect(identities.map(({ hostname, hostnameFile }) => [hostname, hostnameFile])).toEqual([
      ['one', 'one'],
      ['other', 'other'],
    ]);
    expect(await inMachine('one', 'getent hosts one')).toMatch(/^127\.0\.1\.1\s+one\n$/);
  });

  test('have a machine-id and SSH host keys each', () => {
    const [one, other] = identities as [Identity, Identity];
    for (const { machineId } of identities) expect(machineId).toMatch(/^[0-9a-f]{32}$/);
    expect(one.machineId).not.toBe(other.machineId);
    expect(one.hostKeys).not.toEqual([]);
    expect(one.hostKeys.filter((key) => other.hostKeys.includes(key))).toEqual([]);
  });

  test('draw different random numbers from the first on', () => {
    const drawn = identities.flatMap(({ uuid, random }) => [uuid, random]);
    for (const text of drawn) expect(text).toMatch(/^[0-9a-f-]{32,36}$/);
    expect(new Set(drawn).size).toBe(4);
  });

  test('show the time of the host', async () => {
    for (const name of ['one', 'other'])
      expect(Math.abs(await clockOffsetMs(name))).toBeLessThan(CLOCK_TOLERANCE_MS);
  });

  test('and a fork of one of them is a third', async () => {
    await fork('one', '--name', 'third');
    const third = await identityOf('third');
    expect(third.hostname).toBe('third');
    for (const { machineId, hostKeys, uuid } of identities) {
      expect(third.machineId).not.toBe(machineId);
      expect(third.hostKeys.filter((key) => hostKeys.includes(key))).toEqual([]);
      expect(third.uuid).not.toBe(uuid);
    }
    expect(await identityOf('one')).toMatchObject({ hostname: 'one', machineId: identities[0]?.machineId });
    expect(Math.abs(await clockOffsetMs('third'))).toBeLessThan(CLOCK_TOLERANCE_MS);
  });
});

describe('connections that were open when their machine was forked', () => {
  const WORLD_PORT = 9;
  const ticking: TinyService = {
    name: 'web',
    ports: ['7007:7'],
    command: ['nc', '-ll', '-p', '7', '-e', 'sh', '-c', 'while sleep 1; do echo tick; done'],
  };
  let world: World;
  let talker: Environment;
  let client: Socket | undefined;
  let ticks = 0;

  beforeAll(async () => {
    world = await World.make();
    world.keepTalking(WORLD_PORT);
    const call = `while sleep 1; do echo beat; done | nc ${world.address} ${WORLD_PORT}; echo over >/data/over; sleep 100000`;
    const calling: TinyService = { name: 'calling', command: ['sh', '-c', call] };
    await berthOk(['up', '-f', await tinyProject('talker', [ticking, calling]), '--name', 'talker']);
    talker = await inspect('talker');
    client = connect(7007, talker.address)
      .on('error', () => undefined)
      .on('data', () => {
        ticks += 1;
      });
    await waitUntil(async () => ticks > 0 && (await world.connections(WORLD_PORT)) !== '');
    await fork('talker', '--name', 'echo');
  });
  afterAll(async () => {
    client?.destroy();
    await removeAllEnvironments();
    await world[Symbol.asyncDispose]();
  });

  const established = async (name: string) =>
    (await inService(name, 'web', 'netstat -tn')).split('\n').filter((line) => /:7 .*ESTABLISHED/.test(line))
      .length;

  test('stay with the parent: its client goes on to read, its call goes on', async () => {
    const seen = ticks;
    await expect.poll(() => ticks, { timeout: 10_000 }).toBeGreaterThan(seen + 1);
    expect(client?.destroyed).toBe(false);
    expect(await established('talker')).toBe(1);
    expect(await inService('talker', 'calling', 'cat /data/over 2>/dev/null || echo open')).toBe('open\n');
  });

  test('are reset in the fork, in both directions, and nobody outside hears of it', async () => {
    await expect.poll(() => established('echo'), { timeout: 30_000 }).toBe(0);
    const over = () => inService('echo', 'calling', 'cat /data/over 2>/dev/null || echo open');
    await expect.poll(over, { timeout: 30_000 }).toBe('over\n');
    expect((await world.connections(WORLD_PORT)).trim().split('\n')).toHaveLength(1);
  });

  test('do not keep the fork from new ones', async () => {
    const { address } = await inspect('echo');
    const heard = await new Promise<string>((resolve, reject) => {
      const socket = connect(7007, address, () => undefined);
      socket.once('data', (data) => {
        socket.destroy();
        resolve(String(data));
      });
      socket.once('error', reject);
    });
    expect(heard).toBe('tick\n');
  });
});

async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(condition, { timeout: OLD_ENOUGH_MS + 30_000, interval: 200 });
}
