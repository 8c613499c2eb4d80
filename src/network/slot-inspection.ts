import type { NetworkSlot } from './slot-plan.ts';

/** What a host has of a slot. */
export interface SlotParts {
  readonly namespace: boolean;
  /** The host-side interface. */
  readonly link: boolean;
}

/** A slot of which something is not there any more. */
export interface BrokenSlot {
  readonly slot: NetworkSlot;
  readonly missing: 'namespace' | 'link' | 'both';
}

/** What differs between the slots that are wanted and those that are there. */
export interface SlotFindings {
  /** On the host and nobody's. */
  readonly orphans: readonly NetworkSlot[];
  readonly broken: readonly BrokenSlot[];
}

/** Compares slots that machines have with those on the host. `isSpared` tells of others that are somebody's: ready, on their way, or in use. */
export function compareSlots(
  wanted: readonly NetworkSlot[],
  present: ReadonlyMap<number, SlotParts>,
  o: { readonly planSlot: (index: number) => NetworkSlot; readonly isSpared: (slot: NetworkSlot) => boolean },
): SlotFindings {
  const indexes = new Set(wanted.map(({ index }) => index));
  const others = [...present.keys()].filter((index) => !indexes.has(index)).map(o.planSlot);
  const broken = wanted.flatMap((slot): BrokenSlot[] => {
    const { namespace = false, link = false } = present.get(slot.index) ?? {};
    if (namespace && link) return [];
    return [{ slot, missing: namespace ? 'link' : link ? 'namespace' : 'both' }];
  });
  return { orphans: others.filter((slot) => !o.isSpared(slot)), broken };
}
