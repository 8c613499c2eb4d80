import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedHome } from '../e2e/rig/home.ts';
import { prepareFaults, removeAll } from './rig/project.ts';
import { runCycles } from './rig/soak/cycles.ts';
import { growthIn } from './rig/soak/growth.ts';
import { Subject } from './rig/subject.ts';

/** `npm run test:soak` makes 200 of them, two at a time; here another file's machines have the second CPU. */
const CYCLES = 4;
const LANES = 1;
const TIMEOUT_MS = 480_000;

let subject: Subject;
beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  await subject.endDaemon();
  await subject.startDaemon();
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

test(
  `#49 · ${CYCLES} cycles of create, fork, stop, start and remove · no descriptor, file, namespace or row is left`,
  async () => {
    const samples = await runCycles({
      subject,
      cycles: CYCLES,
      lanes: LANES,
      creation: 'template',
      file: '',
    });
    console.log(
      samples
        .map(({ descriptors, ownBytes, files, rows }) => [descriptors, ownBytes, files, rows].join(' '))
        .join('\n'),
    );
    expect(growthIn(samples)).toEqual([]);
  },
  TIMEOUT_MS,
);
