import type { ComposeProject } from '../../compose/index.ts';
import type { DefinitionChange, PublishedPort, Shape } from '../../model/index.ts';
import { formatShape } from '../../model/index.ts';

/** What defines an environment at one moment. */
export interface Definition {
  readonly project: Pick<ComposeProject, 'services'>;
  readonly compose: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
  readonly shape: Shape;
  readonly image: string;
}

/** What differs between two definitions, by name. Values of variables may be secrets, and are not told. */
export function definitionChanges(before: Definition, after: Definition): DefinitionChange[] {
  const changes = [
    ...changesOf('service', servicesOf(before), servicesOf(after)),
    ...changesOf('image', imagesOf(before), imagesOf(after)),
    ...changesOf('port', portsOf(before), portsOf(after)),
    ...variableChanges(before.variables, after.variables),
    ...changesOf('shape', { machine: shapeText(before) }, { machine: shapeText(after) }),
    ...changesOf('guest-image', { guest: before.image }, { guest: after.image }),
  ];
  if (before.compose === after.compose) return changes;
  return [...changes, { what: 'compose', name: 'file', before: sizeText(before), after: sizeText(after) }];
}

type Named = Readonly<Record<string, string>>;

function changesOf(what: DefinitionChange['what'], before: Named, after: Named): DefinitionChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (was === is) return [];
    return [
      {
        what,
        name,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      },
    ];
  });
}

function variableChanges(before: Named, after: Named): DefinitionChange[] {
  return changesOf('variable', before, after).map(({ what, name, before: was, after: is }) => ({
    ...{ what, name },
    ...(was === undefined ? {} : { before: is === undefined ? 'set' : 'another value' }),
    ...(is === undefined ? {} : { after: was === undefined ? 'set' : 'changed' }),
  }));
}

function servicesOf({ project }: Definition): Named {
  return Object.fromEntries(project.services.map(({ name }) => [name, 'there']));
}

function imagesOf({ project }: Definition): Named {
  return Object.fromEntries(project.services.map(({ name, image = 'built' }) => [name, image]));
}

function portsOf({ ports }: Definition): Named {
  return Object.fromEntries(
    ports.map(({ hostAddress, hostPort, protocol, service, containerPort }) => [
      `${hostAddress}:${hostPort}/${protocol}`,
      `${service}:${containerPort}`,
    ]),
  );
}

function shapeText({ shape }: Definition): string {
  return `${formatShape(shape)}, ${shape.diskGib} GiB of disk`;
}

function sizeText({ compose }: Definition): string {
  return `${compose.split('\n').length} lines`;
}
