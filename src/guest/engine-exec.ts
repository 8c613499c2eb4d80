import { type Duplex, PassThrough } from 'node:stream';
import { berthError } from '../errors/index.ts';
import type { ContainerExecOptions } from './engine.ts';
import type { EngineHttp } from './engine-http.ts';
import type { InteractiveProcess, ProcessEnd } from './interactive-process.ts';
import { field, numberAt, textAt } from './json-reading.ts';
import { OutputSplitter } from './multiplexed-output.ts';

/** Asking for the exit code: the engine may notice the end a little after the stream has closed. */
const EXIT_ATTEMPTS = 20;
const EXIT_INTERVAL_MS = 50;

/** Starts a program in a container and takes over its stream. */
export async function startExec(
  http: EngineHttp,
  container: string,
  argv: readonly string[],
  o: ContainerExecOptions,
): Promise<InteractiveProcess> {
  const created = await http.call(
    { method: 'POST', path: `/containers/${encodeURIComponent(container)}/exec`, json: settingsOf(argv, o) },
    o,
  );
  const path = `/exec/${encodeURIComponent(textAt(created, 'Id') ?? '')}`;
  const hasTerminal = o.tty !== undefined;
  const stream = await http.upgrade(
    { method: 'POST', path: `${path}/start`, json: { Detach: false, Tty: hasTerminal } },
    o,
  );
  const resize = async (rows: number, cols: number) => {
    if (hasTerminal) await http.call({ method: 'POST', path: `${path}/resize?h=${rows}&w=${cols}` });
  };
  // A size that comes too late or for a program that has ended already is no reason to fail.
  if (o.tty !== undefined) await resize(o.tty.rows, o.tty.cols).catch(() => undefined);
  return processOn(stream, hasTerminal, resize, () => exitOf(http, path));
}

function settingsOf(argv: readonly string[], o: ContainerExecOptions): Record<string, unknown> {
  return {
    Cmd: argv,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: o.tty !== undefined,
    ...(o.user === undefined ? {} : { User: o.user }),
    ...(o.workingDirectory === undefined ? {} : { WorkingDir: o.workingDirectory }),
    ...(o.env === undefined ? {} : { Env: Object.entries(o.env).map(([name, value]) => `${name}=${value}`) }),
  };
}

function processOn(
  stream: Duplex,
  hasTerminal: boolean,
  resize: InteractiveProcess['resize'],
  askExit: () => Promise<ProcessEnd>,
): InteractiveProcess {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  for (const output of [stdout, stderr]) output.on('error', () => undefined);
  const splitter = hasTerminal ? undefined : new OutputSplitter();
  const outputs = { stdout, stderr };
  stream.on('data', (chunk: Buffer) => {
    const pieces = splitter?.push(chunk) ?? [{ stream: 'stdout' as const, bytes: chunk }];
    // Every piece has to be written, so this must not stop at the first full stream.
    const full = pieces
      .map((piece) => ({ piece, ok: outputs[piece.stream].write(piece.bytes) }))
      .find(({ ok }) => !ok);
    if (full === undefined) return;
    stream.pause();
    outputs[full.piece.stream].once('drain', () => stream.resume());
  });
  const closed = new Promise<void>((resolve) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
  });
  stream.on('error', () => undefined);
  const ended = closed.then(() => {
    stdout.end();
    stderr.end();
    return askExit();
  });
  ended.catch(() => undefined).finally(() => stream.destroy());
  return { stdin: stream, stdout, stderr, resize, ended, close: () => stream.destroy() };
}

async function exitOf(http: EngineHttp, path: string): Promise<ProcessEnd> {
  for (let attempt = 0; attempt < EXIT_ATTEMPTS; attempt += 1) {
    const state = await http.call({ method: 'GET', path: `${path}/json` });
    const code = numberAt(state, 'ExitCode');
    if (field(state, 'Running') !== true && code !== undefined) return { code };
    await new Promise((resolve) => setTimeout(resolve, EXIT_INTERVAL_MS));
  }
  throw berthError('guest-unreachable', 'the stream to a program in a container was lost');
}
