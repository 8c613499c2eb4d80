import { resolve } from 'node:path';
import { checkLayers } from './layers.ts';
import { lockProblems, readLock } from './lock.ts';
import { dependenciesPage } from './checks/dependencies-page.ts';
import { forbiddenText } from './checks/forbidden-text.ts';
import { namedPaths } from './checks/named-paths.ts';
import type { Check } from './checks/outcome.ts';
import {
  apiCommand,
  apiDocument,
  composeDocument,
  errorsDocument,
  layersDocument,
} from './checks/printed-pages.ts';
import { format, lint, types, unused } from './checks/programs.ts';
import { readmeCommands } from './checks/readme-commands.ts';
import { type CheckReport, runChecks } from './checks/run-checks.ts';

const layers: Check = {
  name: 'layers',
  run(root) {
    const { files, problems } = checkLayers(root);
    return { seen: files, unit: 'files', problems };
  },
};

const lock: Check = {
  name: 'lock file',
  run(root) {
    const file = readLock(root);
    return { seen: Object.keys(file.packages).length, unit: 'packages', problems: lockProblems(file) };
  },
};

/** All checks, the slow ones first. */
export const checks: readonly Check[] = [
  types,
  lint,
  unused,
  format,
  apiCommand,
  layers,
  lock,
  errorsDocument,
  apiDocument,
  layersDocument,
  composeDocument,
  dependenciesPage,
  readmeCommands,
  namedPaths,
  forbiddenText,
];

/** Runs all checks on the repository, printing one line for each. */
export function checkRepository(signal: AbortSignal): Promise<CheckReport> {
  return runChecks(checks, resolve(import.meta.dirname, '..'), signal, (text) => console.log(text));
}

if (import.meta.main) {
  const { passed, failed } = await checkRepository(AbortSignal.timeout(5 * 60_000));
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}
