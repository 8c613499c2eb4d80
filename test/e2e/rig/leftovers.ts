import { existsSync, readdirSync } from 'node:fs';
import { homeIdOf } from './home.ts';
import { ancestorsOf, processesWith } from './processes.ts';
import { output } from './program.ts';

/** Everything that a home has on the host beside its files. */
export interface OnHost {
  readonly machines: string[];
  readonly otherProcesses: string[];
  readonly namespaces: string[];
  readonly links: string[];
  readonly tables: string[];
  readonly addresses: string[];
  readonly cgroups: string[];
}

/** Device groups of homes begin here: see `src/network/home-network.ts`. */
const GROUP_BASE = 0x62_00_00_00;

/** Nothing at all, as {@link onHost} tells it. */
export const NOTHING: OnHost = {
  machines: [],
  otherProcesses: [],
  namespaces: [],
  links: [],
  tables: [],
  addresses: [],
  cgroups: [],
};

/** Looks at the host itself, not at what Berth knows. */
export async function onHost(home: string): Promise<OnHost> {
  const id = homeIdOf(home);
  const [namespaces, links, tables, addresses] = await Promise.all([
    output(['ip', 'netns', 'list']),
    output(['ip', '-o', 'link', 'show', 'group', String(GROUP_BASE + Number.parseInt(id, 16))]),
    output(['nft', 'list', 'tables']),
    output(['ip', '-o', 'address', 'show', 'dev', 'lo']),
  ]);
  const own = processesWith(`${home}/`);
  const machines = own.filter(({ argv }) => argv[0]?.includes('qemu-system') === true);
  // Two wait for each machine's end; they are of it as long as it is there.
  const known = new Set(machines.flatMap(({ pid }) => [pid, ...ancestorsOf(pid, 2)]));
  return {
    machines: machines.map(({ argv }) => argv.join(' ')),
    otherProcesses: own
      .filter(({ pid }) => !known.has(pid))
      .map(({ pid, argv }) => `${pid} ${argv.join(' ')}`),
    namespaces: linesWith(namespaces, `berth-${id}-`).map((line) => line.split(' ')[0] ?? ''),
    links: linesWith(links, ''),
    tables: linesWith(tables, `berth-${id}`),
    addresses: linesWith(addresses, `berth${id}`),
    cgroups: cgroupsOf(id),
  };
}

function linesWith(text: string, part: string): string[] {
  return text.split('\n').filter((line) => line !== '' && line.includes(part));
}

/** Control groups of a home's machines, in whatever hierarchies the host has. */
export function cgroupsOf(id: string): string[] {
  const top = '/sys/fs/cgroup';
  const hierarchies = [top, ...listDirectories(top).map((name) => `${top}/${name}`)];
  return hierarchies.flatMap((hierarchy) =>
    listDirectories(`${hierarchy}/berth`)
      .filter((name) => name.startsWith(`${id}-`))
      .map((name) => `${hierarchy}/berth/${name}`),
  );
}

function listDirectories(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
