import { poll } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { MergeOptions } from '../hypervisor.ts';
import { topLayer } from './freeze.ts';
import type { QmpClient } from './qmp/client.ts';

const JOB = 'merge';
const END_TIMEOUT_MS = 15_000;
const FLUSH_TIMEOUT_MS = 60_000;

/** Copies what the upper layers of the machine's disk hold into the top one, and then has that stand on the lower ones, while the guest runs. */
export async function mergeLayers(client: QmpClient, o: MergeOptions): Promise<void> {
  await endMerge(client);
  const device = await topLayer(client);
  const baseNode = await nodeWithBelow(client, o.keep);
  const ended = client.waitFor(
    ({ event, data }) =>
      ['BLOCK_JOB_COMPLETED', 'BLOCK_JOB_CANCELLED'].includes(event) && data['device'] === JOB,
    o.signal,
  );
  ended.catch(() => undefined);
  await client.send('block-stream', {
    ...{ 'job-id': JOB, device, 'base-node': baseNode, 'backing-file': o.basePath },
    ...{ speed: o.bytesPerSecond ?? 0, 'auto-dismiss': false },
  });
  try {
    const { event, data } = await ended;
    if (event === 'BLOCK_JOB_CANCELLED')
      throw berthError(
        'cancelled',
        'the layers of the disk were not merged: it was needed for something else',
      );
    if (data['error'] !== undefined)
      throw berthError(
        'hypervisor-failed',
        `QEMU could not merge the layers of the disk: ${JSON.stringify(data['error'])}`,
      );
  } finally {
    await endMerge(client).catch(() => undefined);
  }
}

/** Ends a merge that may be under way; the disk then stands on what it stood on before, or on what it was to. */
export async function endMerge(client: QmpClient): Promise<void> {
  await poll(
    async () => {
      const job = (await client.send('query-jobs')).find(({ id }) => id === JOB);
      if (job === undefined) return true;
      // It may end by itself between the look and the word.
      const command = job.status === 'concluded' ? 'job-dismiss' : 'job-cancel';
      await client.send(command, { id: JOB }).catch(() => undefined);
      return undefined;
    },
    { timeoutMs: END_TIMEOUT_MS, intervalMs: 5, what: 'QEMU to end the merge of layers' },
  );
}

/** How many layers lie below the one that the machine writes to; the image, below them all, is none. */
export async function layersBelow(client: QmpClient): Promise<number> {
  for (const { qdev, inserted } of await client.send('query-block'))
    if (qdev !== undefined && inserted?.backing_file_depth !== undefined)
      return inserted.backing_file_depth - 1;
  throw berthError('hypervisor-failed', 'the machine has no disk');
}

/** The layer which, with all below it, counts `keep`. */
async function nodeWithBelow(client: QmpClient, keep: number): Promise<string> {
  const nodes = await client.send('query-named-block-nodes');
  const found = nodes.find(({ drv, backing_file_depth: depth }) => drv === 'qcow2' && depth === keep);
  if (found?.['node-name'] !== undefined) return found['node-name'];
  throw berthError('hypervisor-failed', `the disk of the machine has no ${keep} layers below its own`);
}

/** Has QEMU write all that it holds back of the machine's disk. No command of QMP does that alone. */
export async function flushDisk(client: QmpClient): Promise<void> {
  const line = `qemu-io ${await topLayer(client)} flush`;
  const answer = await client.send('human-monitor-command', { 'command-line': line }, FLUSH_TIMEOUT_MS);
  if (answer.trim() !== '')
    throw berthError('hypervisor-failed', `QEMU could not write the disk: ${answer.trim()}`);
}
