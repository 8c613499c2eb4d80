import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BerthEvent, Environment, Operation, PublishedPort } from '../../src/model/index.ts';
import {
  berth,
  berthJson,
  berthOk,
  environments,
  fork,
  inMachine,
  inService,
  inspect,
  operations,
  removeAllEnvironments,
  removeEnvironments,
  services,
  startBerth,
  statsOf,
} from './rig/berth.ts';
import { answers, get, urlOf } from './rig/http.ts';
import { prepareAlone } from './rig/prepare.ts';
import { isRunning } from './rig/processes.ts';
import { tinyCompose, tinyProject, type TinyService, workDirectory } from './rig/tiny.ts';
import { stateOf } from './rig/unchanged.ts';

const CANCELLED = 130;
const CRASH_SEEN_WITHIN_MS = 2_000;
const TALK = 'i=0; while :; do echo "line $i"; i=$((i + 1)); sleep 0.2; done';
const web: TinyService = { name: 'web', ports: ['8080:80'], more: '    volumes: ["data:/data"]' };
const talk: TinyService = { name: 'talk', command: ['sh', '-c', TALK] };
const second: TinyService = { name: 'second', ports: ['8081:80'] };
const VOLUMES = 'volumes:\n  data:\n';

let file: string;
let life: Environment;

function write(services: readonly TinyService[]): void {
  writeFileSync(file, tinyCompose(services, VOLUMES));
}

async function up(): Promise<void> {
  await berthOk(['up', '-f', file, '--name', 'life']);
  life = await inspect('life');
}

beforeAll(async () => {
  await prepareAlone();
  file = await tinyProject('life');
  write([web, talk]);
  await up();
});
afterAll(() => removeAllEnvironments());

describe('looking at an environment', () => {
  test('ps, port, inspect, stats and ls agree with each other', async () => {
    const states = (await services('life')).map(({ name, state }) => `${name} ${state}`);
    expect(states.toSorted()).toEqual(['talk running', 'web running']);
    expect(await berthOk(['port', 'life', 'web', '80'])).toBe(`${life.address}:8080\n`);
    expect(await berthJson<PublishedPort[]>(['port', 'life'])).toEqual(life.ports);
    expect(await berthOk(['ls', '-q'])).toBe('life\n');
    expect(await berthOk(['inspect', 'life'])).toContain(life.address);
    const stats = await statsOf('life');
    expect(stats).toMatchObject({ name: 'life', id: life.id });
    for (const field of ['ownBytes', 'sharedBytes', 'pssBytes', 'cpuMs', 'diskBytes'] as const)
      expect([field, stats[field] > 0]).toEqual([field, true]);
    expect(stats.pssBytes).toBeGreaterThanOrEqual(stats.ownBytes);
  });

  test('in the directory of its project an environment needs no name', async () => {
    const cwd = workDirectory('life');
    expect((await berthOk(['ps', '-q'], { cwd })).trim().split('\n').toSorted()).toEqual(['talk', 'web']);
    expect(await berthOk(['port'], { cwd })).toContain(`${life.address}:8080`);
  });

  test('logs show the last lines, and -f goes on until Ctrl-C', async () => {
    expect((await berthOk(['logs', 'life', 'talk', '--tail', '3'])).match(/line \d+/g)).toHaveLength(3);
    await using following = startBerth(['logs', '-f', '--tail', '1', 'life', 'talk']);
    const seen = () => following.stdout.match(/line \d+/g)?.length ?? 0;
    await expect.poll(seen, { timeout: 20_000 }).toBeGreaterThan(5);
    const [last = 0, ...followed] = following.stdout.match(/(?<=line )\d+/g)?.map(Number) ?? [];
    const [first = 0] = followed;
    expect(followed).toEqual(followed.map((_, index) => first + index));
    // The engine may lose the one line that is written between its reading of the tail and its following.
    expect([last + 1, last + 2]).toContain(first);
    following.kill('SIGINT');
    expect((await following.ended).code).toBe(CANCELLED);
  });

  test('events are numbered, can be followed, and taken up again after any of them', async () => {
    await using following = startBerth(['events', '-f', '--json']);
    const events = () =>
      following.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as BerthEvent);
    await fork('life', '--name', 'event');
    await berthOk(['rm', 'event']);
    const ofFork = () =>
      events()
        .filter(({ subject }) => subject === 'event')
        .map(({ kind }) => kind);
    await expect.poll(ofFork).toContain('environment.removed');
    expect(ofFork()).toContain('environment.ready');
    const sequences = events().map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    const last = sequences.at(-3) as number;
    const later = (await berthOk(['events', '--json', '--after', String(last)])).trim().split('\n');
    expect((JSON.parse(later[0] as string) as BerthEvent).sequence).toBe(last + 1);
    following.kill('SIGINT');
    expect((await following.ended).code).toBe(CANCELLED);
  });

  test('operations are listed with their steps', async () => {
    const done = (await operations()).find(
      ({ kind, targets }) => kind === 'up' && targets.includes('life'),
    ) as Operation;
    expect(done).toMatchObject({ state: 'succeeded', result: { names: ['life'] } });
    const shown = await berthOk(['operation', 'show', done.id]);
    for (const { title } of done.steps) expect(shown).toContain(`done: ${title}`);
  });
});

describe('running commands inside', () => {
  test('exec passes output, errors and the exit code on', async () => {
    const line = 'echo out; echo err >&2; exit 7';
    expect(await berth(['exec', 'life', 'web', '--', 'sh', '-c', line])).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const missing = await berth(['exec', 'life', 'web', '--', '/no/such/program']);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain('/no/such/program');
  });

  test('exec -i passes every byte of standard input on; without -i there is none', async () => {
    const bytes = randomBytes(256 * 1024).toString('base64');
    expect(await berthOk(['exec', '-i', 'life', 'web', '--', 'cat'], { input: bytes })).toBe(bytes);
    expect(await berthOk(['exec', 'life', 'web', '--', 'cat'], { input: 'unseen' })).toBe('');
  });

  test('shell runs in the machine itself: a command, or a script on standard input', async () => {
    expect(await berth(['shell', 'life', '--', 'sh', '-c', 'hostname; exit 5'])).toMatchObject({
      code: 5,
      stdout: 'life\n',
    });
    const script = 'echo "$(id -u) $(podman ps -q | wc -l)"\nexit 3\n';
    expect(await berth(['shell', 'life'], { input: script })).toMatchObject({ code: 3, stdout: '0 2\n' });
  });

  test('words with spaces, quotes and dollars arrive as they are', async () => {
    const words = ['a b', '$HOME', `it's "it"`, '*', '', '-n', 'ü\n2'];
    const print = ['sh', '-c', 'for word in "$@"; do echo "<$word>"; done', 'sh'];
    const expected = words.map((word) => `<${word}>\n`).join('');
    expect(await berthOk(['exec', 'life', 'web', '--', ...print, ...words])).toBe(expected);
    expect(await berthOk(['shell', 'life', '--', ...print, ...words])).toBe(expected);
  });
});

describe('up again', () => {
  const startOf = async (name: string) =>
    (await services('life')).find((one) => one.name === name)?.startedAt;

  test('with a service and a port more: these come, the others are left running', async () => {
    const [startedBefore, { pid }] = [await startOf('web'), life];
    write([web, talk, second]);
    await up();
    expect(await get(urlOf(life, 'second'))).toBe('hello\n');
    expect(await get(urlOf(life))).toBe('hello\n');
    expect(await startOf('web')).toBe(startedBefore);
    expect(life.pid).toBe(pid);
  });

  test('with a service less: it goes, with its port', async () => {
    const gone = urlOf(life, 'second');
    write([web, talk]);
    await up();
    expect(await answers(gone)).toBe(false);
    expect((await services('life')).map(({ name }) => name).toSorted()).toEqual(['talk', 'web']);
    expect(life.ports.map(({ hostPort }) => hostPort)).toEqual([8080]);
    expect(await get(urlOf(life))).toBe('hello\n');
  });

  test('with --publish: the port is open there as well, for as long as it is asked for', async () => {
    const elsewhere = 'http://127.0.0.1:28419';
    await berthOk(['up', '-f', file, '--name', 'life', '--publish', '127.0.0.1:28419:web:80']);
    expect(await get(elsewhere)).toBe('hello\n');
    await up();
    expect(await answers(elsewhere)).toBe(false);
    expect(await get(urlOf(life))).toBe('hello\n');
  });
});

describe('stop, start and restart', () => {
  test('stop gives memory, process and ports back and keeps the disk', async () => {
    await inService('life', 'web', 'echo kept >/data/kept');
    expect(await get(`${urlOf(life)}/cgi-bin/count`)).toBe('1\n');
    const { ownBytes } = await statsOf('life');
    const told = await berthOk(['stop', 'life']);
    expect(Number(/back: ([\d.]+) MiB of memory/.exec(told)?.[1])).toBeGreaterThan(
      (ownBytes / 1024 ** 2) * 0.5,
    );
    expect(isRunning(life.pid as number)).toBe(false);
    expect(await answers(urlOf(life))).toBe(false);
    const stopped = await inspect('life');
    expect(stopped).toMatchObject({ state: 'stopped', address: life.address });
    expect([stopped.pid, stopped.namespace, stopped.reason]).toEqual([undefined, undefined, undefined]);
    expect(await berth(['stop', 'life'])).toMatchObject({ code: 0 });
    expect(await berth(['ps', 'life'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('stopped'),
    });
  });

  test('start boots it from its disk: data and address are as they were, and the console tells of the boot', async () => {
    await berthOk(['start', 'life']);
    const started = await inspect('life');
    expect(started).toMatchObject({ state: 'running', address: life.address });
    life = started;
    expect(await get(`${urlOf(life)}/cgi-bin/count`)).toBe('2\n');
    expect(await inService('life', 'web', 'cat /data/kept')).toBe('kept\n');
    expect((await inMachine('life', 'hostname')).trim()).toBe('life');
    expect(await berthOk(['logs', '--console', 'life'])).toMatch(/\S/);
    expect(await berthOk(['logs', '--console', '--tail', '1', 'life'])).toMatch(/^[^\n]*\n$/);
  });

  test('a started environment can be forked', async () => {
    const [copy] = await fork('life', '--name', 'of-started');
    expect(await get(`${urlOf(copy as Environment)}/cgi-bin/count`)).toBe('3\n');
    expect(await get(`${urlOf(life)}/cgi-bin/count`)).toBe('3\n');
    await removeEnvironments(['of-started']);
  });
});

describe('ends that nobody asked for', () => {
  test('a QEMU process that is killed: crashed within 2 s, with a reason and the console; start brings it back', async () => {
    process.kill(life.pid as number, 'SIGKILL');
    const killedMs = performance.now();
    await expect
      .poll(async () => (await inspect('life')).state, { interval: 50, timeout: 10_000 })
      .toBe('crashed');
    expect(performance.now() - killedMs).toBeLessThan(CRASH_SEEN_WITHIN_MS);
    const crashed = await inspect('life');
    expect(crashed).toMatchObject({ reason: expect.stringContaining('SIGKILL') });
    expect(crashed.pid).toBeUndefined();
    expect(await answers(urlOf(life))).toBe(false);
    expect(await berthOk(['logs', '--console', 'life'])).toMatch(/\S/);
    expect(await berthOk(['events'])).toMatch(/environment\.crashed {2}life/);

    await berthOk(['start', 'life']);
    life = await inspect('life');
    expect(life.state).toBe('running');
    expect(life.reason).toBeUndefined();
    expect(await inService('life', 'web', 'cat /data/kept')).toBe('kept\n');
  });

  test('a guest whose kernel panics: degraded at once, with the reason; then identity, containers and data are back', async () => {
    await inService('life', 'web', 'sync');
    await using panicking = startBerth(['shell', 'life', '--', 'sh', '-c', 'echo c >/proc/sysrq-trigger']);
    await expect
      .poll(() => inspect('life'), { interval: 50 })
      .toMatchObject({ state: 'degraded', reason: expect.stringContaining('panicked: sysrq') as unknown });
    expect(await answers(urlOf(life))).toBe(false);
    expect((await panicking.ended).code).not.toBe(0);
    const isBack = async () => (await inspect('life')).state;
    await expect.poll(isBack, { timeout: 90_000, interval: 200 }).toBe('running');
    const back = await inspect('life');
    expect(back).toMatchObject({ pid: life.pid, address: life.address });
    expect(back.reason).toBeUndefined();
    expect(await get(urlOf(life))).toBe('hello\n');
    expect(await inService('life', 'web', 'cat /data/kept')).toBe('kept\n');
    expect((await inMachine('life', 'hostname')).trim()).toBe('life');
    expect(await berthOk(['events'])).toMatch(/environment\.guest-restarted {2}life/);
    expect((await operations())[0]).toMatchObject({ kind: 'revive', targets: ['life'], state: 'succeeded' });
  });

  test('a guest that powers itself off is stopped, not crashed', async () => {
    await berth(['shell', 'life', '--', 'systemctl', 'poweroff', '--no-block']);
    await expect
      .poll(async () => (await inspect('life')).state, { timeout: 60_000, interval: 200 })
      .toBe('stopped');
    expect((await inspect('life')).reason).toContain('powered itself off');
    expect(isRunning(life.pid as number)).toBe(false);
  });
});

describe('cancelling', () => {
  let before: Record<string, unknown>;

  /** Waits until an `up` of the name has got as far as a machine. */
  async function machineOf(name: string): Promise<number> {
    const pidOf = async () => (await environments()).find((one) => one.name === name)?.pid;
    await expect.poll(pidOf, { timeout: 60_000, interval: 50 }).toBeDefined();
    return (await pidOf()) ?? -1;
  }

  beforeAll(async () => {
    before = await stateOf();
  });

  test('operation cancel in the middle of an up leaves nothing of it', async () => {
    const id = (await berthOk(['up', '-f', file, '--name', 'cancelled', '--no-wait'])).trim();
    const pid = await machineOf('cancelled');
    expect((await berthJson<Operation>(['operation', 'show', id])).state).toBe('running');
    expect(await berthOk(['operation', 'cancel', id])).toBe(`${id} cancelled\n`);
    expect(isRunning(pid)).toBe(false);
    await expect.poll(() => stateOf(), { timeout: 10_000 }).toEqual(before);
    const ended = await berthJson<Operation>(['operation', 'show', id]);
    expect(ended).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
    expect(await berthOk(['operation', 'cancel', id])).toContain('cancelled');
  });

  test('Ctrl-C on up does the same', async () => {
    await using interrupted = startBerth(['up', '-f', file, '--name', 'interrupted']);
    await machineOf('interrupted');
    interrupted.kill('SIGINT');
    const { code, stderr } = await interrupted.ended;
    expect([code, stderr]).toEqual([CANCELLED, expect.stringContaining('cancel')]);
    await expect.poll(() => stateOf(), { timeout: 10_000 }).toEqual(before);
  });

  test('rm of an environment that is being made cancels that first', async () => {
    await berthOk(['up', '-f', file, '--name', 'removed', '--no-wait']);
    const pid = await machineOf('removed');
    await berthOk(['rm', 'removed']);
    expect(isRunning(pid)).toBe(false);
    await expect.poll(() => stateOf(), { timeout: 10_000 }).toEqual(before);
  });
});

test('down removes the environment of the project in the working directory', async () => {
  expect(await berthOk(['down', '--quiet'], { cwd: workDirectory('life') })).toContain('life removed');
  expect(await environments()).toEqual([]);
});
