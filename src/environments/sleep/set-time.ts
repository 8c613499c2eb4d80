import type { Machine } from '../../machines/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

const TIMEOUT_MS = 5_000;

/** Sets the clock of a guest that stood still. One that cannot be set now is no reason to keep anybody waiting: the guest goes on with a late one. */
export async function setTime(context: Context, record: EnvironmentRecord, machine: Machine): Promise<void> {
  await machine.link
    .setTime({ timeoutMs: TIMEOUT_MS })
    .catch((error: unknown) =>
      context.log.warn(
        { environment: record.name, err: error },
        'the clock of a guest that was woken is late',
      ),
    );
}
