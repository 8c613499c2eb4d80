import type { ClientChannel } from 'ssh2';
import { berthError } from '../errors/index.ts';
import type { ProcessEnd } from './interactive-process.ts';
import { ProcessGroupReader, trackedCommand } from './tracked-command.ts';
import type { SshConnection } from './ssh-connection.ts';

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
  #killed = false;

  private constructor(connection: SshConnection, channel: ClientChannel, output: ProgramOutput) {
    this.#connection = connection;
    this.channel = channel;
    channel.on('data', (chunk: Buffer) => output.onStdout(chunk));
    channel.stderr.on('data', (chunk: Buffer) => this.#onStderr(this.#group.push(chunk), output));
    channel.stderr.on('end', () => this.#onStderr(this.#group.rest(), output));
    this.ended = endOf(channel);
    this.ended.catch(() => undefined);
  }

  static async start(
    connection: SshConnection,
    argv: readonly string[],
    output: ProgramOutput,
    signal: AbortSignal,
  ): Promise<SshProgram> {
    const command = trackedCommand(argv);
    const channel = await connection.openChannel(signal, (client, done) => client.exec(command, done));
    return new SshProgram(connection, channel, output);
  }

  /** Ends the program and what it has started, in the background. May be called twice. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    const { group } = this.#group;
    // Without its number it has not become the program yet, and will not: its first words find no listener.
    if (group !== undefined) this.#endGroup(group).catch(() => undefined);
    this.channel.close();
    // Unread output would keep the channel from reporting its end.
    this.channel.resume();
    this.channel.stderr.resume();
  }

  #onStderr(chunk: Buffer, output: ProgramOutput): void {
    if (chunk.length > 0) output.onStderr(chunk);
  }

  async #endGroup(group: number): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(KILL_TIMEOUT_MS), this.#connection.closed]);
    const channel = await this.#connection.openChannel(signal, (client, done) =>
      client.exec(`kill -KILL -- -${group}`, done),
    );
    channel.resume();
    channel.stderr.resume();
    channel.end();
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
