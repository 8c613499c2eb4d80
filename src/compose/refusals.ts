import { checkKeys } from './check-keys.ts';
import type { LocatedElement } from './elements.ts';
import { CONFIG_KEYS, type KeyTable, NETWORK_KEYS, SECRET_KEYS, VOLUME_KEYS } from './keys.ts';
import type { FileReferences } from './file-references.ts';
import type { ProblemList } from './problem-list.ts';
import { child, entriesOf, isText, type MapValue, textOf, type Value } from './value.ts';

const PULL_POLICIES = ['always', 'never', 'missing', 'if_not_present', 'build'];
const LATER_POLICIES = /^(refresh|daily|weekly|every_\w+)$/;

/** Reports the elements that the table of support refuses, unless the code that reads them does. */
export function refuseElements(elements: readonly LocatedElement[], problems: ProblemList): void {
  for (const { row, path, offset } of elements) {
    if (row.verdict !== 'refused' || row.saidByReader === true) continue;
    const key = path.slice(path.lastIndexOf('.') + 1);
    problems.add('unsupported', path, `"${key}" ${row.words}`, offset);
  }
}

/** Reports a `pull_policy` that there is not. */
export function checkPullPolicy(service: MapValue, path: string, problems: ProblemList): void {
  const value = child(service, 'pull_policy');
  if (!isText(value) || PULL_POLICIES.includes(value.text) || LATER_POLICIES.test(value.text)) return;
  const message = `must be one of ${PULL_POLICIES.join(', ')}`;
  problems.add('invalid', `${path}.pull_policy`, message, value.place.start);
}

/** Checks the entries of `networks`, `volumes`, `secrets` and `configs`. */
export function checkDeclarations(root: Value, files: FileReferences): void {
  const { problems } = files;
  const tables = { networks: NETWORK_KEYS, volumes: VOLUME_KEYS, secrets: SECRET_KEYS, configs: CONFIG_KEYS };
  for (const [section, table] of Object.entries(tables)) {
    for (const entry of entriesOf(child(root, section))) {
      const path = `${section}.${entry.key}`;
      if (entry.value.kind === 'map') checkDeclaration(entry.value, path, section, table, files);
      else if (entry.value.kind !== 'null' || section === 'secrets' || section === 'configs') {
        problems.add('invalid', path, 'must be a map', entry.keyPlace.start);
      }
    }
  }
}

function checkDeclaration(
  value: MapValue,
  path: string,
  section: string,
  table: KeyTable,
  files: FileReferences,
): void {
  checkKeys(value, path, table, files.problems);
  if (section === 'networks') return;
  const file = child(value, 'file');
  if (isText(file) && section !== 'volumes')
    files.add(section === 'configs' ? 'config' : 'secret', file.text, `${path}.file`, file.place);
  const options = child(value, 'driver_opts');
  const device = child(options, 'device');
  if (device !== undefined && /\bbind\b/.test(textOf(options, 'o') ?? '')) {
    // Podman makes no directory for it.
    files.add('bind', textOf(options, 'device') ?? '', `${path}.driver_opts.device`, device.place);
  }
}
