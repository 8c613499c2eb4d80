import { berthError } from '../../errors/index.ts';
import { reservedGuestPath } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { mountableDirectories } from '../mountable-directories.ts';
import type { EnvironmentRecord } from '../record.ts';
import { assertUnclaimed } from '../registry.ts';
import type { TerminalProcess } from '../terminal.ts';
import { exchangeFiles, say, sayDone } from './exchange.ts';
import { type ExchangeStreams, exchangeProcess } from './exchange-streams.ts';
import { excludedFiles } from './receive-files.ts';
import { runWatchActions } from './watch-actions.ts';

export interface FilesOptions {
  /** The `up` that waits for the files; without it the machine runs already. */
  readonly operation?: string;
  /** Generation whose list the caller has. */
  readonly known?: string;
  /** Do with the changes what `develop.watch` says. */
  readonly actions: boolean;
}

/** One exchange of files, as a process with streams. */
export async function serveFiles(
  context: Context,
  name: string,
  options: FilesOptions,
  signal: AbortSignal,
): Promise<TerminalProcess> {
  const { operation } = options;
  if (operation !== undefined) {
    context.operations.get(operation);
    return exchangeProcess((streams, gone) =>
      bringTo(context, operation, streams, AbortSignal.any([signal, gone])),
    );
  }
  const record = context.registry.get(name);
  assertUnclaimed(record);
  context.sessions.get(record);
  return exchangeProcess((streams, gone) =>
    exchangeNow(context, record, streams, options, AbortSignal.any([signal, gone])),
  );
}

/** Hands the streams to an operation, which may end without ever asking for them. */
async function bringTo(
  context: Context,
  operation: string,
  streams: ExchangeStreams,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const ended = context.operations.wait(operation, AbortSignal.any([signal, over.signal])).then(() => {
    throw berthError('cancelled', 'the operation ended without asking for files');
  });
  ended.catch(() => undefined);
  try {
    await Promise.race([context.fileMeetings.bring(operation, streams, signal), ended]);
  } finally {
    over.abort();
  }
}

async function exchangeNow(
  context: Context,
  record: EnvironmentRecord,
  streams: ExchangeStreams,
  { known, actions }: FilesOptions,
  signal: AbortSignal,
): Promise<void> {
  const shared = withProject(record);
  const exchanged = await exchangeFiles(context, shared, streams, {
    roots: mountableDirectories(shared),
    exclude: excludedFiles(shared),
    signal,
    ...(known === undefined ? {} : { known }),
  });
  if (shared !== record && !exchanged.omitted)
    await context.registry.update(record.id, { workload: shared.workload });
  if (actions) {
    const note = (text: string) => say(streams, { type: 'note', text });
    await runWatchActions(context, shared, exchanged, signal, note);
  }
  await sayDone(context, shared, streams);
}

/** Whoever sends files wants the project to be among them. */
function withProject(record: EnvironmentRecord): EnvironmentRecord {
  const { workload } = record;
  if (workload.files?.project === true) return record;
  const reserved = reservedGuestPath(workload.projectDirectory);
  if (reserved !== undefined) {
    throw berthError(
      'bad-request',
      `the project of "${record.name}" lies in ${workload.projectDirectory}, and at ${reserved} the machine has its own system`,
      { remedy: 'Keep the project elsewhere, below /home or /srv for example, and run `./berth up` there.' },
    );
  }
  const files = { mounts: [], ...workload.files, project: true };
  return { ...record, workload: { ...workload, files } };
}
