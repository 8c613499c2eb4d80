import { buildProofs } from './build-proofs.ts';
import { containerProofs } from './container-proofs.ts';
import { lifeProofs } from './life-proofs.ts';
import { networkProofs } from './network-proofs.ts';
import type { Proofs } from './proof.ts';
import { resourceProofs } from './resource-proofs.ts';
import { storageProofs } from './storage-proofs.ts';
import { pieceProofs, writingProofs } from './writing-proofs.ts';

/** Proofs that look at the project `pieces`. */
export const ofPieces: Proofs = { ...pieceProofs, ...buildProofs };

/** Proofs that look at the project `project`. */
export const ofProject: Proofs = {
  ...{ ...writingProofs, ...containerProofs, ...lifeProofs },
  ...{ ...networkProofs, ...storageProofs, ...resourceProofs },
};
