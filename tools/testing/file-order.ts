import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { compareDurations } from './fault-files.ts';

/** Those that need a template that has grown old, and the one that removes everything. */
const LAST = ['identity.test.ts', 'cleanup.test.ts'];

/** Tests with real machines run in the order of their names, but for the last ones; faults by what they take; other tests in Vitest's own order. */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const of = (name: string) => files.filter(({ project }) => project.name === name);
    const [machines, faults] = [of('e2e'), of('faults')];
    const others = files.filter((file) => !machines.includes(file) && !faults.includes(file));
    return [
      ...(await super.sort(others)),
      ...machines.toSorted(compare),
      ...faults.toSorted((one, other) => compareDurations(one.moduleId, other.moduleId)),
    ];
  }
}

function compare(one: TestSpecification, other: TestSpecification): number {
  return rank(one) - rank(other) || one.moduleId.localeCompare(other.moduleId);
}

function rank({ moduleId }: TestSpecification): number {
  return LAST.indexOf(basename(moduleId));
}
