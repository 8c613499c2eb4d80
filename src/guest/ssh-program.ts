import type { ClientChannel } from 'ssh2';
import { berthError } from '../errors/index.ts';
import type { ProcessEnd } from './interactive-process.ts';
import { ProcessGroupReader, trackedCommand } from './tracked-command.ts';
import { abortable, type SshConnection } from './ssh-connection.ts';

/** Takes a program's output; `resume` is called after `false` once there is room again. */
export interface ProgramOutput {
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
}

const KILL_TIMEOUT_MS = 10_000;

/** A program in the guest without a terminal. Unlike a bare channel it can be ended. */
export class SshProgram {
  readonly channel: ClientChannel;
  /** Resolves when it has ended and all of its output was taken; rejects when the connection was lost before. */
  readonly ended: Promise<ProcessEnd>;
  readonly #connection: SshConnection;
  readonly #group = new ProcessGroupReader();
  readonly #groupKnown = Promise.withResolvers<number | undefined>();
  #killed = false;

  private constructor(connection: SshConnection, channel: ClientChannel, output: ProgramOutput) {
    this.#connection = connection;
    this.channel = channel;
    channel.on('data', (chunk: Buffer) => {
      if (!this.#killed) output.onStdout(chunk);
    });
    channel.stderr.on('data', (chunk: Buffer) => this.#onStderr(this.#group.push(chunk), output));
    channel.stderr.on('end', () => this.#onStderr(this.#group.rest(), output));
    this.ended = endOf(channel);
    const forget = () => this.#groupKnown.resolve(undefined);
    this.ended.then(forget, forget);
  }

  static start(
    connection: SshConnection,
    argv: readonly string[],
    output: ProgramOutput,
    signal: AbortSignal,
  ): Promise<SshProgram> {
    const command = trackedCommand(argv);
    return connection.openChannel(signal, {
      open: (client, done) => client.exec(command, done),
      adopt: (channel) => new SshProgram(connection, channel, output),
      discard: (program) => program.kill(),
    });
  }

  /** Ends the program and what it has started, in the background; its output is dropped from now on. May be called twice. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    // Unread output would hold up the number of the process group, and the channel's end.
    this.channel.resume();
    this.channel.stderr.resume();
    const signal = AbortSignal.any([AbortSignal.timeout(KILL_TIMEOUT_MS), this.#connection.closed]);
    this.#endGroup(signal)
      .catch(() => undefined)
      .finally(() => this.channel.close());
  }

  #onStderr(chunk: Buffer, output: ProgramOutput): void {
    if (this.#group.group !== undefined) this.#groupKnown.resolve(this.#group.group);
    if (chunk.length > 0 && !this.#killed) output.onStderr(chunk);
  }

  async #endGroup(signal: AbortSignal): Promise<void> {
    const group = await abortable(this.#groupKnown.promise, signal);
    if (group === undefined) return;
    await this.#connection.openChannel(signal, {
      open: (client, done) => client.exec(`kill -9 -${group}`, done),
      adopt: (channel) => {
        channel.resume();
        channel.stderr.resume();
        channel.end();
      },
      discard: () => undefined,
    });
  }
}

/** Resolves when the program of a channel has ended and all of its output was read; rejects when the channel closed before. */
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
