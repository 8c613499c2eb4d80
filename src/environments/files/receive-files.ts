import { formatBytes } from '../../base/index.ts';
import { isWithin, reservedWithin } from '../../model/index.ts';
import type { OperationContext, Step } from '../../operations/index.ts';
import { archivePaths } from '../apply.ts';
import type { Context } from '../context.ts';
import { mountableDirectories } from '../mountable-directories.ts';
import { projectOf } from '../project-of.ts';
import type { EnvironmentRecord } from '../record.ts';
import type { Wish } from '../wish.ts';
import { isWide } from './check-files.ts';
import { type Exchanged, exchangeFiles, sayDone } from './exchange.ts';

/** Waits for the files of an `up` and puts them into its machine. Gives the record with what the machine has from now on. */
export async function receiveFiles(
  context: Context,
  record: EnvironmentRecord,
  wish: Wish,
  operation: OperationContext,
): Promise<EnvironmentRecord> {
  const needed = wish.project.files.some(({ path }) => isWithin(path, record.workload.projectDirectory));
  const { projectDirectory, files } = record.workload;
  const omit = !needed && !wish.project.incomplete && isWide(projectDirectory, files?.home);
  const wanted = omit ? await keepProjectOut(context, record) : record;
  return operation.step('files', "send the project's files", async (step) => {
    let exchanged: Exchanged | undefined;
    await context.fileMeetings.take(operation.id, operation.signal, async (streams) => {
      exchanged = await exchangeFiles(context, wanted, streams, {
        roots: mountableDirectories(wanted),
        exclude: excludedFiles(wanted, wish.project),
        ...(needed || wish.project.incomplete ? {} : { optional: projectDirectory }),
        signal: operation.signal,
        onBytes: bytesTold(step),
      });
      await sayDone(context, wanted, streams);
    });
    step.detail(summaryOf(exchanged));
    return exchanged?.omitted === true ? keepProjectOut(context, wanted) : noteDotEnv(context, wanted);
  });
}

async function noteDotEnv(context: Context, record: EnvironmentRecord): Promise<EnvironmentRecord> {
  const { workload } = record;
  if (workload.files === undefined) return record;
  const sent = context.sessions.get(record).sentFiles?.entries;
  const dotEnv = sent?.has(`${workload.projectDirectory}/.env`) === true;
  const change = { workload: { ...workload, files: { ...workload.files, dotEnv } } };
  return (await context.registry.update(record.id, change)) ?? record;
}

/** What is left out of an environment's directories: archives of images, which are loaded from the host, and the machine's own. */
export function excludedFiles(record: EnvironmentRecord, project = projectOf(record)): readonly string[] {
  return [...archivePaths(project, record.workload), ...mountableDirectories(record).flatMap(reservedWithin)];
}

/** Says in few words what was sent. */
export function summaryOf(exchanged: Exchanged | undefined): string {
  if (exchanged === undefined) return 'nothing';
  if (exchanged.omitted) return 'the project directory is large and nothing needs it: left out';
  const { changed, removed } = exchanged;
  if (changed.length + removed.length === 0) return 'nothing has changed';
  const bytes = changed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sent = `${changed.length} sent, ${formatBytes(bytes)}`;
  return removed.length === 0 ? sent : `${sent}; ${removed.length} removed`;
}

async function keepProjectOut(context: Context, record: EnvironmentRecord): Promise<EnvironmentRecord> {
  const { workload } = record;
  const files = { mounts: [], ...workload.files, project: false };
  return (await context.registry.update(record.id, { workload: { ...workload, files } })) ?? record;
}

function bytesTold(step: Step): (count: number) => void {
  let total = 0;
  return (count) => {
    total += count;
    step.detail(formatBytes(total));
  };
}
