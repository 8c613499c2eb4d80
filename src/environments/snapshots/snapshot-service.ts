import type { RestoreRequest, SnapshotRequest } from '../../contract/index.ts';
import { crashPoint } from '../../host/index.ts';
import type { Operation, Snapshot, SnapshotDiff } from '../../model/index.ts';
import { collectTemplates } from '../collect-templates.ts';
import type { Context } from '../context.ts';
import { assertUnclaimed } from '../registry.ts';
import { startSnapshot } from './create-snapshot.ts';
import { diffSnapshots } from './diff-snapshots.ts';
import { getSnapshot, snapshotsOf, viewOfSnapshot } from './find-snapshots.ts';
import { startRestore } from './restore.ts';

interface StartOptions {
  readonly idempotencyKey?: string;
}

/** Lists, takes, restores, compares and removes snapshots. */
export class SnapshotOperations {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Oldest first, one environment after the other. */
  async list(environment?: string): Promise<readonly Snapshot[]> {
    const { registry, templates } = this.#context;
    const records = environment === undefined ? registry.list() : [registry.get(environment)];
    const manifests = await templates.list();
    const views = records.flatMap((record) => {
      const all = snapshotsOf(manifests, record.id);
      return all.map((one) => viewOfSnapshot(this.#context, one, record, all));
    });
    return Promise.all(views);
  }

  create(environment: string, request: SnapshotRequest, options: StartOptions): Promise<Operation> {
    return startSnapshot(this.#context, environment, request, options);
  }

  restore(
    environment: string,
    snapshot: string,
    request: RestoreRequest,
    options: StartOptions,
  ): Promise<Operation> {
    return startRestore(this.#context, environment, snapshot, request, options);
  }

  diff(environment: string, snapshot: string, to?: string): Promise<SnapshotDiff> {
    return diffSnapshots(this.#context, this.#context.registry.get(environment), snapshot, to);
  }

  /** Its disk layer stays as long as another stands on it. */
  async remove(environment: string, snapshot: string): Promise<void> {
    const record = this.#context.registry.get(environment);
    assertUnclaimed(record);
    const { id, snapshot: facts } = await getSnapshot(this.#context, record, snapshot);
    await this.#context.templates.demote(id);
    crashPoint('snapshot-rm.demoted');
    this.#context.events.append('environment.snapshot', record.name, `snapshot ${facts.name} removed`);
    await collectTemplates(this.#context);
  }
}
