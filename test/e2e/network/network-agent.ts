// Runs inside a private host (see private-host.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { run } from '../../../src/host/index.ts';
import { createNetworkManager, type NetworkManager } from '../../../src/network/index.ts';
import type { AgentCalls } from './private-host.ts';

const managers = new Map<string, NetworkManager>();
const log = { info: () => undefined, warn: (message: string) => console.error(message) };

function manager(homeId: string): NetworkManager {
  const found = managers.get(homeId);
  if (found === undefined) throw new Error(`no manager ${homeId}`);
  return found;
}

type Handlers = {
  [Name in keyof AgentCalls]: (
    ...args: Parameters<AgentCalls[Name]>
  ) => ReturnType<AgentCalls[Name]> | Promise<ReturnType<AgentCalls[Name]>>;
};

const handlers: Handlers = {
  create(homeId, runDirectory, poolSize) {
    managers.set(homeId, createNetworkManager({ homeId, runDirectory, poolSize, log }));
  },
  start: (homeId) => manager(homeId).start(),
  acquire: (homeId) => manager(homeId).acquire('test'),
  allowHost: (homeId, slot, ports) => manager(homeId).allowHost(slot, ports),
  release: (homeId, slot) => manager(homeId).release(slot),
  adopt: (homeId, slots) => manager(homeId).adopt(slots),
  status: (homeId) => manager(homeId).status(),
  close: (homeId) => manager(homeId).close(),
  purge: (homeId) => manager(homeId).purge(),
  run: (argv, input) =>
    run(argv, input === undefined ? {} : { input }).then(
      ({ stdout }) => stdout.trim(),
      (error: Error) => `failed: ${error.message}`,
    ),
  async serve([program = '', ...args]) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
  },
};

/** The mounts and the /run of a host that has just booted, as far as the network tools see it. */
async function prepare(): Promise<void> {
  await run(['mount', '--make-rprivate', '/']);
  await run(['mount', '-t', 'sysfs', 'sysfs', '/sys']);
  mkdirSync('/run/netns', { recursive: true });
  await run(['mount', '-t', 'tmpfs', 'tmpfs', '/run/netns']);
  await run(['ip', 'link', 'set', 'lo', 'up']);
}

const ready = prepare();
process.on('message', ({ id, name, args }: { id: number; name: keyof AgentCalls; args: unknown[] }) => {
  const handler = handlers[name] as (...args: unknown[]) => unknown;
  ready
    .then(() => handler(...args))
    .then((value) => process.send?.({ id, value }))
    .catch((error: Error) => process.send?.({ id, error: error.message }));
});
