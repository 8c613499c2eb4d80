import { Type } from 'typebox';
import { count, moment, name, record, reference, text } from './building-blocks.ts';
import { ImageIdSchema, ShapeSchema, TemplateIdSchema } from './environment.ts';

export const WarmPoolSchema = record(
  {
    min: count('At least as many are kept.'),
    max: count('At most as many are kept: those that were taken within the last minute.'),
    ready: count('How many can be taken now.'),
    making: count('How many are being made.'),
    hits: count('Forks that found one ready, since the daemon started.'),
    misses: count('Forks that did not.'),
    oldestAgeMs: Type.Optional(count('Age of the oldest that is ready, in ms.')),
    problem: Type.Optional(text('Why the last one could not be made; it is tried again.')),
  },
  { title: 'WarmPool', description: 'The forks of a template that are kept ready to be taken.' },
);

const members = (description: string) => Type.Integer({ minimum: 0, maximum: 100, description });

export const WarmRequestSchema = record(
  {
    min: members('How many are kept at least.'),
    max: members('How many are kept at most while many are taken; 0: none, and no pool.'),
  },
  { title: 'WarmRequest', description: 'Keep forks of a template ready.' },
);

export const TemplateSchema = record(
  {
    id: TemplateIdSchema,
    name: text('`base-…` for a booted guest without containers; otherwise as the user named it.'),
    kind: Type.Enum(['base', 'environment', 'fork-point'], { description: 'What it was made for.' }),
    image: ImageIdSchema,
    shape: ShapeSchema,
    createdAt: moment('When it was frozen.'),
    source: Type.Optional(text('Environment it was frozen from, by name.')),
    diskBytes: count('Bytes its memory, device state and disk layer occupy on the host.'),
    users: count('Environments and templates that need it.'),
    qemuVersion: text('QEMU that made it and alone may load it.'),
    machineType: text('Versioned machine type.'),
    accelerator: text('`kvm` or `tcg`.'),
    warm: Type.Optional(WarmPoolSchema),
  },
  { title: 'Template', description: 'A machine frozen at one moment, from which forks start.' },
);

export const TemplateRequestSchema = record(
  {
    environment: reference('Name or id of the running environment to freeze.'),
    name: name('Name of the template.'),
  },
  { title: 'TemplateRequest', description: 'Freeze a running environment as a named template.' },
);
