import { BerthError } from '../../errors/index.ts';
import { isRoot, run } from '../../host/index.ts';
import { type Check, fine, problem } from '../check.ts';

/** Whether the kernel's packet filter takes rules; the program `nft` itself is one of the network tools. */
export const checkNftables: Check = async ({ signal }) => {
  if (!isRoot()) return [];
  try {
    await run(['nft', 'list', 'tables'], { timeoutMs: 5_000, ...(signal === undefined ? {} : { signal }) });
    return [fine('nftables', 'the kernel’s packet filter takes rules')];
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === 'cancelled') throw error;
    if (error.code === 'tool-missing') return [];
    const remedy = 'boot a kernel with nf_tables, or load it: sudo modprobe nf_tables';
    return [
      problem('nftables', 'error', `the kernel’s packet filter takes no rules: ${error.message}`, remedy),
    ];
  }
};
