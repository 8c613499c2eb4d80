import type { Client, RemoteProcess } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';

/** How a command in a machine ended. */
export interface MachineOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MachineCommandOptions {
  /** What the command reads; nothing by default. */
  readonly input?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

const MAX_STDERR = 4_000;

/** Runs a command in a machine to its end, whatever its exit code. */
export async function runInMachine(
  client: Client,
  environment: string,
  argv: readonly string[],
  options: MachineCommandOptions = {},
): Promise<MachineOutcome> {
  let stdout = '';
  const decoder = new TextDecoder();
  const command = new MachineCommand(await open(client, environment, argv, options), options.input);
  for await (const chunk of command.output()) stdout += decoder.decode(chunk, { stream: true });
  return { code: await command.end(), stdout, stderr: command.stderr };
}

/** What a command in a machine writes, as it comes. @throws `guest-command-failed` when it ends with a failure, after its last output */
export async function* readFromMachine(
  client: Client,
  environment: string,
  argv: readonly string[],
  options: MachineCommandOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  const command = new MachineCommand(await open(client, environment, argv, options), options.input);
  yield* command.output();
  assertGood({ code: await command.end(), stdout: '', stderr: command.stderr });
}

/** @throws `guest-command-failed` with what the command said */
export function assertGood(outcome: MachineOutcome): void {
  if (outcome.code === 0) return;
  const said = outcome.stderr.trim().split('\n').slice(-3).join('\n');
  throw berthError('guest-command-failed', said === '' ? `it ended with exit code ${outcome.code}` : said);
}

function open(
  client: Client,
  environment: string,
  argv: readonly string[],
  { signal }: MachineCommandOptions,
): Promise<RemoteProcess> {
  return client.environments.shell(environment, argv, signal === undefined ? {} : { signal });
}

class MachineCommand {
  stderr = '';
  readonly #process: RemoteProcess;
  readonly #fed: Promise<void>;
  #inputFailure: unknown;

  constructor(process: RemoteProcess, input: AsyncIterable<Uint8Array> | undefined) {
    this.#process = process;
    this.#fed = feed(process, input).catch((error: unknown) => {
      // A command that is given half of its input must not take it for the whole.
      this.#inputFailure = error;
      process.close();
    });
  }

  async *output(): AsyncGenerator<Uint8Array, void, void> {
    const decoder = new TextDecoder();
    try {
      for await (const { stream, data } of this.#process.output) {
        if (stream === 'stdout') yield data;
        else this.stderr = (this.stderr + decoder.decode(data, { stream: true })).slice(-MAX_STDERR);
      }
    } finally {
      this.#process.close();
    }
  }

  async end(): Promise<number> {
    try {
      return await this.#process.exit;
    } catch (error) {
      throw this.#inputFailure ?? error;
    } finally {
      await this.#fed;
    }
  }
}

/** Rejects when the input fails. A command that takes no more of it has ended, and its exit tells why. */
async function feed(process: RemoteProcess, input: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  for await (const chunk of input ?? []) {
    try {
      await process.write(chunk);
    } catch {
      return;
    }
  }
  await process.end().catch(() => undefined);
}
