import type { Client } from '../../client/index.ts';
import type { Cli } from '../cli.ts';

/** Says so when guests run under emulation: they are slower, and the wall around them is not promised. */
export async function warnOfEmulation(cli: Cli, client: Client): Promise<void> {
  const version = await client.version().catch(() => undefined);
  if (version?.accelerator !== 'tcg') return;
  const words = 'note: this host emulates (no KVM): slower, and isolation of the guests is not guaranteed';
  cli.err.line(cli.err.style.yellow(words));
}
