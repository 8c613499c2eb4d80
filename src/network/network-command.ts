import { BerthError, berthError } from '../errors/index.ts';
import { type CommandResult, type RunOptions, run } from '../host/index.ts';

const REMEDY =
  'See what is missing with `sudo ./berth host doctor`; `sudo ./berth host setup` installs and prepares it.';
const TIMEOUT_MS = 15_000;

/**
 * Runs a network tool (`ip`, `nft`, `dnsmasq`, …). A failure keeps its code and names the tool and what it was for.
 */
export async function runNetworkCommand(
  purpose: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  try {
    return await run(argv, { timeoutMs: TIMEOUT_MS, ...options });
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === 'cancelled') throw error;
    throw berthError(error.code, `Cannot ${purpose}: ${error.message}`, { remedy: REMEDY, cause: error });
  }
}
