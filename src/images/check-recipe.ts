import type { Problem } from '../errors/index.ts';
import type { Recipe } from './recipe.ts';

const LISTS = [
  'components',
  'packages',
  'pathExcludes',
  'initramfsModules',
  'bootModules',
  'kernelArguments',
  'programs',
  'mask',
  'maskGenerators',
] as const;
const KEYS = new Set<string>(['name', 'suite', 'diskMib', 'wants', ...LISTS]);
const WORD = /^[^\s\0]+$/;

/** Parses `recipe.json`. Adds every problem to `problems`; undefined when there is one. */
export function checkRecipe(text: string, name: string, problems: Problem[]): Recipe | undefined {
  const value = parseObject(text, problems);
  if (value === undefined) return undefined;
  const found = problems.length;
  const bad = (path: string, message: string): void => void problems.push({ path, message });
  for (const key of Object.keys(value)) if (!KEYS.has(key)) bad(key, 'is not known');
  const { suite, diskMib } = value;
  if (value.name !== name) bad('name', `must be the name of the directory, ${name}`);
  if (typeof suite !== 'string' || !/^[a-z]+$/.test(suite)) bad('suite', 'must be a Debian release');
  if (typeof diskMib !== 'number' || !Number.isSafeInteger(diskMib) || diskMib < 64)
    bad('diskMib', 'must be a whole number, 64 or more');
  for (const key of LISTS) if (!isWords(value[key])) bad(key, 'must be a list of words');
  if (!isWants(value.wants)) bad('wants', 'must be lists of units by target');
  return problems.length === found ? (value as unknown as Recipe) : undefined;
}

function parseObject(text: string, problems: Problem[]): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    problems.push({ path: 'recipe.json', message: 'must be an object' });
  } catch (error) {
    problems.push({
      path: 'recipe.json',
      message: `is not JSON: ${error instanceof Error ? error.message : ''}`,
    });
  }
  return undefined;
}

function isWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && WORD.test(item));
}

function isWants(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isWords)
  );
}
