import type { SavedState, SnapshotFacts } from '../../machines/index.ts';
import type { TemplateId } from '../../model/index.ts';
import type { NetworkSlot } from '../../network/index.ts';
import type { EnvironmentRecord } from '../record.ts';

/** What of a record a restore changes, apart from its process. */
const REPLACED = [
  ...([
    'state',
    'reason',
    'workload',
    'ports',
    'services',
    'followed',
    'followedMark',
    'hostAccess',
  ] as const),
  ...(['image', 'shape', 'boot', 'disk', 'hostKey', 'grownFrom', 'readyAt', 'measuredDisk'] as const),
];

export type Replaced = {
  readonly [Key in (typeof REPLACED)[number]]?: EnvironmentRecord[Key] | undefined;
};

/** Each of them as a record has it, also what it has not: that is removed from the record that it is given to. */
export function replacedOf(record: Replaced): Replaced {
  return Object.fromEntries(REPLACED.map((key) => [key, record[key]]));
}

/** A template, and what is to make a snapshot of it. */
export interface Kept {
  readonly template: TemplateId;
  readonly facts: SnapshotFacts;
}

/**
 * How far an environment has come on its way back to a snapshot. As long as this is in its record nobody has seen anything of the
 * restored one, and whatever happens the environment goes back to what it was.
 */
export interface Restoring {
  /** It ran, or rested, and is to run afterwards, also when it goes back to what it was. */
  readonly ran: boolean;
  /** What was saved of its machine, which was ended then, and the network slot that it had. */
  readonly saved?: { readonly saved: SavedState; readonly slot: NetworkSlot };
  /** Template of its disk, and memory where it was saved, as they were, and what makes a snapshot of it once it is not needed for the way back. */
  readonly before?: Kept;
  /** What the record said before it was given what the snapshot says; absent until then. */
  readonly prior?: Replaced;
}
