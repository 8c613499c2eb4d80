import { Type } from 'typebox';
import { count, flag, moment, record, text } from './building-blocks.ts';
import { ImageIdSchema } from './environment.ts';

export const ImageSchema = record(
  {
    id: ImageIdSchema,
    name: text('Name of its recipe, for example `debian-13`.'),
    createdAt: moment('When it was built.'),
    recipeHash: text('Hash of the recipe and all of its files (sha256, hex).'),
    kernel: text('Kernel release inside.'),
    diskBytes: count('Bytes it occupies on the host.'),
    packages: Type.Record(Type.String(), Type.String(), {
      description: 'Installed packages, name → version.',
    }),
    files: Type.Record(Type.String(), Type.String(), {
      description: 'sha256 (hex) of each file, by file name.',
    }),
    current: flag('False when the recipe has changed since it was built.'),
  },
  { title: 'Image', description: 'A guest operating system on disk.' },
);

export const ImageBuildRequestSchema = record(
  { force: Type.Optional(flag('Build even if an image of the same recipe exists; default false.')) },
  { title: 'ImageBuildRequest', description: 'How to build an image.' },
);
