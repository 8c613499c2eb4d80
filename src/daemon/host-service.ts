import type { SetupPlan, SetupRequest } from '../contract/index.ts';
import type { Context } from '../environments/index.ts';
import type { HomeDirectories } from '../host/index.ts';
import type { HostReport, Operation } from '../model/index.ts';
import type { NetworkManager } from '../network/index.ts';
import type { HostService } from '../server/index.ts';
import { doctor, planSetup, setup } from '../setup/index.ts';

/** The host as `berth host` shows and prepares it. */
export class HostOperations implements HostService {
  readonly #context: Context;
  readonly #network: NetworkManager;
  readonly #directories: HomeDirectories;
  readonly #qemuPath: string;

  constructor(o: {
    readonly context: Context;
    readonly network: NetworkManager;
    readonly directories: HomeDirectories;
    readonly qemuPath: string;
  }) {
    this.#context = o.context;
    this.#network = o.network;
    this.#directories = o.directories;
    this.#qemuPath = o.qemuPath;
  }

  async report(signal: AbortSignal): Promise<HostReport> {
    const [image] = await this.#context.images.list();
    return doctor({
      ...this.#directories,
      qemuPath: this.#qemuPath,
      ...(image === undefined ? {} : { kernelPath: image.kernelPath }),
      signal,
    });
  }

  async plan(signal: AbortSignal): Promise<SetupPlan> {
    const packages = await planSetup({ qemuPath: this.#qemuPath, signal });
    return { packages: packages.map(({ name, why }) => ({ name, why })) };
  }

  /** Prepares the host, then what the daemon could not set up before: its network. */
  async setup(request: SetupRequest, options: { readonly idempotencyKey?: string }): Promise<Operation> {
    const { home } = this.#directories;
    return this.#context.operations.start(
      'host-setup',
      ['host'],
      request,
      async (operation) => {
        await operation.step('setup', 'prepare the host', (step) =>
          setup(
            { ...request, home, env: process.env, qemuPath: this.#qemuPath, signal: operation.signal },
            { onStep: (title, detail) => step.detail(detail === undefined ? title : `${title}: ${detail}`) },
          ),
        );
        await operation.step('network', 'set up the network', () => this.#network.start());
      },
      options,
    );
  }
}
