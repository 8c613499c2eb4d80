import { pino } from 'pino';
import { asBerthError } from '../errors/index.ts';
import { closeInherited, resolveHome, setOomScore } from '../host/index.ts';
import { startDaemon } from './daemon.ts';

/** When the host is out of memory the kernel is to end something else; machines go before. */
const OOM_SCORE = -500;

/**
 * `berth serve`: runs the daemon in the foreground until it is asked to stop, by a signal or over its API.
 * Machines go on. The result is the exit code.
 */
export async function serve(_argv: readonly string[]): Promise<number> {
  const log = pino({
    level: process.env['BERTH_LOG_LEVEL'] ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  const signals = stopSignals();
  // One failure that nobody handled must not take the ports of all environments down with it.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  closeInherited();
  await setOomScore('self', OOM_SCORE);
  try {
    const daemon = await startDaemon(resolveHome(process.env), log);
    const why = await Promise.race([daemon.stopRequested.then(() => 'a request'), signals]);
    log.info({ why }, 'the daemon ends; machines go on');
    await daemon.close();
    return 0;
  } catch (error) {
    const failure = asBerthError(error);
    log.fatal({ err: failure, code: failure.code, remedy: failure.remedy }, failure.message);
    process.stderr.write(`error: ${failure.message}\n  next: ${failure.remedy}\n`);
    return failure.exitCode;
  }
}

function stopSignals(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
