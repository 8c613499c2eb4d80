import type { TemplateId } from '../../model/index.ts';

/** From so many layers on some are merged, while nobody waits. */
export const DEEP = 12;
/** From so many on an operation that is to add one has them merged first: some before {@link planFreeze} refuses. */
export const TOO_DEEP = 20;
/** How many layers a merge leaves at most, where it need not leave more. */
const SHALLOW = 6;

/**
 * How many layers of a disk are to be left, the lowest, once it has become deeper than `deep`; undefined when it has not. What a merge leaves out is copied:
 * so it ends where few layers are left, or further down, as long as nobody else needs what lies there and it would come back with the merge. The
 * lowest layer is the largest, and shared by all that began from the same template: it stays in any case.
 */
export function planMerge(
  layers: readonly TemplateId[],
  isNeeded: (id: TemplateId) => boolean,
  deep = DEEP,
): number | undefined {
  if (layers.length <= deep) return undefined;
  const needed = layers.findIndex(isNeeded);
  const unneeded = needed === -1 ? layers.length : needed;
  const merged = Math.min(Math.max(unneeded, layers.length - SHALLOW), layers.length - 1);
  return layers.length - merged;
}
