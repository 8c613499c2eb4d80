import { Type } from 'typebox';
import { count, flag, list, moment, name, record, text } from './building-blocks.ts';

/** A volume's name in the machine, or in the Compose file. */
export const VolumeNameSchema = Type.String({
  pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,98}$',
  description: 'Name of the volume in the Compose file or in the machine.',
});

export const VolumeUserSchema = record(
  {
    container: text('Name of the container.'),
    service: Type.Optional(text('Its Compose service; absent for a container that Compose did not make.')),
    running: flag('True when it runs.'),
  },
  { title: 'VolumeUser', description: 'A container that has a volume.' },
);

export const VolumeSchema = record(
  {
    environment: name('Name of the environment.'),
    name: text('Its name in the machine.'),
    key: Type.Optional(text('Its name in the Compose file; absent for one that Compose did not make.')),
    state: Type.Enum(['live', 'stopped', 'kept'], {
      description:
        '`live`: seen in the machine now; `stopped`: as last seen, the machine does not run; `kept`: its environment was removed, and the next one of that name gets it.',
    }),
    sizeBytes: count('Bytes that its content takes in the machine.'),
    createdAt: Type.Optional(moment('When it was made.')),
    usedBy: list(VolumeUserSchema, { description: 'Containers that have it, running or not.' }),
  },
  { title: 'Volume', description: 'A volume of an environment.' },
);
