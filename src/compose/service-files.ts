import { checkKeys, checkKind } from './check-keys.ts';
import type { FileReferences } from './file-references.ts';
import { BUILD_KEYS } from './keys.ts';
import { child, entriesOf, isText, itemsOf, type MapValue, textOf, type Value } from './value.ts';

/** Notes the files that a service reads beside its mounts: `env_file`, `label_file`, `extends`, `build`. */
export function readServiceFiles(service: MapValue, path: string, files: FileReferences): void {
  readEnvFiles(service, path, files);
  for (const { value, where } of oneOrMore(child(service, 'label_file'), `${path}.label_file`))
    if (isText(value)) files.add('label_file', value.text, where, value.place);
  const extended = child(service, 'extends');
  const file = textOf(extended, 'file');
  if (file !== undefined)
    files.add('extends', file, `${path}.extends`, child(extended, 'file')?.place ?? service.place);
  const build = child(service, 'build');
  if (build !== undefined) readBuild(build, `${path}.build`, files);
}

/** Notes the files of the top-level `include`. */
export function readIncludes(root: MapValue, files: FileReferences): void {
  for (const { value, where } of oneOrMore(child(root, 'include'), 'include')) {
    const paths = isText(value) ? [{ value, where }] : oneOrMore(child(value, 'path'), `${where}.path`);
    for (const { value: path, where: at } of paths) {
      if (!isText(path)) continue;
      if (isRemote(path.text))
        files.problems.add('unsupported', at, 'is no file: put it beside this one', path.place.start);
      else files.add('include', path.text, at, path.place);
    }
  }
}

function readEnvFiles(service: MapValue, path: string, files: FileReferences): void {
  for (const { value, where } of oneOrMore(child(service, 'env_file'), `${path}.env_file`)) {
    const file = isText(value) ? value : child(value, 'path');
    if (isText(file)) {
      const required = textOf(value, 'required') !== 'false';
      files.add('env_file', file.text, where, file.place, { required });
    } else files.problems.add('invalid', where, 'must be a path, or a map with "path"', value.place.start);
  }
}

function readBuild(build: Value, path: string, files: FileReferences): void {
  const context = isText(build) ? build : child(build, 'context');
  if (build.kind === 'map') checkBuildKeys(build, path, files);
  if (isText(context) && isRemote(context.text)) {
    const message = 'the machine has no git: fetch the sources into the project directory first';
    const where = build.kind === 'map' ? `${path}.context` : path;
    files.problems.add('unsupported', where, message, context.place.start);
    return;
  }
  const place = context?.place ?? build.place;
  const directory = files.add('build', isText(context) ? context.text : '.', path, place);
  const dockerfile = child(build, 'dockerfile');
  if (directory !== undefined && isText(dockerfile))
    files.add('build', dockerfile.text, `${path}.dockerfile`, dockerfile.place, { base: directory });
}

function checkBuildKeys(build: MapValue, path: string, files: FileReferences): void {
  checkKeys(build, path, BUILD_KEYS, files.problems);
  const platforms = itemsOf(child(build, 'platforms'));
  if (platforms.length > 1)
    files.problems.add(
      'unsupported',
      `${path}.platforms`,
      'more than one platform needs BuildKit',
      platforms[0]?.place.start,
    );
  for (const { key, keyPlace, value } of entriesOf(child(build, 'args')))
    checkKind(value, `${path}.args.${key}`, 'snbz', files.problems, keyPlace.start);
}

/** Compose takes these from git or a registry. */
function isRemote(text: string): boolean {
  return /^([a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/|oci:)/.test(text);
}

function oneOrMore(
  value: Value | undefined,
  where: string,
): { readonly value: Value; readonly where: string }[] {
  if (value === undefined) return [];
  if (value.kind !== 'list') return [{ value, where }];
  return value.items.map((item, index) => ({ value: item, where: `${where}[${index}]` }));
}
