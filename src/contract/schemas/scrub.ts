import { Type } from 'typebox';
import { count, list, moment, record, text } from './building-blocks.ts';

export const DamageSchema = record(
  {
    kind: Type.Enum(['template', 'image', 'environment'], { description: 'What it belongs to.' }),
    name: text('Name of the template, image or environment.'),
    message: text('What is the case, with the file.'),
    remedy: text('The next command to type.'),
  },
  { title: 'Damage', description: 'Something on disk that is not what was written there.' },
);

export const ScrubReportSchema = record(
  {
    startedAt: moment('When it began.'),
    endedAt: moment('When it ended.'),
    templates: count('Templates that were read.'),
    images: count('Images that were read.'),
    environments: count('Environments that do not run, of which what they left was read.'),
    damaged: list(DamageSchema, { description: 'What is not what was saved.' }),
  },
  {
    title: 'ScrubReport',
    description: 'What came of reading everything that is saved and comparing it with its hashes.',
  },
);
