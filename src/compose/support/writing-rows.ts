import type { Value } from '../value.ts';
import { refused, rowsBelow, works } from './row.ts';

const hasProfiles = (value: Value) => value.kind === 'map' && value.entries.has('profiles');

/** Forms of writing that may stand anywhere in a file, and what stands at its top. */
export const writingRows = [
  ...rowsBelow('yaml', {
    '*alias': works('[&x a, *x]', 'up to 1000 of them, and 200 000 values once they are written out'),
    '<<': works('{<<: {a: b}}', 'one map or a list of maps; keys beside it come first'),
    $A: works('$A', 'from the shell, then from `.env` beside the file'),
    '${A}': works('${A}', 'one that is not set is empty, with a note'),
    '${A:-b}': works('${A:-b}'),
    '${A-b}': works('${A-b}'),
    '${A:?b}': works('${A:?b}', 'a missing one is told with its line, before anything starts'),
    '${A?b}': works('${A?b}', 'a missing one is told with its line, before anything starts'),
    '${A:+b}': works('${A:+b}'),
    '${A+b}': works('${A+b}'),
    '${A:-${B}}': works('${A:-${B}}', 'up to 16 levels'),
    $$: works('$$', 'a dollar sign'),
  }),
  ...rowsBelow('', {
    name: works('shop', 'the name of the environment too, unless `--name` gives another'),
    version: works('"3.8"', 'without a meaning, as in Compose'),
    'x-*': works('{a: b}', 'passed over; `x-berth` says what the machine is given'),
    'include of files': works(
      '[other.yaml]',
      'files of the project; the whole is put together in the machine, and checked again',
    ),
    models: refused('{llm: {model: ai/model}}', 'is not known to the Compose version in the machine'),
    services: works('{web: {image: nginx}}'),
    'services.* with profiles': works(
      '{image: nginx, profiles: [debug]}',
      'started when `COMPOSE_PROFILES` names one of them, from the shell or `.env`; what is in the others is not looked at',
      hasProfiles,
    ),
  }),
];
