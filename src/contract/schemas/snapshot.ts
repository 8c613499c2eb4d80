import { Type } from 'typebox';
import { count, flag, list, moment, name, record, text } from './building-blocks.ts';
import { EnvironmentIdSchema, ImageIdSchema, ShapeSchema, TemplateIdSchema } from './environment.ts';

export const SnapshotSchema = record(
  {
    id: TemplateIdSchema,
    name: text('Unique among the snapshots of its environment.'),
    environment: text('Name of the environment that it belongs to, and with which it goes.'),
    environmentId: EnvironmentIdSchema,
    parent: Type.Optional(text('Name of the snapshot that it grew from.')),
    createdAt: moment('When it was taken.'),
    description: Type.Optional(text('What the user noted.')),
    automatic: flag('Berth made it before a restore.'),
    memory: flag('It holds what ran, too.'),
    consistency: Type.Enum(['memory', 'file-system', 'crash'], {
      description:
        'How well its disk holds together: with the memory of the same moment; as the guest wrote it in full; as after a power cut.',
    }),
    current: flag('What the environment is like now grew from this one.'),
    image: ImageIdSchema,
    shape: ShapeSchema,
    diskBytes: count('Bytes that its own memory and disk layer occupy on the host.'),
    layers: count('How many disk layers lie below its own.'),
  },
  { title: 'Snapshot', description: 'An environment at one moment, to which it can be brought back.' },
);

export const SnapshotRequestSchema = record(
  {
    name: Type.Optional(name('Name of the snapshot; default: made of the time.')),
    memory: Type.Optional(flag('Also what is in memory, where a machine runs; default false.')),
    description: Type.Optional(Type.String({ maxLength: 200, description: 'What to note.' })),
  },
  { title: 'SnapshotRequest', description: 'Take a snapshot of an environment, which goes on running.' },
);

export const RestoreRequestSchema = record(
  {
    memory: Type.Optional(
      flag('Go on from its memory; false: boot from its disk. Default: as it was taken.'),
    ),
    discard: Type.Optional(flag('Keep no snapshot of what the environment was before; default false.')),
  },
  { title: 'RestoreRequest', description: 'Bring an environment back to a snapshot.' },
);

export const DefinitionChangeSchema = record(
  {
    what: Type.Enum(['service', 'image', 'port', 'shape', 'guest-image', 'variable', 'compose'], {
      description: 'What has changed.',
    }),
    name: text('Which one.'),
    before: Type.Optional(text('Absent: it was not there.')),
    after: Type.Optional(text('Absent: it is gone.')),
  },
  { title: 'DefinitionChange', description: 'How a definition differs between two moments.' },
);

export const SnapshotDiffSchema = record(
  {
    environment: text('Name of the environment.'),
    from: text('Name of the earlier snapshot.'),
    to: Type.Optional(text('Name of the other; absent: the environment as it is now.')),
    changedBytes: count(
      'Bytes of disk that were written on one side or the other since both were the same; what differs is at most that.',
    ),
    definition: list(DefinitionChangeSchema, { description: 'What of its definition differs.' }),
  },
  { title: 'SnapshotDiff', description: 'What differs between two moments of an environment.' },
);
