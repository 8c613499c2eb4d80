import type { ComposeOptions, ComposeProject, ComposeReading } from './compose-project.ts';
import { readBerthSettings } from './berth-settings.ts';
import { checkKeys } from './check-keys.ts';
import { elementsOf, type LocatedElement } from './elements.ts';
import { FileReferences } from './file-references.ts';
import { TOP_KEYS } from './keys.ts';
import { ProblemList } from './problem-list.ts';
import { isActive } from './profiles.ts';
import { checkDependencies, declaredNames, dependenciesOf } from './references.ts';
import { checkDeclarations, refuseElements } from './refusals.ts';
import { readIncludes } from './service-files.ts';
import { checkService, type LocatedService, readService } from './services.ts';
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
import { type ReadValues, readValues } from './value-reader.ts';
import { readYaml } from './yaml-source.ts';

/** Ports of the machine that are not free: 22 is its own SSH server. */
export const RESERVED_GUEST_PORTS: readonly number[] = [22];
const MAX_PORTS = 2_000;
const PROJECT_NAME = /^[a-z0-9][a-z0-9_-]*$/;

/**
 * Reads a Compose file and checks what Berth must know of it; Compose in the machine does the rest. Reports every problem
 * with its line and column. Never throws, reads no file and ends within a second whatever the text is.
 */
export function parseCompose(text: string, options: ComposeOptions): ComposeReading {
  const { root, problems } = readYaml(text);
  if (root === undefined) return ended(problems);
  return parseValues(readValues(root, options, problems), options, problems).reading;
}

/** The same for a file whose YAML has been read; gives the elements that it has, too. */
export function parseValues(
  values: ReadValues,
  options: ComposeOptions,
  problems: ProblemList,
): { readonly reading: ComposeReading; readonly elements: readonly LocatedElement[] } {
  const { value, names } = values;
  if (value === undefined) return { reading: ended(problems), elements: [] };
  if (value.kind !== 'map') {
    problems.add('invalid', 'file', 'must be a map with a "services" section', value.place.start);
    return { reading: ended(problems), elements: [] };
  }
  const elements = elementsOf(values, options);
  refuseElements(elements, problems);
  const running = readServices(value, options, problems);
  const berth = readBerthSettings(value, problems);
  const name = readName(value, problems);
  if (problems.hasErrors) return { reading: ended(problems), elements };
  const variables = [...new Set([...names, ...inheritedVariables(value)])].toSorted();
  const project = { ...(name === undefined ? {} : { name }), ...running, berth, variables };
  return { reading: { ...ended(problems), project }, elements };
}

/** Names of all variables that a Compose file takes from outside, sorted; none when it cannot be read. */
export function referencedVariables(text: string): string[] {
  const { root } = readYaml(text);
  if (root === undefined) return [];
  const { value, names } = readValues(root, { variables: {} }, new ProblemList());
  return [...new Set([...names, ...(value === undefined ? [] : inheritedVariables(value))])].toSorted();
}

/** References of all images that a Compose file names, whatever else is wrong with it; none when it cannot be read. */
export function referencedImages(text: string, variables: Readonly<Record<string, string>>): string[] {
  const { root } = readYaml(text);
  const value = root === undefined ? undefined : readValues(root, { variables }, new ProblemList()).value;
  const services = value === undefined ? [] : entriesOf(child(value, 'services'));
  const images = services.flatMap((service) =>
    service.value.kind === 'map' ? (textOf(service.value, 'image') ?? []) : [],
  );
  return [...new Set(images)];
}

function ended(problems: ProblemList): ComposeReading {
  return { problems: problems.errors(), warnings: problems.warnings() };
}

function readServices(
  root: MapValue,
  options: ComposeOptions,
  problems: ProblemList,
): Pick<ComposeProject, 'services' | 'files' | 'watch' | 'incomplete'> {
  const files = new FileReferences(options.files, problems);
  checkKeys(root, '', TOP_KEYS, problems);
  readIncludes(root, files);
  checkDeclarations(root, files);
  const entries = entriesOf(child(root, 'services'));
  const place = root.entries.get('services')?.keyPlace.start ?? root.place.start;
  const others = options.partial === true || root.entries.has('include');
  if (entries.length === 0 && !others) problems.add('invalid', 'services', 'the file has no services', place);
  for (const entry of entries) checkService(entry, problems);
  const active = entries.filter((entry) => isActive(entry.value, options));
  if (entries.length > 0 && active.length === 0 && !others) {
    const message = 'every service belongs to a profile: name the ones to start in COMPOSE_PROFILES';
    problems.add('invalid', 'services', message, place);
  }
  const incomplete = others || active.some(({ value }) => child(value, 'extends') !== undefined);
  const declared = incomplete ? undefined : declaredNames(root);
  const located = active.flatMap((entry) => readService(entry, declared, files) ?? []);
  if (!incomplete) checkDependencies(active, problems);
  checkPorts(located, problems);
  const completing = awaitedCompletions(active);
  const services = located.map(({ service }) => ({
    ...service,
    mayComplete: service.mayComplete || completing.has(service.name),
  }));
  return { services, files: files.found, watch: located.flatMap(({ watch }) => watch), incomplete };
}

function awaitedCompletions(active: readonly MapEntry[]): Set<string> {
  const dependencies = active.flatMap((entry) => dependenciesOf(entry.value, ''));
  return new Set(
    dependencies
      .filter(({ condition }) => condition === 'service_completed_successfully')
      .map(({ name }) => name),
  );
}

function checkPorts(services: readonly LocatedService[], problems: ProblemList): void {
  const takenBy = new Map<string, string>();
  let count = 0;
  for (const { port, path, offset } of services.flatMap((service) => service.ports)) {
    count += 1;
    if (count > MAX_PORTS) {
      problems.add('invalid', path, `the file publishes more than ${MAX_PORTS} ports`, offset);
      return;
    }
    const { guestPort, protocol, service, containerPort } = port;
    if (guestPort === undefined) continue;
    const key = `${guestPort}/${protocol}`;
    const holder = takenBy.get(key);
    const target = `${service}:${containerPort}`;
    if (holder !== undefined && holder !== target) {
      const owner = holder.slice(0, holder.lastIndexOf(':'));
      problems.add('invalid', path, `port ${key} is already published by service "${owner}"`, offset);
    }
    if (protocol === 'tcp' && RESERVED_GUEST_PORTS.includes(guestPort)) {
      problems.add(
        'unsupported',
        path,
        `port ${key} belongs to the machine itself: publish another one, such as 2222:${containerPort}`,
        offset,
      );
    }
    takenBy.set(key, holder ?? target);
  }
}

function readName(root: MapValue, problems: ProblemList): string | undefined {
  const name = textOf(root, 'name');
  if (name === undefined || PROJECT_NAME.test(name)) return name;
  const message =
    'a project name has lower-case letters, digits, "-" and "_", and starts with a letter or digit';
  problems.add('invalid', 'name', message, child(root, 'name')?.place.start);
  return undefined;
}

/** Variables that containers take over by name (`environment: [NAME]` or `environment: {NAME: }`), secrets and
 * configs that come from one, and the one that picks profiles. */
function inheritedVariables(root: Value): string[] {
  const sources = ['secrets', 'configs'].flatMap((section) =>
    entriesOf(child(root, section)).flatMap(({ value }) => textOf(value, 'environment') ?? []),
  );
  const ofServices = entriesOf(child(root, 'services')).flatMap(({ value: service }) => {
    const environment = child(service, 'environment');
    const listed = itemsOf(environment).flatMap((item) =>
      isText(item) && /^[A-Za-z_]\w*$/.test(item.text) ? item.text : [],
    );
    const keyed = entriesOf(environment).flatMap(({ key, value }) => (value.kind === 'null' ? key : []));
    const picked = child(service, 'profiles') === undefined ? [] : ['COMPOSE_PROFILES'];
    return [...listed, ...keyed, ...picked];
  });
  return [...ofServices, ...sources];
}
