import { readMount } from './bind-mounts.ts';
import { checkKeys, checkKind } from './check-keys.ts';
import type { ComposePort, ComposeService, WatchRule } from './compose-project.ts';
import type { FileReferences } from './file-references.ts';
import { DEPENDENCY_KEYS, DEPLOY_KEYS, HEALTHCHECK_KEYS, SERVICE_KEYS, TEXT_LISTS } from './keys.ts';
import { readPortEntry } from './ports.ts';
import type { ProblemList } from './problem-list.ts';
import { checkReferences, checkVolume, type declaredNames } from './references.ts';
import { checkPullPolicy } from './refusals.ts';
import { readServiceFiles } from './service-files.ts';
import { readWatchRules } from './watch-rules.ts';
import {
  child,
  entriesOf,
  isText,
  itemsOf,
  type MapEntry,
  type MapValue,
  textOf,
  type Value,
} from './value.ts';

const SERVICE_NAME = /^[a-zA-Z0-9._-]+$/;
const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'];
const MAX_REPLICAS = 1_000;

/** A service with the place in the text of each of its ports. */
export interface LocatedService {
  readonly service: ComposeService;
  readonly watch: readonly WatchRule[];
  readonly ports: readonly { readonly port: ComposePort; readonly path: string; readonly offset: number }[];
}

/** Checks what holds for every service, whether it is started or not: its name and its keys. */
export function checkService(entry: MapEntry, problems: ProblemList): void {
  const { key, keyPlace, value } = entry;
  const path = `services.${key}`;
  if (!SERVICE_NAME.test(key)) {
    problems.add('invalid', path, 'a service name has letters, digits, ".", "_" and "-"', keyPlace.start);
  }
  if (value.kind !== 'map') {
    problems.add('invalid', path, 'must be a map with "image"', keyPlace.start);
    return;
  }
  checkKeys(value, path, SERVICE_KEYS, problems);
  checkPullPolicy(value, path, problems);
}

/**
 * Reads and checks a service that is started. Undefined when it is no map. `declared` is absent when the names that it
 * refers to may be in other files.
 */
export function readService(
  entry: MapEntry,
  declared: ReturnType<typeof declaredNames> | undefined,
  files: FileReferences,
): LocatedService | undefined {
  const { problems } = files;
  const path = `services.${entry.key}`;
  const map = entry.value;
  if (map.kind !== 'map') return undefined;
  if (declared !== undefined) checkReferences(map, path, declared, problems);
  checkMounts(map, path, declared, files);
  readServiceFiles(map, path, files);
  checkSections(map, path, problems);
  const image = readImage(entry, map, path, declared !== undefined, problems);
  const replicas = readReplicas(map, path, problems);
  const hostNetwork = textOf(map, 'network_mode') === 'host';
  const ports = readPorts(entry.key, map, path, hostNetwork, problems);
  checkReplicas(map, path, replicas, ports, problems);
  const service = {
    name: entry.key,
    ...imageFacts(map, image, problems),
    build: child(map, 'build') !== undefined,
    ports: ports.map(({ port }) => port),
    healthcheck: hasHealthcheck(child(map, 'healthcheck')),
    replicas,
    hostNetwork,
    ...restartOf(map),
  };
  return { service, watch: readWatchRules(map, entry.key, path, files), ports };
}

function imageFacts(
  map: MapValue,
  image: string | undefined,
  problems: ProblemList,
): Pick<ComposeService, 'image' | 'imageLine' | 'pullPolicy' | 'platform'> {
  const pullPolicy = textOf(map, 'pull_policy');
  const platform = textOf(map, 'platform');
  const offset = child(map, 'image')?.place.start;
  const imageLine = offset === undefined ? undefined : problems.placeOf(offset).line;
  return {
    ...(pullPolicy === undefined ? {} : { pullPolicy }),
    ...(image === undefined ? {} : { image }),
    ...(imageLine === undefined ? {} : { imageLine }),
    ...(platform === undefined || platform === '' ? {} : { platform }),
  };
}

function readImage(
  entry: MapEntry,
  map: MapValue,
  path: string,
  isComplete: boolean,
  problems: ProblemList,
): string | undefined {
  const image = textOf(map, 'image');
  if (image === '') problems.add('invalid', `${path}.image`, 'is empty', child(map, 'image')?.place.start);
  const others = ['build', 'extends', 'provider'];
  if (image === undefined && isComplete && !others.some((key) => map.entries.has(key)))
    problems.add('invalid', path, 'has neither "image" nor "build"', entry.keyPlace.start);
  return image === '' ? undefined : image;
}

function checkMounts(
  map: MapValue,
  path: string,
  declared: ReturnType<typeof declaredNames> | undefined,
  files: FileReferences,
): void {
  itemsOf(child(map, 'volumes')).forEach((item, index) => {
    const itemPath = `${path}.volumes[${index}]`;
    const name = readMount(item, itemPath, files);
    if (name === undefined || declared === undefined) return;
    checkVolume({ name, place: item.place, path: itemPath }, declared, files.problems);
  });
}

function checkSections(map: MapValue, path: string, problems: ProblemList): void {
  const healthcheck = child(map, 'healthcheck');
  if (healthcheck?.kind === 'map') checkKeys(healthcheck, `${path}.healthcheck`, HEALTHCHECK_KEYS, problems);
  const deploy = child(map, 'deploy');
  if (deploy?.kind === 'map') checkKeys(deploy, `${path}.deploy`, DEPLOY_KEYS, problems);
  checkTextLists(map, path, problems);
  checkConditions(map, path, problems);
  const networks = map.entries.get('networks');
  if (networks !== undefined && child(map, 'network_mode') !== undefined) {
    problems.add(
      'invalid',
      `${path}.networks`,
      '"networks" and "network_mode" exclude each other',
      networks.keyPlace.start,
    );
  }
}

function checkTextLists(map: MapValue, path: string, problems: ProblemList): void {
  for (const key of TEXT_LISTS) {
    itemsOf(child(map, key)).forEach((item, index) => {
      checkKind(item, `${path}.${key}[${index}]`, 's', problems, item.place.start);
    });
  }
}

function checkConditions(map: MapValue, path: string, problems: ProblemList): void {
  for (const { key, keyPlace, value } of entriesOf(child(map, 'depends_on'))) {
    const where = `${path}.depends_on.${key}`;
    if (!checkKind(value, where, 'm', problems, keyPlace.start) || value.kind !== 'map') continue;
    checkKeys(value, where, DEPENDENCY_KEYS, problems);
    const condition = textOf(value, 'condition');
    if (condition !== undefined && CONDITIONS.includes(condition)) continue;
    problems.add('invalid', where, `needs a "condition": ${CONDITIONS.join(', ')}`, keyPlace.start);
  }
}

function readPorts(
  service: string,
  map: MapValue,
  path: string,
  hostNetwork: boolean,
  problems: ProblemList,
): LocatedService['ports'] {
  return itemsOf(child(map, 'ports')).flatMap((item, index) => {
    const itemPath = `${path}.ports[${index}]`;
    return readPortEntry(item, itemPath, problems).map((mapping) => {
      const guestPort = hostNetwork ? mapping.containerPort : mapping.hostPort;
      const port = { service, ...mapping, ...(guestPort === undefined ? {} : { guestPort }) };
      return { port, path: itemPath, offset: item.place.start };
    });
  });
}

/** What `restart`, else `deploy.restart_policy`, says. */
function restartOf(map: MapValue): Pick<ComposeService, 'mayComplete' | 'restartLimit'> {
  const deployed = child(child(map, 'deploy'), 'restart_policy');
  const condition = deployed === undefined ? '' : (textOf(deployed, 'condition') ?? 'any');
  const [policy = '', count] = (textOf(map, 'restart') ?? condition).split(':');
  const tries = Number(count ?? textOf(deployed, 'max_attempts') ?? Number.NaN);
  const limit = tries > 0 ? tries : Number.POSITIVE_INFINITY;
  if (['always', 'unless-stopped', 'any'].includes(policy))
    return { mayComplete: false, restartLimit: limit };
  if (policy === 'on-failure') return { mayComplete: true, restartLimit: limit };
  return { mayComplete: ['no', 'false', 'none'].includes(policy) };
}

function hasHealthcheck(value: Value | undefined): boolean {
  if (value?.kind !== 'map' || textOf(value, 'disable') === 'true') return false;
  const test = child(value, 'test');
  const first = itemsOf(test)[0];
  return !(isText(first) && first.text === 'NONE') && !(isText(test) && test.text === 'NONE');
}

function readReplicas(map: MapValue, path: string, problems: ProblemList): number {
  const read = (value: Value | undefined, where: string): number | undefined => {
    if (!isText(value)) return undefined;
    const count = /^\d{1,5}$/.test(value.text) ? Number(value.text) : Number.NaN;
    if (count <= MAX_REPLICAS) return count;
    problems.add('invalid', where, `must be a whole number from 0 to ${MAX_REPLICAS}`, value.place.start);
    return undefined;
  };
  const scale = read(child(map, 'scale'), `${path}.scale`);
  const replicas = read(child(child(map, 'deploy'), 'replicas'), `${path}.deploy.replicas`);
  if (scale !== undefined && replicas !== undefined && scale !== replicas) {
    problems.add(
      'invalid',
      `${path}.scale`,
      '"scale" and "deploy.replicas" differ',
      child(map, 'scale')?.place.start,
    );
  }
  return scale ?? replicas ?? 1;
}

function checkReplicas(
  map: MapValue,
  path: string,
  replicas: number,
  ports: LocatedService['ports'],
  problems: ProblemList,
): void {
  if (replicas < 2) return;
  const name = map.entries.get('container_name');
  if (name !== undefined)
    problems.add(
      'invalid',
      `${path}.container_name`,
      `${replicas} containers cannot have one name`,
      name.keyPlace.start,
    );
  for (const { port, path: portPath, offset } of ports) {
    if (port.guestPort === undefined) continue;
    const message = `${replicas} containers cannot all have port ${port.guestPort}: leave out the host port, or give a range`;
    problems.add('invalid', portPath, message, offset);
  }
}
