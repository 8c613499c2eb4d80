// A host of the test's own: a process in a network and a mount namespace that nobody else sees, driven over IPC.
// `network-agent.ts` runs in it.
import { type ChildProcess, spawn } from 'node:child_process';
import type { HostPort } from '../../../src/model/index.ts';
import type { NetworkSlot, NetworkStatus } from '../../../src/network/index.ts';

/** What the agent can be asked; all values survive JSON. */
export interface AgentCalls {
  /** Makes a manager for a home; `runDirectory` stands for the home from then on. */
  create(homeId: string, runDirectory: string, poolSize: number): void;
  start(homeId: string): void;
  acquire(homeId: string): NetworkSlot;
  allowHost(homeId: string, slot: NetworkSlot, ports: HostPort[]): void;
  release(homeId: string, slot: NetworkSlot): void;
  adopt(homeId: string, slots: NetworkSlot[]): void;
  status(homeId: string): NetworkStatus;
  close(homeId: string): void;
  purge(homeId: string): void;
  /** Runs a program and gives its standard output; `failed: …` when it ends with an error. */
  run(argv: string[], input?: string): string;
  /** Starts a program that goes on; done when it has printed its first line. */
  serve(argv: string[]): void;
}

type Reply = { id: number; value?: unknown; error?: string };

export class PrivateHost {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #nextId = 1;

  constructor(agent: string) {
    const argv = [
      '--net',
      '--mount',
      '--kill-child',
      '--pid',
      '--fork',
      '--mount-proc',
      '--',
      process.execPath,
      agent,
    ];
    this.#child = spawn('unshare', argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (reply: Reply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.error === undefined) pending?.resolve(reply.value);
      else pending?.reject(new Error(reply.error));
    });
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`the private host ended with ${code}`));
    });
  }

  call<Name extends keyof AgentCalls>(
    name: Name,
    ...args: Parameters<AgentCalls[Name]>
  ): Promise<ReturnType<AgentCalls[Name]>> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, name, args });
    });
  }

  /** Ends all of it: with its first process the kernel ends every other and drops every interface and rule. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
