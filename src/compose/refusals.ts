import { refuseHostPath } from './bind-mounts.ts';
import { checkKeys } from './check-keys.ts';
import { CONFIG_KEYS, type KeyTable, NETWORK_KEYS, SECRET_KEYS, VOLUME_KEYS } from './keys.ts';
import type { ProblemList } from './problem-list.ts';
import { child, entriesOf, isText, type MapValue, textOf, type Value } from './value.ts';

/** What Berth cannot do yet, by key of a service, each with what to do instead. */
const SERVICE_REFUSALS: Readonly<Record<string, string>> = {
  env_file:
    'reads a file of this host: write the variables under "environment", as ${NAME} where they differ',
  label_file: 'reads a file of this host: write the labels under "labels"',
  extends: 'is not read yet: share settings with a YAML anchor and "<<" instead',
  provider: 'needs a provider program on this host: run it as a service of its own',
  models: 'is not known to the Compose version in the machine',
  use_api_socket: 'is not known to the Compose version in the machine: mount /run/podman/podman.sock',
  credential_spec: 'is for Windows containers',
};

const TOP_REFUSALS: Readonly<Record<string, string>> = {
  include: 'reads other files of this host: put the services into this file',
  models: 'is not known to the Compose version in the machine',
};

const PULL_POLICIES = ['always', 'never', 'missing', 'if_not_present'];

/** Reports top-level sections that Berth cannot do yet. */
export function refuseSections(root: MapValue, problems: ProblemList): void {
  refuseKeys(root, '', TOP_REFUSALS, problems);
}

/** Reports keys of a service that Berth cannot do yet. */
export function refuseServiceKeys(service: MapValue, path: string, problems: ProblemList): void {
  refuseKeys(service, `${path}.`, SERVICE_REFUSALS, problems);
}

/** Reports a `pull_policy` that the Compose version in the machine does not know, or that needs a build. */
export function checkPullPolicy(service: MapValue, path: string, problems: ProblemList): void {
  const value = child(service, 'pull_policy');
  if (!isText(value) || PULL_POLICIES.includes(value.text)) return;
  const isLater = /^(build|refresh|daily|weekly|every_\w+)$/.test(value.text);
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
export function checkDeclarations(root: Value, problems: ProblemList): void {
  const tables = { networks: NETWORK_KEYS, volumes: VOLUME_KEYS, secrets: SECRET_KEYS, configs: CONFIG_KEYS };
  for (const [section, table] of Object.entries(tables)) {
    for (const entry of entriesOf(child(root, section))) {
      const path = `${section}.${entry.key}`;
      if (entry.value.kind === 'map') checkDeclaration(entry.value, path, section, table, problems);
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
  problems: ProblemList,
): void {
  checkKeys(value, path, table, problems);
  if (section === 'networks') return;
  const file = value.entries.get('file');
  if (file !== undefined && section !== 'volumes') {
    const remedy = section === 'configs' ? '"content" or "environment"' : '"environment"';
    problems.add(
      'unsupported',
      `${path}.file`,
      `"file" reads a file of this host: use ${remedy}`,
      file.keyPlace.start,
    );
  }
  const options = child(value, 'driver_opts');
  const device = child(options, 'device');
  if (device !== undefined && /\bbind\b/.test(textOf(options, 'o') ?? '')) {
    refuseHostPath(
      textOf(options, 'device') ?? '',
      `${path}.driver_opts.device`,
      problems,
      device.place.start,
    );
  }
}
