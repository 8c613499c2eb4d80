import type { Seen } from './seen.ts';

/** Looks whether an element of a Compose file came to what the table of support says; throws where it did not. */
export type Proof = (seen: Seen) => void | Promise<void>;

/** Proofs by the names of rows of the table. */
export type Proofs = Readonly<Record<string, Proof>>;
