import { PassThrough } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { InteractiveProcess, ProcessEnd, TerminalSize } from './interactive-process.ts';
import { quoteForShell } from './posix-quote.ts';
import type { OpenChannel, SshConnection } from './ssh-connection.ts';
import { endOf, SshProgram } from './ssh-program.ts';

interface Streams {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
}

/** Starts a program to talk to; without `argv`, the login shell. With `tty` it has a terminal. */
export async function startProcess(
  connection: SshConnection,
  argv: readonly string[],
  tty: TerminalSize | undefined,
  signal: AbortSignal,
): Promise<InteractiveProcess> {
  if (tty === undefined && argv.length > 0) return startProgram(connection, argv, signal);
  const pty = tty === undefined ? undefined : { ...tty, term: 'xterm-256color' };
  const command = argv.length === 0 ? undefined : quoteForShell(argv);
  const open: OpenChannel = (client, done) => {
    if (command === undefined) client.shell(pty ?? false, done);
    else client.exec(command, pty === undefined ? {} : { pty }, done);
  };
  return connection.openChannel(signal, { open, adopt: adoptChannel, discard: (process) => process.close() });
}

function adoptChannel(channel: ClientChannel): InteractiveProcess {
  const streams = newStreams();
  channel.pipe(streams.stdout);
  channel.stderr.pipe(streams.stderr);
  // A terminal that goes away takes its programs with it, a shell without one ends with its input.
  const close = () => {
    channel.close();
    channel.unpipe(streams.stdout).resume();
    channel.stderr.unpipe(streams.stderr).resume();
  };
  return processOn(channel, streams, endOf(channel), close);
}

async function startProgram(
  connection: SshConnection,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<InteractiveProcess> {
  const streams = newStreams();
  const passOn =
    (target: PassThrough, source: () => { pause(): unknown; resume(): unknown }) => (chunk: Buffer) => {
      if (target.write(chunk)) return;
      source().pause();
      target.once('drain', () => source().resume());
    };
  const program: SshProgram = await SshProgram.start(
    connection,
    argv,
    {
      onStdout: passOn(streams.stdout, () => program.channel),
      onStderr: passOn(streams.stderr, () => program.channel.stderr),
    },
    signal,
  );
  return processOn(program.channel, streams, program.ended, () => program.kill());
}

function newStreams(): Streams {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  for (const stream of Object.values(streams)) stream.on('error', () => undefined);
  return streams;
}

function processOn(
  channel: ClientChannel,
  streams: Streams,
  end: Promise<ProcessEnd>,
  close: () => void,
): InteractiveProcess {
  const { stdin, stdout, stderr } = streams;
  const closing = new AbortController();
  const closed = new Promise<ProcessEnd>((resolve) => {
    closing.signal.addEventListener('abort', () => resolve({ signal: 'SIGKILL' }), { once: true });
  });
  const ended = Promise.race([end, closed]);
  const finish = () => {
    stdin.destroy();
    stdout.end();
    stderr.end();
  };
  stdin.pipe(channel);
  // Whoever does not look at the end must not be hit by it.
  ended.then(finish, finish);
  return {
    stdin,
    stdout,
    stderr,
    resize: async (rows, cols) => channel.setWindow(rows, cols, 0, 0),
    ended,
    close: () => {
      if (closing.signal.aborted) return;
      stdin.unpipe(channel);
      close();
      closing.abort();
    },
  };
}
