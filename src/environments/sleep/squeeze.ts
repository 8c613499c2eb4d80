import { berthError } from '../../errors/index.ts';
import { memoryUse } from '../../host/index.ts';
import type { Machine } from '../../machines/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

const KIB = 1024;
const TIMEOUT_MS = 20_000;
/** What is not worth the time: emptying memory costs an emulated guest a second for about 200 MiB. */
const LEAST_KIB = 64 * KIB;
/** Left alone, so that nothing else in the guest has to wait for memory. */
const MARGIN_KIB = 32 * KIB;

/**
 * Empties what the guest does not use: pages that it has freed keep what they held, and would all be saved. New memory comes empty from the guest's kernel, so it is
 * enough to take what is free and to give it back. It is the last in the guest that gets a processor, and the first that goes when memory is short.
 */
const SCRIPT = `
my ($held, $least, $margin) = @ARGV;
sub memory {
  my %of;
  open my $file, '<', '/proc/meminfo' or exit 1;
  /^(\\w+):\\s+(\\d+) kB/ and $of{$1} = $2 while <$file>;
  return ($of{MemTotal}, $of{MemFree});
}
my ($total, $free) = memory();
exit 0 if $held - ($total - $free) < $least;
sub put {
  my ($path, $text) = @_;
  open my $file, '>', $path or exit 1;
  print $file $text;
  close $file or exit 1;
}
put('/proc/self/oom_score_adj', 1000);
put('/proc/sys/vm/drop_caches', 3);
(undef, $free) = memory();
my $taken = $free > $margin ? "\\0" x (($free - $margin) * 1024) : '';
`;

/** Lets the guest empty what it does not use, where that makes what is to be saved of it noticeably smaller. What of it fails is no reason not to sleep. */
export async function squeeze(
  context: Context,
  record: EnvironmentRecord,
  machine: Machine,
  signal: AbortSignal,
): Promise<void> {
  const use = await memoryUse(machine.running.process.pid);
  // As much as was saved the last time, or may be the first time, and what was written since.
  const savedBytes = record.lastSavedBytes ?? record.shape.memoryMib * KIB * KIB;
  const heldKib = Math.round((savedBytes + (use?.privateBytes ?? 0)) / KIB);
  const numbers = [heldKib, LEAST_KIB, MARGIN_KIB].map(String);
  try {
    const argv = ['/usr/bin/nice', '-n', '19', '/usr/bin/perl', '-e', SCRIPT, ...numbers];
    const { code, stderr } = await machine.agent.exec(argv, { timeoutMs: TIMEOUT_MS, signal });
    if (code !== 0) throw berthError('guest-command-failed', `it ended with ${code}: ${stderr.trim()}`);
  } catch (error) {
    signal.throwIfAborted();
    context.log.warn({ environment: record.name, err: error }, 'the memory of a guest could not be emptied');
  }
}
