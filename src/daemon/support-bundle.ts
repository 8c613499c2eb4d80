import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { asBerthError } from '../errors/index.ts';
import { packTexts, type TextEntry } from '../files/index.ts';
import { listDirectory, readText, tailFile } from '../host/index.ts';
import type { EnvironmentRecord } from '../environments/index.ts';
import type { InteractiveProcess, Services } from '../server/index.ts';
import { redactor, secretsInCompose } from './redact.ts';

const DAEMON_LOG_BYTES = 1024 * 1024;
const MACHINE_LOG_BYTES = 128 * 1024;
const MACHINE_LOGS = ['console.log', 'qemu.log', 'qemu.out'];
const README = `What somebody needs to know who is to help with this installation of Berth.

There are no Compose files, no values of variables, no credentials and no keys in it. What stood in a log and is known to be one, or looks like one,
was replaced by [redacted]. Have a look before you hand it on.
`;

/** What a bundle is made of. */
export interface BundleSources {
  readonly home: string;
  readonly services: Pick<
    Services,
    | 'daemon'
    | 'doctor'
    | 'environments'
    | 'templates'
    | 'images'
    | 'operations'
    | 'events'
    | 'host'
    | 'capacity'
  >;
  readonly records: () => readonly EnvironmentRecord[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What somebody needs who is to help, as a tar.gz archive without secrets. A part that cannot be had says why in its place. */
export function supportBundle(sources: BundleSources, signal: AbortSignal): InteractiveProcess {
  const stdout = new PassThrough();
  const stdin = new PassThrough();
  stdin.resume();
  const done = pipeline(Readable.from(packTexts(entriesOf(sources, signal))), createGzip(), stdout, {
    signal,
  });
  const exit = done.then(() => 0);
  exit.catch(() => undefined);
  return { stdin, stdout, resize: () => undefined, exit, kill: () => stdout.destroy() };
}

async function* entriesOf(sources: BundleSources, signal: AbortSignal): AsyncGenerator<TextEntry> {
  const redact = redactor(await secretsOf(sources));
  const entry = async (name: string, read: () => Promise<string>): Promise<TextEntry> => {
    const text = await read().catch((error: unknown) => `not to be had: ${asBerthError(error).message}\n`);
    return { name: `berth-support/${name}`, text: redact(text) };
  };
  const json = (name: string, read: () => Promise<unknown>) =>
    entry(`${name}.json`, async () => `${JSON.stringify(await read(), undefined, 2)}\n`);
  const { daemon, doctor, environments, templates, images, operations, events, host, capacity } =
    sources.services;
  yield entry('README.txt', async () => README);
  yield json('version', () => daemon.version());
  yield json('daemon', () => daemon.status());
  yield json('doctor', () => doctor.report());
  yield json('host', () => host.report(signal));
  yield json('host-facts', hostFacts);
  yield json('capacity', () => capacity.report({}, signal));
  yield json('environments', () => environments.list());
  yield json('stats', () => environments.allStats());
  yield json('templates', () => templates.list());
  yield json('images', () => images.list());
  yield json('operations', () => operations.list());
  yield json('events', () => events.list(0));
  yield entry('daemon.log', () => tailFile(join(sources.home, 'daemon.log'), DAEMON_LOG_BYTES));
  for (const { name, disk } of sources.records()) {
    if (disk === undefined) continue;
    for (const file of MACHINE_LOGS)
      yield entry(`machines/${name}/${file}`, () => tailFile(join(disk.directory, file), MACHINE_LOG_BYTES));
  }
}

/** The kernel, its command line, memory, load and pressure. */
async function hostFacts(): Promise<Readonly<Record<string, string | undefined>>> {
  const paths = [
    'version',
    'cmdline',
    'loadavg',
    'meminfo',
    'uptime',
    'pressure/cpu',
    'pressure/memory',
    'pressure/io',
  ];
  const facts = await Promise.all(
    paths.map(
      async (path) => [path, (await readText(`/proc/${path}`).catch(() => undefined))?.trim()] as const,
    ),
  );
  return { ...Object.fromEntries(facts), release: await readText('/etc/os-release') };
}

/** All that is known to be secret: values of Compose variables, what the Compose files assign, credentials, keys, the daemon's own environment. */
async function secretsOf({ home, records, environment }: BundleSources): Promise<string[]> {
  const ofWorkloads = records().flatMap(({ workload }) => [
    ...Object.values(workload.variables),
    ...secretsInCompose(workload.compose),
  ]);
  const named = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && /pass|secret|token|key|credential|auth/i.test(name) ? [value] : [],
  );
  return [...ofWorkloads, ...named, ...(await storedSecrets(home))];
}

/** Strings in the files that hold credentials. */
async function storedSecrets(home: string): Promise<string[]> {
  const caches = await listDirectory(join(home, 'cache'));
  const files = [
    ...caches.map((name) => join(home, 'cache', name, 'credential.json')),
    join(home, 'cache/key'),
    join(home, 'registries.yaml'),
  ];
  const texts = await Promise.all(files.map((path) => readText(path).catch(() => undefined)));
  return texts.flatMap((text) => (text === undefined ? [] : wordsOf(text)));
}

function wordsOf(text: string): string[] {
  try {
    return stringsIn(JSON.parse(text));
  } catch {
    return secretsInCompose(text).concat(text.includes('\n') ? [] : [text]);
  }
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
