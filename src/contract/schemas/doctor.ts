import { Type } from 'typebox';
import { count, flag, list, record, text } from './building-blocks.ts';

export const DifferenceSchema = record(
  {
    kind: text('Stable key: `orphan-process`, `port-closed`, …'),
    subject: text('Name of the environment, or whatever it is about.'),
    message: text('What is the case.'),
    repair: Type.Optional(text('What a repair does; absent where Berth cannot mend it.')),
    remedy: Type.Optional(text('What a person can do; absent where a repair does it.')),
  },
  {
    title: 'Difference',
    description: 'Something in which what Berth has written down and what is on the host differ.',
  },
);

export const DoctorReportSchema = record(
  {
    ok: flag('True when nothing differs.'),
    environments: count('How many environments were looked at.'),
    differences: list(DifferenceSchema, {
      description: 'All that differs, in the order in which it is mended.',
    }),
  },
  { title: 'DoctorReport', description: 'What `berth doctor` found.' },
);

export const RepairRequestSchema = record({}, { title: 'RepairRequest', description: 'No choices yet.' });
