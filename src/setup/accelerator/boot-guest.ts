import { BerthError } from '../../errors/index.ts';
import { run } from '../../host/index.ts';
import { PROBE_EXIT_CODES } from './probe-argv.ts';
import { MARKER } from './probe-guest.ts';

/** Whether a probe guest ran, and if not, why. */
export type BootResult = { readonly ran: true } | { readonly ran: false; readonly reason: string };

/**
 * Boots one probe guest and waits for its marker, not for the end of QEMU; QEMU is killed then, or at the deadline.
 * Throws only when `signal` is aborted.
 */
export async function bootGuest(
  argv: readonly string[],
  o: { deadlineMs: number; signal?: AbortSignal },
): Promise<BootResult> {
  const seen = new AbortController();
  const signals = o.signal === undefined ? [seen.signal] : [seen.signal, o.signal];
  let ran = false;
  const onLine = (line: string): void => {
    if (!line.includes(MARKER)) return;
    ran = true;
    seen.abort();
  };
  try {
    const signal = AbortSignal.any(signals);
    await run(argv, { timeoutMs: o.deadlineMs, signal, onLine, okExitCodes: PROBE_EXIT_CODES });
  } catch (error) {
    o.signal?.throwIfAborted();
    if (!ran) return { ran: false, reason: reasonOf(error, o.deadlineMs) };
  }
  return ran ? { ran } : { ran: false, reason: 'the guest ended without a sign of life' };
}

function reasonOf(error: unknown, deadlineMs: number): string {
  if (!(error instanceof BerthError)) return String(error);
  if (error.code === 'timeout')
    return `the guest gave no sign of life within ${Math.round(deadlineMs / 1000)} s`;
  const complaint = error.message.split('\n').slice(0, 2).join(' ');
  return complaint.replace(/^setpriv /, 'QEMU ').replaceAll(/qemu-system-\w+: /g, '');
}
