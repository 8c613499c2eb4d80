import type { EnvironmentId } from '../../model/index.ts';
import type { TerminalProcess } from '../terminal.ts';
import type { Sleepers } from './sleepers.ts';

/** Keeps an environment from coming to rest by itself as long as a process in it is open. */
export function useWhileOpen(
  sleepers: Pick<Sleepers, 'use'>,
  id: EnvironmentId,
  process: TerminalProcess,
): TerminalProcess {
  const use = sleepers.use(id);
  const over = () => use[Symbol.dispose]();
  process.exit.then(over, over);
  return process;
}
