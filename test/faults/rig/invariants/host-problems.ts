import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment, Template } from '../../../../src/model/index.ts';
import { homeIdOf } from '../../../e2e/rig/home.ts';
import { type OnHost, onHost } from '../../../e2e/rig/leftovers.ts';
import { processesWith } from '../../../e2e/rig/processes.ts';
import type { Subject } from '../subject.ts';

/** Network slots that a daemon keeps ready, and one that it is just making or removing. */
const READY_SLOTS = 5;

interface Guest {
  readonly pid: number;
  /** That of its environment. */
  readonly id: string;
}

/** Where the host has more or less than the API says (I3), a disk has two machines (I5), or a machine is gone that should not be (I4). */
export async function hostProblems(
  subject: Subject,
  environments: readonly Environment[],
  templates: readonly Template[],
  untouched: readonly number[],
): Promise<string[]> {
  const { home } = subject;
  const host = await onHost(home);
  const guests = guestsOf(home);
  const warm = templates.reduce((sum, one) => sum + (one.warm?.ready ?? 0), 0);
  const known = new Map<string, Environment>(environments.map((one) => [one.id, one]));
  // Warm forks have no environment yet.
  const strangers = guests.filter(({ id }) => !known.has(id)).map(({ id }) => id);
  const here = new Set(guests.map(({ id }) => id));
  return [
    ...machineProblems(environments, guests),
    ...(strangers.length === warm
      ? []
      : [`I3: ${strangers.length} machines of no environment, ${warm} warm forks`]),
    ...cgroupProblems(home, host, here),
    ...directoryProblems(home, environments, new Set(strangers)),
    ...networkProblems(host, environments, warm),
    ...processProblems(home, host),
    ...diskProblems(home),
    ...untouched
      .filter((pid) => !guests.some((guest) => guest.pid === pid))
      .map((pid) => `I4: machine ${pid} is gone, though the fault did not touch it`),
  ];
}

function guestsOf(home: string): Guest[] {
  return processesWith(`${home}/`).flatMap(({ pid, argv }) => {
    if (argv[0]?.includes('qemu-system') !== true) return [];
    const id = argv.find((word) => word.startsWith('guest='))?.slice('guest='.length) ?? '';
    return [{ pid, id }];
  });
}

function machineProblems(environments: readonly Environment[], guests: readonly Guest[]): string[] {
  return environments.flatMap(({ id, name, state, pid }) => {
    const own = guests.filter((guest) => guest.id === id).map((guest) => guest.pid);
    const wanted = pid === undefined ? [] : [pid];
    if (own.join() === wanted.join()) return [];
    return [`I3: ${name} is ${state}, process ${pid ?? 'none'}, and has processes [${own.join(', ')}]`];
  });
}

/** Each hierarchy has one for each machine. */
function cgroupProblems(home: string, { cgroups }: OnHost, here: ReadonlySet<string>): string[] {
  const prefix = `${homeIdOf(home)}-`;
  const found = new Map<string, Set<string>>();
  for (const path of cgroups) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    const id = path.slice(path.lastIndexOf('/') + 1).slice(prefix.length);
    found.set(parent, (found.get(parent) ?? new Set()).add(id));
  }
  return [...found].flatMap(([parent, ids]) => [
    ...[...ids]
      .filter((id) => !here.has(id))
      .map((id) => `I3: control group ${parent} of ${id}, which has no process`),
    ...[...here].filter((id) => !ids.has(id)).map((id) => `I3: ${id} has no control group in ${parent}`),
  ]);
}

function directoryProblems(
  home: string,
  environments: readonly Environment[],
  strangers: ReadonlySet<string>,
): string[] {
  const known = new Map<string, Environment>(environments.map((one) => [one.id, one]));
  const found = list(join(home, 'environments'));
  const problems = found
    .filter((id) => !known.has(id) && !strangers.has(id))
    .map((id) => `I3: directory environments/${id} of no environment`);
  for (const { id, name, state } of environments) {
    const files = list(join(home, 'environments', id));
    const layers = files.filter((file) => /^disk-\d+\.qcow2$/.test(file));
    const saved = files.filter((file) => file.startsWith('sleep-'));
    if (state !== 'failed' && layers.length !== 1)
      problems.push(
        `I1: ${name} (${state}) has ${layers.length} disk layers of its own: ${layers.join(', ')}`,
      );
    const wanted = state === 'asleep' ? 1 : 0;
    if (saved.length !== wanted)
      problems.push(`I3: ${name} is ${state} and has ${saved.length} saved states`);
  }
  for (const name of list(join(home, 'builds'))) problems.push(`I3: directory builds/${name} is left`);
  for (const name of list(join(home, 'images')))
    if (name.startsWith('.')) problems.push(`I3: directory images/${name} is left`);
  for (const name of list(join(home, 'volumes')))
    if (name.startsWith('.')) problems.push(`I3: directory volumes/${name} is left`);
  for (const id of list(join(home, 'templates')))
    if (!existsSync(join(home, 'templates', id, 'manifest.json')))
      problems.push(`I3: directory templates/${id} has no manifest`);
  return problems;
}

function networkProblems(host: OnHost, environments: readonly Environment[], warm: number): string[] {
  const found = new Set(host.namespaces);
  const problems = environments.flatMap(({ name, namespace }) =>
    namespace === undefined || found.has(namespace) ? [] : [`I3: ${name} has no namespace ${namespace}`],
  );
  const asleep = environments.filter(({ state }) => state === 'asleep').length;
  const used = environments.filter(({ namespace }) => namespace !== undefined).length + asleep + warm;
  if (found.size > used + READY_SLOTS)
    problems.push(
      `I3: ${found.size} namespaces, of which ${used} are in use and ${READY_SLOTS} may be ready`,
    );
  if (host.links.length > used + READY_SLOTS)
    problems.push(`I3: ${host.links.length} network links, of which ${used} are in use`);
  return problems;
}

/** Beside machines there are the name server, the programs of caches, and what compares templates with their hashes after a start. */
function processProblems(home: string, { otherProcesses }: OnHost): string[] {
  const expected = [
    `--pid-file=${join(home, 'run/dns.pid')}`,
    'registry serve',
    `${join(home, 'cache')}/`,
    'createHash(',
  ];
  return otherProcesses
    .filter((line) => !expected.some((part) => line.includes(part)))
    .map((line) => `I3: process ${line.slice(0, 200)} is left`);
}

/** No file is open for writing in two machines (I5). */
function diskProblems(home: string): string[] {
  const writers = new Map<string, number[]>();
  for (const { pid, argv } of processesWith('qemu-system')) {
    if (argv[0]?.includes('qemu-system') !== true) continue;
    for (const path of new Set(writtenBy(pid)))
      if (path.startsWith(`${home}/`) && path.endsWith('.qcow2'))
        writers.set(path, [...(writers.get(path) ?? []), pid]);
  }
  return [...writers]
    .filter(([, pids]) => pids.length > 1)
    .map(([path, pids]) => `I5: ${path} is written by ${pids.join(' and ')}`);
}

/** Files that a process has open for writing. */
function writtenBy(pid: number): string[] {
  return list(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
      return (Number.parseInt(flags, 8) & 3) === 0 ? [] : [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

function list(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
