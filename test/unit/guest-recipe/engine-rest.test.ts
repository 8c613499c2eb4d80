import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../../guest/debian-13/files/usr/lib/berth/engine-rest');
const HEADER = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
const LISTENING = '0000000000000000: 00000002 00000000 00010000 0001 01 461 /run/podman/podman.sock\n';
const CONNECTED = '0000000000000000: 00000003 00000000 00000000 0001 03 899 /run/podman/podman.sock\n';

let top: string;
let engine: ChildProcess;
let program: ChildProcess;

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), 'berth-rest-'));
  engine = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
  await once(engine, 'spawn');
  write('sys/fs/cgroup/system.slice/podman.service/cgroup.procs', `1\n${engine.pid}\n`);
  write(`proc/${engine.pid}/cmdline`, 'podman\0--log-level=warn\0system\0service\0--time=0\0');
  write(`proc/${engine.pid}/stat`, `${engine.pid} (pod) man) S ${'0 '.repeat(40)}`);
  write(`proc/${engine.pid}/task/1/children`, '');
  write('proc/net/unix', HEADER + LISTENING);
});

afterEach(() => {
  program.kill('SIGKILL');
  engine.kill('SIGKILL');
  rmSync(top, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(join(top, path, '..'), { recursive: true });
  writeFileSync(join(top, path), text);
}

/** Hands the program a listening socket, as systemd does; nobody else accepts from it. */
const LAUNCH = `use Socket; use POSIX ();
socket S, AF_UNIX, SOCK_STREAM, 0 or die; bind S, sockaddr_un($ARGV[0]) or die; listen S, 8 or die;
fcntl S, POSIX::F_SETFD(), 0; POSIX::dup2(fileno S, 3) if fileno S != 3; exec $^X, $ARGV[1];`;

async function begin(): Promise<void> {
  program = spawn('perl', ['-e', LAUNCH, join(top, 'socket'), PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ENGINE_REST_REHEARSAL: top, ENGINE_REST_INTERVAL: '0.1', LISTEN_FDS: '1' },
  });
  await once(program, 'spawn');
}

/** Letter of the engine's state in the system's own books. */
const state = () => readFileSync(`/proc/${engine.pid}/stat`, 'utf8').split(') ')[1]?.[0];

test('an engine that nobody uses stands still until somebody connects', async () => {
  await begin();
  await expect.poll(state, { timeout: 10_000 }).toBe('T');
  const client = connect(join(top, 'socket'));
  await expect.poll(state, { timeout: 10_000 }).toBe('S');
  client.destroy();
});

test.each([
  ['a connection', () => write('proc/net/unix', HEADER + LISTENING + CONNECTED)],
  ['a process that works for it', () => write(`proc/${engine.pid}/task/1/children`, '4711 ')],
])('%s keeps it going', async (_what, use) => {
  use();
  await begin();
  await expect.poll(looks, { timeout: 10_000 }).toBeGreaterThan(12);
  expect(state()).toBe('S');
  write('proc/net/unix', HEADER + LISTENING);
  write(`proc/${engine.pid}/task/1/children`, '');
  await expect.poll(state, { timeout: 10_000 }).toBe('T');
});

/** How often the program has slept so far. */
function looks(): number {
  const status = readFileSync(`/proc/${program.pid}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
}
