import { beforeAll, expect, test } from 'vitest';
import { berthOk } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { prepareAlone } from '../e2e/rig/prepare.ts';
import { tinyProject } from '../e2e/rig/tiny.ts';
import { assertInvariants } from './rig/invariants.ts';
import { Subject } from './rig/subject.ts';

let subject: Subject;
beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareAlone();
  await berthOk(['up', '-f', await tinyProject('crash'), '--name', 'crash', '--quiet']);
});

test('#1 · the daemon dies at fork.recorded · undone', async () => {
  await subject.crashAt('fork.recorded', () =>
    subject.run('POST', '/forks', { source: 'crash', name: 'crash-a' }),
  );
  await subject.startDaemon();
  await assertInvariants(subject);
  expect((await subject.environments()).map(({ name }) => name)).toEqual(['crash']);
});
