import { Type } from 'typebox';
import { count, moment, name, record, reference, text } from './building-blocks.ts';
import { ImageIdSchema, ShapeSchema, TemplateIdSchema } from './environment.ts';

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
