import { rmdirSync, rmSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { formatBytes } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import {
  compareThree,
  encodeEntry,
  encodeRemoval,
  type FileEntry,
  ignoredIn,
  scan,
  type ThreeWay,
  unpackInto,
} from '../../files/index.ts';
import { isRoot } from '../../host/index.ts';
import { isWithin } from '../../model/index.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { listMachine } from './machine-listing.ts';
import { readFromMachine } from './machine-command.ts';
import { readList } from './send-files.ts';

export interface BackOptions {
  /** Absolute; only these and what is below them. Everything when empty. */
  readonly within: readonly string[];
  /** Also over what has changed here. */
  readonly force?: boolean;
  /** Also remove here what was removed there. */
  readonly delete?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const SHOWN = 20;

/**
 * Brings files that have changed in a machine back to this host. What has changed on both sides is left as it is and listed.
 * @throws `conflict` when there is such a file, after all others were brought
 */
export async function bringBack(cli: Cli, client: Client, name: string, options: BackOptions): Promise<void> {
  const exchange = await client.environments.files(name);
  try {
    const { roots, exclude, generation } = await exchange.offer;
    const sent = readList(await exchange.list());
    if (generation === '') {
      throw berthError('conflict', `it is not known what of this host's files "${name}" has`, {
        remedy: `Send them first: \`./berth sync ${name}\`.`,
      });
    }
    const here = (await scan(roots, { exclude: new Set(exclude) })).entries;
    const there = await listMachine(client, name, roots);
    const wanted = wantedBy(roots, exclude, options.within);
    const found = compareThree(only(sent, wanted), only(there, wanted), only(here, wanted));
    const coming = [...found.coming, ...forced(found, there, options)];
    await fetchFiles(client, name, roots, coming);
    const gone = options.delete === true ? [...found.gone, ...forcedGone(found, there, options)] : [];
    for (const path of gone) remove(path, sent.get(path));
    // What both have now is what was sent last: nothing of it is sent again.
    const now = (await scan(roots, { exclude: new Set(exclude) })).entries;
    const adopted = coming.flatMap(({ path }) => now.get(path) ?? []);
    const lines = [
      ...gone.map(encodeRemoval),
      ...adopted.map((entry) => `["=",${encodeEntry(entry).slice(1)}`),
    ];
    await exchange.send(lines, undefined);
    report(cli, name, { coming, gone, found }, options);
  } finally {
    exchange.close();
  }
}

function only<Value>(
  entries: ReadonlyMap<string, Value>,
  wanted: (path: string) => boolean,
): ReadonlyMap<string, Value> {
  return new Map([...entries].filter(([path]) => wanted(path)));
}

/** Whether a path is to be looked at: named, not excluded, and not left out by `.berthignore`. */
function wantedBy(
  roots: readonly string[],
  exclude: readonly string[],
  within: readonly string[],
): (path: string) => boolean {
  const outside = within.find((path) => !roots.some((root) => isWithin(path, root)));
  if (outside !== undefined) {
    throw berthError('bad-request', `${outside} is not among what the machine has of this host`, {
      remedy: `It has ${roots.join(', ')}.`,
    });
  }
  const isIgnored = ignoredIn(roots);
  return (path) =>
    (within.length === 0 || within.some((one) => isWithin(path, one))) &&
    !exclude.some((one) => isWithin(path, one)) &&
    !isIgnored(path);
}

function forced({ conflicts }: ThreeWay, there: ReadonlyMap<string, FileEntry>, { force }: BackOptions) {
  return force === true ? conflicts.flatMap((path) => there.get(path) ?? []) : [];
}

function forcedGone({ conflicts }: ThreeWay, there: ReadonlyMap<string, FileEntry>, { force }: BackOptions) {
  return force === true ? conflicts.filter((path) => !there.has(path)) : [];
}

async function fetchFiles(
  client: Client,
  name: string,
  roots: readonly string[],
  entries: readonly FileEntry[],
): Promise<void> {
  for (const root of roots) {
    const mine = entries.filter(({ path }) => isWithin(path, root));
    if (mine.length === 0) continue;
    const directory = mine.some(({ path }) => path === root) ? dirname(root) : root;
    const names = mine.map(({ path }) => `./${relative(directory, path)}\0`).join('');
    const input = (async function* () {
      yield new TextEncoder().encode(names);
    })();
    const argv = [
      'tar',
      '-C',
      directory,
      '--format=pax',
      '--no-recursion',
      '--null',
      '-T',
      '-',
      '-c',
      '-f',
      '-',
    ];
    await unpackInto(directory, readFromMachine(client, name, argv, { input }), { keepOwner: isRoot() });
  }
}

function remove(path: string, entry: FileEntry | undefined): void {
  if (entry?.kind !== 'directory') return rmSync(path, { force: true });
  try {
    rmdirSync(path);
  } catch {
    // There is something in it that only this host has.
  }
}

function report(
  cli: Cli,
  name: string,
  done: { readonly coming: readonly FileEntry[]; readonly gone: readonly string[]; readonly found: ThreeWay },
  options: BackOptions,
): void {
  const { coming, gone, found } = done;
  const brought = coming.map(({ path }) => path);
  const conflicts = options.force === true ? [] : found.conflicts;
  const kept = options.delete === true ? [] : found.gone;
  if (options.json === true)
    cli.out.line(formatJson({ brought, removed: gone, conflicts, goneInMachine: kept }));
  else if (options.quiet !== true) {
    const bytes = coming.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const path of brought.slice(0, SHOWN)) cli.out.line(`  ${path}`);
    const removed = gone.length === 0 ? '' : `; ${gone.length} removed`;
    cli.out.line(`${name}: ${brought.length} brought back, ${formatBytes(bytes)}${removed}`);
    if (kept.length > 0)
      cli.err.line(`note: ${kept.length} removed in the machine and kept here; --delete removes them`);
  }
  if (conflicts.length === 0) return;
  throw berthError('conflict', 'files have changed on both sides; they were left as they are', {
    problems: conflicts.map((path) => ({ path, message: 'changed here and in the machine' })),
    remedy: `Take the machine's with \`./berth sync ${name} --back --force PATH\`, or send this host's: change them, then \`./berth sync ${name}\`.`,
  });
}
