import { basename } from 'node:path';
import { sleep } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { asBerthError, type BerthError } from '../../errors/index.ts';
import { type FileEntry, watchFiles } from '../../files/index.ts';
import type { Cli } from '../cli.ts';
import { escapeMetadata } from '../terminal/escape.ts';
import { describeSent, type Sent, sendFiles } from './send-files.ts';
import { printNotes } from './print-notes.ts';

/** After a failure that may pass by itself. */
const RETRY_MS = 2_000;
const SHOWN = 3;

/** What the machine has, as far as this command knows. */
interface Known {
  readonly generation: string;
  readonly entries: ReadonlyMap<string, FileEntry>;
}

/** Sends changes of a project's files until Ctrl-C, which is its proper end. @throws `not-found` when the environment is removed */
export async function watchEnvironment(cli: Cli, client: Client, name: string): Promise<void> {
  const leaving = new AbortController();
  const release = cli.interrupts.take(() => leaving.abort());
  try {
    const { roots, exclude } = await offerOf(client, name);
    await using watcher = disposable(watchFiles(roots, new Set(exclude)));
    leaving.signal.addEventListener('abort', () => void watcher.close(), { once: true });
    await watcher.ready;
    const first = await send(cli, client, name, undefined, leaving.signal);
    cli.err.line(`watching ${roots.join(', ')}; Ctrl-C ends it`);
    let known: Known | undefined = first;
    while (await watcher.next()) known = await send(cli, client, name, known, leaving.signal);
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
  } finally {
    release();
  }
}

async function offerOf(client: Client, name: string) {
  const exchange = await client.environments.files(name);
  try {
    return await exchange.offer;
  } finally {
    exchange.close();
  }
}

/** One exchange, tried again while the environment is there and only cannot take it now. */
async function send(
  cli: Cli,
  client: Client,
  name: string,
  known: Known | undefined,
  signal: AbortSignal,
): Promise<Known> {
  let told: string | undefined;
  for (;;) {
    try {
      return await sendOnce(cli, client, name, known, signal);
    } catch (error) {
      const failure = asBerthError(error);
      if (signal.aborted || !mayPass(failure)) throw failure;
      if (failure.message !== told) cli.err.line(`note: ${failure.message}; trying again`);
      told = failure.message;
      await sleep(RETRY_MS, signal);
    }
  }
}

async function sendOnce(
  cli: Cli,
  client: Client,
  name: string,
  known: Known | undefined,
  signal: AbortSignal,
): Promise<Known> {
  // The first time everything may differ, and nothing is done because of it.
  const query = known === undefined ? {} : { known: known.generation, actions: true };
  const exchange = await client.environments.files(name, { ...query, signal });
  try {
    const startedMs = performance.now();
    const sent = await sendFiles(exchange, {
      signal,
      ...(known === undefined ? {} : { known: known.entries }),
      onNote: (text) => cli.out.line(`  ${escapeMetadata(text)}`),
    });
    if (known === undefined) printNotes(cli, sent.notes);
    if (sent.changed.length + sent.removed.length > 0)
      cli.out.line(
        `${describeSent(sent)} (${namesOf(sent)}) in ${Math.round(performance.now() - startedMs)} ms`,
      );
    return sent;
  } finally {
    exchange.close();
  }
}

function namesOf({ changed, removed }: Sent): string {
  const files = changed.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
  const names = [...files, ...removed].map((path) => escapeMetadata(basename(path)));
  const shown = names.slice(0, SHOWN).join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}

/** Another command at work, a machine that restarts, a daemon that is replaced. */
function mayPass({ code }: BerthError): boolean {
  return ['conflict', 'not-running', 'guest-unreachable', 'daemon-not-running', 'timeout'].includes(code);
}

function disposable<Watcher extends { close(): Promise<void> }>(watcher: Watcher): Watcher & AsyncDisposable {
  return Object.assign(watcher, { [Symbol.asyncDispose]: () => watcher.close() });
}
