import { checkKeys } from './check-keys.ts';
import { CONFIG_KEYS, type KeyTable, NETWORK_KEYS, SECRET_KEYS, VOLUME_KEYS } from './keys.ts';
import type { FileReferences } from './file-references.ts';
import type { ProblemList } from './problem-list.ts';
import { child, entriesOf, isText, type MapValue, textOf, type Value } from './value.ts';

/** What Berth cannot do yet, by key of a service, each with what to do instead. */
const SERVICE_REFUSALS: Readonly<Record<string, string>> = {
  provider: 'needs a provider program on this host: run it as a service of its own',
  models: 'is not known to the Compose version in the machine',
  use_api_socket: 'is not known to the Compose version in the machine: mount /run/podman/podman.sock',
  credential_spec: 'is for Windows containers',
};

const TOP_REFUSALS: Readonly<Record<string, string>> = {
  models: 'is not known to the Compose version in the machine',
};

const PULL_POLICIES = ['always', 'never', 'missing', 'if_not_present', 'build'];

/** Reports top-level sections that Berth cannot do yet. */
export function refuseSections(root: MapValue, problems: ProblemList): void {
  refuseKeys(root, '', TOP_REFUSALS, problems);
}

/** Reports keys of a service that Berth cannot do yet. */
export function refuseServiceKeys(service: MapValue, path: string, problems: ProblemList): void {
  refuseKeys(service, `${path}.`, SERVICE_REFUSALS, problems);
}

/** Reports a `pull_policy` that the Compose version in the machine does not know. */
export function checkPullPolicy(service: MapValue, path: string, problems: ProblemList): void {
  const value = child(service, 'pull_policy');
  if (!isText(value) || PULL_POLICIES.includes(value.text)) return;
  const isLater = /^(refresh|daily|weekly|every_\w+)$/.test(value.text);
  const message = `must be one of ${PULL_POLICIES.join(', ')}`;
  problems.add(isLater ? 'unsupported' : 'invalid', `${path}.pull_policy`, message, value.place.start);
}

function refuseKeys(map: MapValue, prefix: string, refusals: KeyTable, problems: ProblemList): void {
  for (const [key, message] of Object.entries(refusals)) {
    const entry = map.entries.get(key);
    if (entry !== undefined)
      problems.add('unsupported', `${prefix}${key}`, `"${key}" ${message}`, entry.keyPlace.start);
  }
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
