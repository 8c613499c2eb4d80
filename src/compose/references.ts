import type { ProblemList } from './problem-list.ts';
import { child, entriesOf, isText, itemsOf, type MapEntry, type Place, textOf, type Value } from './value.ts';

interface Reference {
  readonly name: string;
  readonly place: Place;
  readonly path: string;
}

type Sections = Readonly<Record<'networks' | 'volumes' | 'secrets' | 'configs', ReadonlySet<string>>>;

/** The names that the file declares in its top-level sections. */
export function declaredNames(root: Value): Sections {
  const names = (key: string) => new Set(entriesOf(child(root, key)).map((entry) => entry.key));
  return {
    networks: names('networks').add('default'),
    volumes: names('volumes'),
    secrets: names('secrets'),
    configs: names('configs'),
  };
}

/** Reports networks, secrets and configs that a service names and the file does not declare. */
export function checkReferences(
  service: Value,
  path: string,
  declared: Sections,
  problems: ProblemList,
): void {
  for (const section of ['networks', 'secrets', 'configs'] as const) {
    for (const reference of namesIn(child(service, section), `${path}.${section}`)) {
      if (!declared[section].has(reference.name)) noteUndeclared(reference, section, problems);
    }
  }
}

/** Reports a named volume that the file does not declare. */
export function checkVolume(reference: Reference, declared: Sections, problems: ProblemList): void {
  if (!declared.volumes.has(reference.name)) noteUndeclared(reference, 'volumes', problems);
}

function noteUndeclared(reference: Reference, section: string, problems: ProblemList): void {
  const shown = reference.name.length > 60 ? `${reference.name.slice(0, 60)}…` : reference.name;
  problems.add(
    'invalid',
    reference.path,
    `"${shown}" is not declared in the file's "${section}"`,
    reference.place.start,
  );
}

/** Names in a list of texts, a list of maps with `source`, or the keys of a map. */
function namesIn(value: Value | undefined, path: string): Reference[] {
  const listed = itemsOf(value).flatMap((item, index): Reference[] => {
    const name = isText(item) ? item.text : textOf(item, 'source');
    return name === undefined ? [] : [{ name, place: item.place, path: `${path}[${index}]` }];
  });
  const keyed = entriesOf(value).map((entry) => ({
    name: entry.key,
    place: entry.keyPlace,
    path: `${path}.${entry.key}`,
  }));
  return [...listed, ...keyed];
}

interface Dependency extends Reference {
  /** False for `required: false`. */
  readonly required: boolean;
  readonly condition: string | undefined;
}

/** Every service that `service` needs before it: `depends_on`, `links`, `volumes_from`, and a shared network, ipc or pid. */
export function dependenciesOf(service: Value, path: string): Dependency[] {
  const needed = { required: true, condition: undefined };
  const dependsOn = child(service, 'depends_on');
  const listed = namesIn(dependsOn, `${path}.depends_on`).map((reference): Dependency => {
    const settings = child(dependsOn, reference.name);
    return {
      ...reference,
      required: textOf(settings, 'required') !== 'false',
      condition: textOf(settings, 'condition'),
    };
  });
  const linked = ['links', 'volumes_from'].flatMap((key) =>
    namesIn(child(service, key), `${path}.${key}`)
      .filter((reference) => !reference.name.startsWith('container:'))
      .map(
        (reference): Dependency => ({ ...reference, ...needed, name: reference.name.split(':')[0] ?? '' }),
      ),
  );
  const shared = ['network_mode', 'ipc', 'pid'].flatMap((key): Dependency[] => {
    const value = child(service, key);
    if (!isText(value) || !value.text.startsWith('service:')) return [];
    return [
      { ...needed, name: value.text.slice('service:'.length), place: value.place, path: `${path}.${key}` },
    ];
  });
  return [...listed, ...linked, ...shared];
}

/** Reports services that wait for ones which are not there, and services that wait for each other. */
export function checkDependencies(active: readonly MapEntry[], problems: ProblemList): void {
  const byName = new Map<string, Dependency[]>();
  for (const entry of active) byName.set(entry.key, dependenciesOf(entry.value, `services.${entry.key}`));
  for (const dependencies of byName.values()) {
    for (const { name, place, path, required } of dependencies) {
      if (required && !byName.has(name))
        problems.add('invalid', path, `there is no active service "${name.slice(0, 60)}"`, place.start);
    }
  }
  const cycle = findCycle(byName);
  const last = cycle?.at(-1);
  if (cycle === undefined || last === undefined) return;
  const names = [...cycle.map((dependency) => dependency.name), cycle[0]?.name];
  const message =
    names.length > 12
      ? 'services wait for each other in a circle'
      : `services wait for each other in a circle: ${names.join(' → ')}`;
  problems.add('invalid', last.path, message, last.place.start);
}

/** Depth-first without recursion: a chain may be as long as the file. Returns the dependencies along the first circle found. */
function findCycle(byName: ReadonlyMap<string, readonly Dependency[]>): Dependency[] | undefined {
  const finished = new Set<string>();
  for (const start of byName.keys()) {
    const trail: { readonly via: Dependency | undefined; readonly name: string; next: number }[] = [
      { via: undefined, name: start, next: 0 },
    ];
    const onTrail = new Set([start]);
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const dependency = byName.get(top.name)?.[top.next];
      top.next += 1;
      if (dependency === undefined || finished.has(top.name)) {
        finished.add(top.name);
        onTrail.delete(top.name);
        trail.pop();
      } else if (onTrail.has(dependency.name)) {
        const from = trail.findIndex((step) => step.name === dependency.name);
        return [...trail.slice(from + 1).flatMap((step) => step.via ?? []), dependency];
      } else if (byName.has(dependency.name) && !finished.has(dependency.name)) {
        trail.push({ via: dependency, name: dependency.name, next: 0 });
        onTrail.add(dependency.name);
      }
    }
  }
  return undefined;
}
