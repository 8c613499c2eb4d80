import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that need a template that has grown old, and the one that removes everything. */
const LAST = ['identity.test.ts', 'cleanup.test.ts'];

/** Tests with real machines run in the order of their names, but for the last ones; other tests in Vitest's own order. */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = files.filter(({ project }) => project.name !== 'e2e');
    const machines = files.filter(({ project }) => project.name === 'e2e');
    return [...(await super.sort(others)), ...machines.toSorted(compare)];
  }
}

function compare(one: TestSpecification, other: TestSpecification): number {
  return rank(one) - rank(other) || one.moduleId.localeCompare(other.moduleId);
}

function rank({ moduleId }: TestSpecification): number {
  return LAST.indexOf(basename(moduleId));
}
