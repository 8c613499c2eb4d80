import { checkKeys } from './check-keys.ts';
import type { WatchAction, WatchRule } from './compose-project.ts';
import type { FileReferences } from './file-references.ts';
import { DEVELOP_KEYS, WATCH_KEYS } from './keys.ts';
import { child, isText, itemsOf, type MapValue, textOf, type Value } from './value.ts';

const ACTIONS: readonly WatchAction[] = ['sync', 'rebuild', 'restart', 'sync+restart', 'sync+exec'];

/** Reads `develop.watch` of a service. */
export function readWatchRules(
  service: MapValue,
  name: string,
  path: string,
  files: FileReferences,
): WatchRule[] {
  const develop = child(service, 'develop');
  if (develop?.kind === 'map') checkKeys(develop, `${path}.develop`, DEVELOP_KEYS, files.problems);
  return itemsOf(child(develop, 'watch')).flatMap((item, index) =>
    readRule(item, name, `${path}.develop.watch[${index}]`, files),
  );
}

function readRule(item: Value, service: string, where: string, files: FileReferences): WatchRule[] {
  if (item.kind !== 'map') {
    files.problems.add('invalid', where, 'must be a map with "path" and "action"', item.place.start);
    return [];
  }
  checkKeys(item, where, WATCH_KEYS, files.problems);
  const given = textOf(item, 'action');
  const action = ACTIONS.find((known) => known === given);
  const path = child(item, 'path');
  const target = textOf(item, 'target');
  const exec = wordsOf(child(child(item, 'exec'), 'command'));
  const missing =
    action === undefined
      ? `needs an "action": ${ACTIONS.join(', ')}`
      : !isText(path)
        ? 'needs a "path"'
        : action.startsWith('sync') && target === undefined
          ? `needs a "target": where "${action}" copies to in the container`
          : action === 'sync+exec' && exec.length === 0
            ? 'needs "exec" with a "command"'
            : undefined;
  if (missing !== undefined || action === undefined || !isText(path)) {
    files.problems.add('invalid', where, missing ?? '', item.place.start);
    return [];
  }
  const absolute = files.add('watch', path.text, where, path.place, { required: false });
  if (absolute === undefined) return [];
  const rule = {
    service,
    action,
    path: absolute,
    ignore: wordsOf(child(item, 'ignore')),
    include: wordsOf(child(item, 'include')),
  };
  return [{ ...rule, ...(target === undefined ? {} : { target }), ...(exec.length === 0 ? {} : { exec }) }];
}

/** A list of texts; one text is a list of one, or as a command the words for a shell. */
function wordsOf(value: Value | undefined): string[] {
  if (isText(value)) return value.text === '' ? [] : [value.text];
  return itemsOf(value).flatMap((item) => (isText(item) ? item.text : []));
}
