import { expect, test } from 'vitest';
import type { Problem } from '../../../src/errors/index.ts';
import { checkRecipe } from '../../../src/images/check-recipe.ts';

const valid = {
  name: 'tiny',
  suite: 'trixie',
  components: ['main'],
  packages: ['systemd'],
  pathExcludes: [],
  diskMib: 512,
  initramfsModules: [],
  bootModules: [],
  kernelArguments: ['quiet'],
  programs: [],
  wants: { 'multi-user.target': ['a.service'] },
  mask: [],
  maskGenerators: [],
};

function problemsOf(recipe: unknown): Problem[] {
  const problems: Problem[] = [];
  const text = typeof recipe === 'string' ? recipe : JSON.stringify(recipe);
  const result = checkRecipe(text, 'tiny', problems);
  expect(result === undefined).toBe(problems.length > 0);
  return problems;
}

test('a valid recipe has no problems', () => {
  expect(problemsOf(valid)).toEqual([]);
});

test('every problem is reported with its path', () => {
  const broken = { ...valid, suite: 'tri xie', diskMib: 1.5, packages: ['a b'], wants: [], extra: 1 };
  expect(problemsOf(broken).map((problem) => problem.path)).toEqual([
    'extra',
    'suite',
    'diskMib',
    'packages',
    'wants',
  ]);
});

test('the name must be that of the directory', () => {
  expect(problemsOf({ ...valid, name: 'other' })).toEqual([
    { path: 'name', message: 'must be the name of the directory, tiny' },
  ]);
});

test('text that is no JSON object is one problem', () => {
  expect(problemsOf('{')[0]?.path).toBe('recipe.json');
  expect(problemsOf('[]')).toEqual([{ path: 'recipe.json', message: 'must be an object' }]);
});
