import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { berthError } from '../../src/errors/index.ts';
import { run } from '../../src/host/index.ts';
import { percentile, summarize } from '../measure/statistics.ts';
import type { DockerStage } from '../result.ts';
import { PARENT, type Rig } from '../rig.ts';

const MIB = 1024 ** 2;
const IMAGE = 'localhost/berth/shop:1';
const TRANSFERS = 3;

/**
 * The same call through the environment's socket on this host and at the engine's own socket inside the guest; and images through the
 * former.
 */
export async function dockerStage(rig: Rig, o: { readonly runs: number }): Promise<DockerStage> {
  const { root, signal } = rig.options;
  const { dockerSocket } = await rig.client.environments.get(PARENT);
  if (dockerSocket === undefined) throw berthError('not-found', `${PARENT} has no socket for Docker clients`);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const call = (method: string, path: string, body?: Buffer) =>
      exchange({ socketPath: dockerSocket, agent, method, path, signal }, body);
    const outside: number[] = [];
    for (let index = 0; index <= o.runs; index++) {
      const startMs = performance.now();
      await call('GET', '/version');
      if (index > 0) outside.push(performance.now() - startMs);
    }
    const inside = await insideSamples(root, o.runs, signal);
    const archive = await readFile(join(root, 'examples/shop/images/shop.tar'));
    const save: number[] = [];
    const load: number[] = [];
    for (let index = 0; index < TRANSFERS; index++) {
      const startMs = performance.now();
      const bytes = await call('GET', `/images/${encodeURIComponent(IMAGE)}/get`);
      save.push(bytes / MIB / ((performance.now() - startMs) / 1000));
      const againMs = performance.now();
      await call('POST', '/images/load', archive);
      load.push(archive.length / MIB / ((performance.now() - againMs) / 1000));
    }
    return {
      outside: withTail(outside),
      inside: withTail(inside),
      imageBytes: archive.length,
      saveMibPerSecond: summarize(save),
      loadMibPerSecond: summarize(load),
    };
  } finally {
    agent.destroy();
  }
}

function withTail(samples: readonly number[]): DockerStage['outside'] {
  return { ...summarize(samples), p99: percentile(samples, 99) };
}

/** Sends a request and reads its whole answer; gives the answer's length. */
function exchange(
  o: {
    readonly socketPath: string;
    readonly agent: Agent;
    readonly method: string;
    readonly path: string;
    readonly signal: AbortSignal;
  },
  body: Buffer | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'Content-Type': 'application/x-tar', 'Content-Length': body.length };
    const outgoing = request({ ...o, headers }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(bytes);
        else reject(berthError('engine-failed', `${o.method} ${o.path} was answered ${answer.statusCode}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The same call over one connection, timed by the guest's own clock; its Perl has no clock but the system call. */
const INSIDE = `use Socket; use strict; my $runs = shift;
sub now { my $spec = pack 'q2', 0, 0; syscall 228, 1, $spec; my ($s, $n) = unpack 'q2', $spec; $s * 1e3 + $n / 1e6 }
socket my $engine, AF_UNIX, SOCK_STREAM, 0; connect $engine, sockaddr_un('/run/podman/podman.sock') or die $!;
for (0 .. $runs) { my $from = now(); syswrite $engine, "GET /version HTTP/1.1\\r\\nHost: engine\\r\\n\\r\\n";
  my $text = ''; sysread $engine, $text, 65536, length $text until $text =~ /Content-Length: (\\d+).*?\\r\\n\\r\\n(.*)/s && length $2 >= $1;
  printf "%.3f\\n", now() - $from if $_ > 0; }`;

async function insideSamples(root: string, runs: number, signal: AbortSignal): Promise<number[]> {
  const argv = [join(root, 'berth'), 'shell', PARENT, '--', 'perl', '-e', INSIDE, String(runs)];
  const { stdout } = await run(argv, { signal, timeoutMs: 120_000 });
  return stdout.trim().split('\n').map(Number);
}
