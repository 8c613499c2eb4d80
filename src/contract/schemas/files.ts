import { type Static, Type } from 'typebox';
import { flag, list, record, text } from './building-blocks.ts';

/** Says which message it is. */
function messageType<Name extends string>(name: Name) {
  return Type.Literal(name, { description: 'Which message it is.' });
}

/**
 * The first message of the server on `environments.files`. Unless `same`, it is followed by the list of what the machine
 * has, one entry a line, and then by {@link FilesReadySchema}.
 */
export const FilesOfferSchema = record(
  {
    type: messageType('offer'),
    roots: list(text('Absolute.'), {
      description: 'Directories and files of the host that the machine has at the same path.',
    }),
    exclude: list(text('Absolute.'), { description: 'What of them is left out.' }),
    generation: text('Names what the machine has; empty when that is not known for sure.'),
    same: flag('The machine still has what `known` names: no list follows.'),
    optional: Type.Optional(
      text('The root that may be left out when it is large: nothing in the Compose file needs it.'),
    ),
  },
  { title: 'FilesOffer', description: 'What a machine is to have of the host, and what it has.' },
);

export const FilesReadySchema = record(
  { type: messageType('ready') },
  { title: 'FilesReady', description: 'The list is complete; the changes may come.' },
);

export const FilesNoteSchema = record(
  { type: messageType('note'), text: text('What was done with the changes.') },
  { title: 'FilesNote', description: 'Something done because of the changes, with `actions`.' },
);

export const FilesDoneSchema = record(
  { type: messageType('done'), generation: text('Names what the machine has now.') },
  { title: 'FilesDone', description: 'The changes are in the machine.' },
);

/** A message of the server, a line of JSON each. Lines that are arrays are entries of the list. */
export const FilesMessageSchema = Type.Union([
  FilesOfferSchema,
  FilesReadySchema,
  FilesNoteSchema,
  FilesDoneSchema,
]);

export type FilesOffer = Static<typeof FilesOfferSchema>;
export type FilesMessage = Static<typeof FilesMessageSchema>;
