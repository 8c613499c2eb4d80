import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedHome } from '../e2e/rig/home.ts';
import { prepareFaults, removeAll } from './rig/project.ts';
import { Subject } from './rig/subject.ts';
import { walk } from './rig/walk/walk.ts';

const OPERATIONS = 60;
const TIMEOUT_MS = 400_000;
/** Set it to repeat a walk. */
const SEED = Number(process.env['BERTH_WALK_SEED'] ?? Math.floor(Math.random() * 1_000_000));

let subject: Subject;
beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

test(
  `walk · ${OPERATIONS} random operations with random kills · every invariant holds after each`,
  async () => {
    console.log(`seed ${SEED}; again with BERTH_WALK_SEED=${SEED}`);
    const report = await walk({
      ...{ subject, seed: SEED, operations: OPERATIONS, tools: {} },
      onStep: (line) => console.log(line),
    });
    console.log(JSON.stringify({ ...report, violations: report.violations.length }));
    expect(report.violations).toEqual([]);
    expect(report.operations).toBe(OPERATIONS);
    expect(report.checks).toBeGreaterThan(5);
  },
  TIMEOUT_MS,
);
