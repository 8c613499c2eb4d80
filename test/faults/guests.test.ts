import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectGuestAgent } from '../../src/guest/index.ts';
import type { Environment } from '../../src/model/index.ts';
import {
  berth,
  berthOk,
  fork,
  inMachine,
  inspect,
  removeAllEnvironments,
  startBerth,
} from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { answers, urlOf } from '../e2e/rig/http.ts';
import { tinyProject } from '../e2e/rig/tiny.ts';
import { EventWatch } from './rig/event-watch.ts';
import { seeded } from './rig/damage.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults } from './rig/project.ts';
import { Subject, until } from './rig/subject.ts';

const VISIBLE_MS = 2_000;
/** From the call to what is visible of it a login into an emulated guest passes. */
const LOGIN_MS = 3_000;
const MEBIBYTE = 1024 ** 2;
/** What is written to a guest's disk here: more than a quarter of what it holds, after which it is asked how full it is. */
const WRITTEN_MIB = 2_300;
/** As fast as an emulated guest writes it beside others. */
const FILL_MS = 120_000;
/** `BERTH_SEED=N` repeats what an agent said. */
const SEED = Number(process.env['BERTH_SEED'] ?? Date.now() % 1_000_000);

let subject: Subject;
let events: EventWatch;
let neighbour: Environment;

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  for (const name of ['neighbour', 'wild']) await fork(FAULT_TEMPLATE, '--name', name);
  neighbour = await inspect('neighbour');
  events = await EventWatch.open(sharedHome());
});
afterAll(async () => {
  events.close();
  await removeAllEnvironments();
});

const inWild = (line: string) => startBerth(['shell', 'wild', '--', '/bin/sh', '-c', line]);

/** One that is whole again: a fork is there twenty times sooner than what boots. */
async function anotherWild(): Promise<void> {
  await subject.run('DELETE', '/environments/wild');
  await fork(FAULT_TEMPLATE, '--name', 'wild');
}

async function neighbourIsWell(): Promise<void> {
  expect(await answers(`${urlOf(neighbour)}/`)).toBe(true);
  await assertInvariants(subject, { untouched: [neighbour.pid ?? -1] });
}

test('#12 · the guest’s kernel panics · told by the panic device within 2 s, and the environment comes back', async () => {
  const crash = inWild('sleep 0.5; echo c >/proc/sysrq-trigger');
  await events.next('environment.guest-panicked', 'wild', VISIBLE_MS + LOGIN_MS);
  const { message } = await events.next('environment.guest-restarted', 'wild', VISIBLE_MS);
  expect(message).toContain('panicked');
  await crash.ended.catch(() => undefined);
  await expect
    .poll(async () => (await subject.environment('wild')).state, { timeout: 60_000 })
    .toBe('running');
  await neighbourIsWell();
});

test('#12 b · the guest’s kernel panics while up starts its containers · up goes on with it when it is back', async () => {
  const healthy = '    healthcheck: { test: [CMD, busybox, test, -e, /tmp/ok], interval: 1s, retries: 300 }';
  const serve = 'busybox sleep 12; busybox touch /tmp/ok; exec httpd -f -p 80 -h /www';
  const service = { name: 'web', ports: ['8091:80'], command: ['sh', '-c', serve], more: healthy };
  const up = startBerth(['up', '-f', await tinyProject('patient', [service]), '--name', 'patient']);
  // Whoever asks before the guest has its identity is told to wait, and spoils nothing.
  await until('its container', 60_000, async () => {
    const { stdout } = await berth(['shell', 'patient', '--', 'podman', 'ps', '--format', '{{.Names}}']);
    return stdout.includes('web') ? true : undefined;
  });
  const crash = startBerth(['shell', 'patient', '--', '/bin/sh', '-c', 'echo c >/proc/sysrq-trigger']);
  await events.next('environment.guest-restarted', 'patient', 20_000);
  await crash.ended.catch(() => undefined);
  expect(await up.ended).toMatchObject({ code: 0 });
  expect(await answers(`${urlOf(await inspect('patient'))}/`)).toBe(true);
  await neighbourIsWell();
  await subject.run('DELETE', '/environments/patient');
});

test('#13 · the guest powers itself off · stopped, not crashed', async () => {
  const off = inWild('systemctl poweroff --force --force');
  await events.next('environment.stopped', 'wild', 20_000);
  await off.ended.catch(() => undefined);
  expect(await subject.environment('wild')).toMatchObject({
    state: 'stopped',
    reason: 'the guest powered itself off',
  });
  await neighbourIsWell();
  await anotherWild();
});

test('#14 · the guest’s agent is gone · the machine can be managed and stopped', async () => {
  await inMachine('wild', 'systemctl stop qemu-guest-agent || pkill qemu-ga');
  expect((await subject.environment('wild')).state).toBe('running');
  expect(await inMachine('wild', 'echo still here')).toContain('still here');
  const from = performance.now();
  await berthOk(['stop', 'wild', '--timeout', '20s']);
  expect(performance.now() - from).toBeLessThan(30_000);
  expect((await subject.environment('wild')).state).toBe('stopped');
  await anotherWild();
});

/** An agent on a socket that answers each line by what it is told to. */
async function lyingAgent(path: string, answer: (socket: Socket, line: string) => void): Promise<Server> {
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (part: string) => {
      const lines = `${text}${part}`.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) answer(socket, line);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

/** What a lying agent says, and how. */
const LIES: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['never ends its answer', (socket) => void setInterval(() => socket.write('a'.repeat(1_000)), 5).unref()],
  ['answers with 64 MB', (socket) => void socket.write('{"return":"'.padEnd(64 * MEBIBYTE, 'x'))],
  ['nests 200 000 deep', (socket) => void socket.write(`\xff${'['.repeat(200_000)}\n`)],
  ['says nothing', () => undefined],
];

test.for(LIES)(
  '#14 b · an agent that %s · refused within its deadline, memory stays bounded',
  async ([what, lie]) => {
    const path = join(`${sharedHome()}.work`, `agent-${what.length}.sock`);
    const server = await lyingAgent(path, (socket) => lie(socket));
    const agent = connectGuestAgent(path);
    const before = process.memoryUsage.rss();
    const from = performance.now();
    await expect(agent.ping({ timeoutMs: 1_000 })).rejects.toThrow();
    expect(performance.now() - from).toBeLessThan(4_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * MEBIBYTE);
    agent.close();
    server.close();
  },
);

test('S20 · an agent that says anything at all · nothing of it is believed, nothing throws outside of the call', async () => {
  const path = join(`${sharedHome()}.work`, 'agent-fuzz.sock');
  const pieces = [
    '{"return":',
    '{}',
    '[',
    '"',
    '\\u0000',
    '\xff',
    '{"error":{"desc":',
    '1e999',
    'null',
    '\n',
    '}',
    '__proto__',
  ];
  console.info(`seed of what the agent says: ${SEED}; BERTH_SEED=${SEED} repeats it`);
  const random = seeded(SEED);
  const server = await lyingAgent(path, (socket) => {
    const count = Math.floor(random() * 40);
    socket.write(Array.from({ length: count }, () => pieces[Math.floor(random() * pieces.length)]).join(''));
    socket.write('\n');
  });
  const agent = connectGuestAgent(path);
  for (let round = 0; round < 60; round += 1)
    await expect(agent.rootUse({ timeoutMs: 20 })).rejects.toHaveProperty('code');
  agent.close();
  server.close();
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test(
  '#37 b · a guest fills its disk · told within 2 s of the writes, and it can be managed and grown',
  async () => {
    const room = `$(df --output=avail -B1M / | tail -n1)`;
    await inMachine('wild', `fallocate -l $((${room} - ${WRITTEN_MIB}))M /root/taken`);
    const filler = inWild('dd if=/dev/zero of=/root/fill bs=1M; sync; sleep 1');
    await events.next('environment.disk-nearly-full', 'wild', FILL_MS);
    filler.kill('SIGKILL');
    expect((await subject.environment('wild')).storage?.nearlyFull).toBe(true);
    await inMachine('wild', 'pkill dd; rm -f /root/fill /root/taken');
    await neighbourIsWell();
  },
  2 * FILL_MS,
);

test('#38 · a guest floods its console · the log stays bounded and so does the daemon', async () => {
  const { id } = await subject.environment('wild');
  const daemon = (await subject.daemonPid()) ?? -1;
  const rss = () =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon}/status`, 'utf8'))?.[1]) * 1024;
  const before = rss();
  const flood = inWild('yes flood-flood-flood-flood-flood >/dev/ttyS0');
  const path = join(sharedHome(), 'environments', id, 'console.log');
  let most = 0;
  const until = performance.now() + 8_000;
  while (performance.now() < until) {
    most = Math.max(most, statSync(path).blocks * 512);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  flood.kill('SIGKILL');
  await inMachine('wild', 'pkill yes || true');
  expect(most).toBeLessThan(32 * MEBIBYTE);
  expect(rss() - before).toBeLessThan(96 * MEBIBYTE);
  await neighbourIsWell();
});

test('#45 · the container engine in the guest is killed · its containers go on and are seen again', async () => {
  await inMachine('wild', 'pkill -9 -x podman; sleep 0.2; true');
  await expect.poll(async () => (await berth(['ps', 'wild'])).code, { timeout: 30_000 }).toBe(0);
  expect(await berthOk(['ps', 'wild'])).toContain('running');
  expect(await answers(`${urlOf(await inspect('wild'))}/`)).toBe(true);
});

test('#46 · a sparse file of 1 TB and 20 000 small files in a guest · an error there, none at the neighbour', async () => {
  const said = await inMachine(
    'wild',
    'truncate -s 1T /root/sparse; ls -ls /root/sparse; mkdir -p /root/many; cd /root/many && seq 1 20000 | xargs touch; ls | wc -l',
  );
  expect(said).toContain('20000');
  expect((await subject.environment('wild')).storage?.allocatedBytes).toBeLessThan(4 * 1024 * MEBIBYTE);
  await neighbourIsWell();
});
