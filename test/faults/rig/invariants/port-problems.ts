import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../../src/model/index.ts';
import { answers } from '../../../e2e/rig/http.ts';
import { output } from '../../../e2e/rig/program.ts';
import type { Subject } from '../subject.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const OPEN: ReadonlySet<string> = new Set(['running', 'frozen', 'asleep']);

/** Where ports and sockets are not those of the environments (I3), and where one that runs does not answer (I2). */
export async function portProblems(
  subject: Subject,
  environments: readonly Environment[],
): Promise<string[]> {
  const pid = await subject.daemonPid();
  const listening = new Set(await listeningOf(pid ?? -1));
  const wanted = new Map<string, Environment>();
  const allowed = new Set<string>();
  for (const environment of environments) {
    for (const { protocol, hostAddress, hostPort, problem } of environment.ports) {
      if (protocol !== 'tcp') continue;
      const door = `${hostAddress}:${hostPort}`;
      allowed.add(door);
      if (OPEN.has(environment.state) && problem === undefined) wanted.set(door, environment);
    }
  }
  const closed = [...wanted].filter(([door]) => !listening.has(door));
  const odd = [...listening].filter((door) => {
    const owner = environments.find(({ address }) => door.startsWith(`${address}:`));
    return !wanted.has(door) && (!allowed.has(door) || owner?.state !== 'degraded');
  });
  return [
    ...closed.map(([door, { name, state }]) => `I3: ${name} is ${state} and ${door} is closed`),
    ...odd.map((door) => `I3: ${door} is open, and no environment is there for it`),
    ...socketProblems(subject.home, environments),
    ...(closed.length > 0 ? [] : await silent(environments)),
  ];
}

/** TCP addresses on which a process listens, but for those at which guests reach the caches of container images. */
async function listeningOf(pid: number): Promise<string[]> {
  const lines = (await output(['ss', '-Hltnp'])).split('\n');
  return lines
    .filter((line) => line.includes(`pid=${pid},`))
    .flatMap((line) => line.trim().split(/\s+/)[3] ?? [])
    .filter((door) => !door.startsWith('100.127.'));
}

function socketProblems(home: string, environments: readonly Environment[]): string[] {
  const directory = join(home, 'run/docker');
  const found = new Set(
    existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [],
  );
  const wanted = new Set(environments.map(({ dockerSocket }) => dockerSocket));
  return [
    ...[...wanted].filter((path) => !found.has(path)).map((path) => `I3: ${path} is missing`),
    ...[...found].filter((path) => !wanted.has(path)).map((path) => `I3: ${path} is of no environment`),
  ];
}

/** One that says it runs answers at its first port. Those that rest would wake. */
async function silent(environments: readonly Environment[]): Promise<string[]> {
  const checked = environments.filter(({ state }) => state === 'running');
  const found = await Promise.all(
    checked.map(async ({ name, address, ports }) => {
      const port = ports.find(({ protocol, hostAddress }) => protocol === 'tcp' && hostAddress === address);
      if (port === undefined) return [];
      const url = `http://${port.hostAddress}:${port.hostPort}/`;
      return (await answers(url, ANSWER_TIMEOUT_MS))
        ? []
        : [`I2: ${name} is running and ${url} does not answer`];
    }),
  );
  return found.flat();
}
