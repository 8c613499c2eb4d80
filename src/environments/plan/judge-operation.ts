import type { Operation } from '../../model/index.ts';
import type { EnvironmentRecord } from '../record.ts';

/**
 * What becomes of an operation that ran when the daemon died, once its environments have been settled: it is `done`; it is to `go-on`, since what
 * was acknowledged is wanted still; it is `taken-up` by another; or what it had begun has been `undone`.
 */
export type Judgement = 'done' | 'go-on' | 'taken-up' | 'undone';

/** What is there now. */
export interface Settled {
  find(name: string): EnvironmentRecord | undefined;
  /** Whether its machine runs. */
  runs(record: EnvironmentRecord): boolean;
}

/** Judges by what is there, not by how far the operation came. Images and templates are judged elsewhere. */
export function judgeOperation(
  { id, kind, targets, state }: Operation,
  input: unknown,
  settled: Settled,
): Judgement {
  const [name = ''] = targets;
  const record = settled.find(name);
  const wanted = state === 'cancelling' ? 'undone' : 'go-on';
  if (kind === 'rm') return record === undefined ? 'done' : wanted;
  if (record === undefined) return 'undone';
  const isReady = (one: EnvironmentRecord | undefined) => one?.readyBy === id;
  switch (kind) {
    case 'up':
    case 'fork':
      return targets.every((target) => isReady(settled.find(target))) ? 'done' : 'undone';
    case 'start':
    case 'restart':
      if (isReady(record)) return 'done';
      if (record.returning === true) return 'taken-up';
      // It had been stopped already, or was about to be.
      return kind === 'restart' || settled.runs(record) ? wanted : 'undone';
    case 'stop':
      return record.state === 'stopped' ? 'done' : wanted;
    case 'sleep':
      return record.state === depthOf(input) ? 'done' : 'undone';
    case 'backup-restore':
      return record.state === 'creating' ? 'undone' : 'done';
    case 'wake':
      return record.state === 'running' ? 'done' : 'undone';
    case 'scale':
      return record.state === 'running' ? wanted : 'undone';
    case 'restore':
      if (record.restored !== id) return 'undone';
      // Its machine has booted, and its containers may not have been started yet.
      return settled.runs(record) && record.state !== 'running' && wanted === 'go-on' ? wanted : 'done';
    case 'backup':
      // Its repository has to be asked whether it was stored.
      return 'go-on';
    case 'resize':
      return record.disk === undefined ? 'undone' : wanted;
    case 'revive':
      return record.reviving === true ? 'taken-up' : 'undone';
    default:
      return 'undone';
  }
}

function depthOf(input: unknown): EnvironmentRecord['state'] {
  return (input as { readonly freeze?: boolean }).freeze === true ? 'frozen' : 'asleep';
}
