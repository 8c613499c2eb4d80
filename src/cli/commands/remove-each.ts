import { asBerthError } from '../../errors/index.ts';
import { type Cli, ReportedFailure } from '../cli.ts';
import { formatFailure } from '../format/failure.ts';

/** Removes one thing after the other and goes on after a failure; fails in the end when one of them did. */
export async function removeEach(
  cli: Cli,
  refs: readonly string[],
  remove: (ref: string) => Promise<void>,
): Promise<void> {
  let exitCode: number | undefined;
  for (const ref of new Set(refs)) {
    try {
      await remove(ref);
      cli.out.line(`${ref} removed`);
    } catch (error) {
      const failure = asBerthError(error);
      exitCode ??= failure.exitCode;
      for (const line of formatFailure(failure, cli.err.style)) cli.err.line(line);
    }
  }
  if (exitCode !== undefined) throw new ReportedFailure(exitCode);
}
