import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path/posix';
import type { ImportFact, SourceFacts } from './source-facts.ts';
import {
  browserModules,
  entryFiles,
  harmlessNodeModules,
  type LayerRow,
  layers,
  purePlaces,
} from './table.ts';

/** A rule broken at one line. */
export interface Violation {
  /** Below `src/`. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Mistakes of the table itself: rows that import what is not lower, or what has no row. */
export function tableMistakes(table: Readonly<Record<string, LayerRow>> = layers): string[] {
  return Object.entries(table).flatMap(([name, { rank, modules, typesOf }]) =>
    [...modules, ...typesOf].flatMap((other) => {
      const otherRank = table[other]?.rank;
      if (otherRank === undefined) return [`the row of ${name} names ${other}, which has no row`];
      return otherRank < rank ? [] : [`the row of ${name} names ${other}, which is not of lower rank`];
    }),
  );
}

/** Everything that is wrong with one file; `file` is its path below `src/`, with `/`. */
export function violationsOf(file: string, facts: SourceFacts): Violation[] {
  const moduleName = moduleOf(file);
  if (moduleName === undefined) return entryViolations(file, facts);
  const row = layers[moduleName];
  if (row === undefined)
    return [{ file, line: 1, message: `module ${moduleName} has no row in the table of layers` }];
  const found = facts.imports.flatMap((fact): Violation[] => {
    const message = importMistake(file, moduleName, row, fact);
    return message === undefined ? [] : [{ file, line: fact.line, message }];
  });
  if (!purePlaces.some((place) => file === `${place}.ts` || file.startsWith(`${place}/`))) return found;
  const impure = facts.impure.map(({ what, line }) => ({
    file,
    line,
    message: `${what} in a place that is pure`,
  }));
  return [...found, ...impure];
}

function moduleOf(file: string): string | undefined {
  const slash = file.indexOf('/');
  return slash < 0 ? undefined : file.slice(0, slash);
}

function entryViolations(file: string, facts: SourceFacts): Violation[] {
  const row = entryFiles[file];
  if (row === undefined) return [{ file, line: 1, message: 'lies in no module' }];
  return facts.imports.flatMap((fact) => {
    const message = importMistake(file, file, row, fact);
    return message === undefined ? [] : [{ file, line: fact.line, message }];
  });
}

function importMistake(
  file: string,
  name: string,
  row: LayerRow,
  { specifier, typeOnly }: ImportFact,
): string | undefined {
  if (specifier === undefined) return 'imports something computed, which cannot be checked';
  if (specifier.startsWith('.')) return relativeMistake(file, name, row, specifier, typeOnly);
  if (isBuiltin(specifier)) return nodeMistake(name, row, specifier);
  const packageName = packageOf(specifier);
  return row.packages.includes(packageName) ? undefined : `${name} may not import the package ${packageName}`;
}

function relativeMistake(
  file: string,
  name: string,
  row: LayerRow,
  specifier: string,
  typeOnly: boolean,
): string | undefined {
  const target = normalize(join(dirname(file), specifier));
  if (target === '../package.json' && row.doors.includes('package.json')) return undefined;
  if (target.startsWith('..')) return `imports ${specifier}, outside of src/`;
  const other = moduleOf(target);
  if (other === name) return undefined;
  if (other === undefined) return `imports ${specifier}, which lies in no module`;
  if (!row.modules.includes(other)) {
    if (!row.typesOf.includes(other)) return `${name} may not import ${other}`;
    if (!typeOnly) return `${name} may import only types of ${other}`;
  }
  return target === `${other}/index.ts` ? undefined : `imports ${other}/ past its index.ts (${specifier})`;
}

function nodeMistake(name: string, row: LayerRow, specifier: string): string | undefined {
  if (!specifier.startsWith('node:')) return `imports ${specifier} without node:`;
  if (browserModules.includes(name)) return `${name} runs in a browser and may not import ${specifier}`;
  if (row.doors.includes('node:*')) return undefined;
  const whole = specifier.split('/')[0] ?? specifier;
  const allowed = harmlessNodeModules.includes(whole) || row.doors.includes(whole);
  return allowed ? undefined : `${name} may not import ${specifier}`;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
