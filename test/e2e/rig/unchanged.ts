import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment, Template } from '../../../src/model/index.ts';
import { callApi } from './api.ts';
import { berthOk } from './berth.ts';
import { sharedHome } from './home.ts';
import { onHost } from './leftovers.ts';
import { runProgram } from './program.ts';

/** All that a failed command must leave as it was: what Berth knows, what is on disk, what runs on the host. */
export async function stateOf(home: string = sharedHome()): Promise<Record<string, unknown>> {
  const [known, frozen, host] = await Promise.all([
    ask<Environment>('/environments', home),
    ask<Template>('/templates', home),
    onHost(home),
  ]);
  const directories = ['environments', 'templates', 'builds', 'images'].map((name) => [
    name,
    entries(join(home, name)),
  ]);
  return {
    environments: known.map(({ name, state, pid, ports }) => ({ name, state, pid, ports })),
    templates: frozen.map(({ name }) => name),
    directories: Object.fromEntries(directories) as Record<string, string[]>,
    machines: host.machines.length,
    cgroups: host.cgroups,
    namespacesInUse: (await Promise.all(host.namespaces.map(isInUse))).filter(Boolean).length,
  };
}

/** Others are kept ready for machines to come. */
async function isInUse(namespace: string): Promise<boolean> {
  return (await runProgram(['ip', 'netns', 'pids', namespace])).stdout.trim() !== '';
}

/** Over the socket, which is quicker than a command; a command starts the daemon where none runs. */
async function ask<Thing>(path: string, home: string): Promise<Thing[]> {
  const answer = await callApi('GET', path, undefined, home).catch(async () => {
    await berthOk(['ls'], { home });
    return callApi('GET', path, undefined, home);
  });
  return answer.body as Thing[];
}

function entries(path: string): string[] {
  return existsSync(path) ? readdirSync(path).toSorted() : [];
}
