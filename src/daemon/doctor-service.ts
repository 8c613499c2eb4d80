import type { Reconciler } from '../environments/index.ts';
import type { DoctorReport, Operation } from '../model/index.ts';
import type { Operations } from '../operations/index.ts';
import type { DoctorService, InteractiveProcess } from '../server/index.ts';

/** What `berth doctor` shows and does. */
export class DoctorOperations implements DoctorService {
  readonly #reconciler: Reconciler;
  readonly #operations: Operations;
  readonly #bundle: (signal: AbortSignal) => InteractiveProcess;

  constructor(o: {
    readonly reconciler: Reconciler;
    readonly operations: Operations;
    readonly bundle: (signal: AbortSignal) => InteractiveProcess;
  }) {
    this.#reconciler = o.reconciler;
    this.#operations = o.operations;
    this.#bundle = o.bundle;
  }

  report(): Promise<DoctorReport> {
    return this.#reconciler.report();
  }

  repair(options: { readonly idempotencyKey?: string }): Promise<Operation> {
    const work = async (operation: Parameters<Reconciler['repair']>[0]) => ({
      names: await this.#reconciler.repair(operation),
    });
    return this.#operations.start('repair', ['host'], {}, work, options);
  }

  async bundle(signal: AbortSignal): Promise<InteractiveProcess> {
    return this.#bundle(signal);
  }
}
