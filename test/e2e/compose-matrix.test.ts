import { afterAll, beforeAll, describe, test } from 'vitest';
import { idOf } from '../../src/compose/support/row.ts';
import { supportTable } from '../../src/compose/support/table.ts';
import { ofPieces, ofProject } from './matrix/all-proofs.ts';
import { matrixProject, VARIABLES } from './matrix/projects.ts';
import { lookAt, type Seen } from './matrix/seen.ts';
import { berthOk, fork, inMachine, removeAllEnvironments, removeEnvironments } from './rig/berth.ts';
import { prepareAlone } from './rig/prepare.ts';

// Each test has the name of a row of the table of support: docs/compose.md is written from what became of it. That every row has
// its proof is for the unit tests of the table to say.

const rows = supportTable.filter(({ verdict }) => verdict !== 'refused').map(idOf);
const env = { ...process.env, ...VARIABLES };

interface Looked {
  readonly pieces: Seen;
  readonly project: Seen;
}

let fresh: Looked;
let forked: Looked;

/** Brings a project up in the one machine, and looks at it there and in a fork. */
async function bringUp(name: 'project' | 'pieces'): Promise<{ fresh: Seen; forked: Seen }> {
  await berthOk(['up', '-f', await matrixProject(name), '--name', 'matrix', '--cpus', '2'], { env });
  await fork('matrix', '--name', 'matrix-fork');
  const [ofFresh, ofFork] = await Promise.all([lookAt('matrix', false), lookAt('matrix-fork', true)]);
  if (name === 'pieces') await removeEnvironments(['matrix-fork']);
  return { fresh: ofFresh, forked: ofFork };
}

beforeAll(async () => {
  await prepareAlone();
  const pieces = await bringUp('pieces');
  await inMachine('matrix', 'podman network create known-net; podman volume create known-volume');
  const project = await bringUp('project');
  fresh = { pieces: pieces.fresh, project: project.fresh };
  forked = { pieces: pieces.forked, project: project.forked };
});
afterAll(() => removeAllEnvironments());

describe.each(['on a fresh environment', 'on a fork'])('%s', (where) => {
  test.each(rows)('%s', async (id) => {
    const { pieces, project } = where === 'on a fork' ? forked : fresh;
    const proof = ofPieces[id];
    await (proof === undefined ? ofProject[id]?.(project) : proof(pieces));
  });
});
