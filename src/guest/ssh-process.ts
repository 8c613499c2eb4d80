import { PassThrough } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { berthError } from '../errors/index.ts';
import type { InteractiveProcess, ProcessEnd } from './interactive-process.ts';

/** Resolves when the program of a channel has ended and all of its output has been read; rejects when the channel closed before. */
export function endOf(channel: ClientChannel): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    let end: ProcessEnd | undefined;
    channel.on('exit', (code: number | null, signal?: string) => {
      end = code === null ? { signal: `SIG${signal?.replace(/^SIG/, '') ?? ''}` } : { code };
    });
    channel.on('error', () => undefined);
    channel.on('close', () => {
      if (end === undefined)
        reject(berthError('guest-unreachable', 'the connection to the guest was lost while a program ran'));
      else resolve(end);
    });
  });
}

/** A channel with a running program as an {@link InteractiveProcess}. */
export function channelProcess(channel: ClientChannel, hasTerminal: boolean): InteractiveProcess {
  const ended = endOf(channel);
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  for (const stream of [stdin, stdout, stderr]) stream.on('error', () => undefined);
  stdin.pipe(channel);
  channel.pipe(stdout);
  channel.stderr.pipe(stderr);
  // Whoever does not look at the end must not be hit by it.
  ended.catch(() => undefined).finally(() => stdin.destroy());
  return {
    stdin,
    stdout,
    stderr,
    resize: async (rows, cols) => {
      if (hasTerminal) channel.setWindow(rows, cols, 0, 0);
    },
    ended,
    close: () => {
      stdin.unpipe(channel);
      channel.close();
      // Unread output would keep the channel from reporting its end.
      channel.unpipe(stdout).resume();
      channel.stderr.unpipe(stderr).resume();
      stdout.end();
      stderr.end();
    },
  };
}
