import type { Route } from '../route.ts';
import { list, record, reference } from '../schemas/building-blocks.ts';
import { ImageBuildRequestSchema, ImageSchema, OperationSchema } from '../schemas/index.ts';

const params = record({ ref: reference('Id or name of the image.') });

export const imageRoutes = {
  'images.list': {
    method: 'GET',
    path: '/images',
    summary: 'List images',
    status: 200,
    response: list(ImageSchema),
    errors: [],
  },
  'images.get': {
    method: 'GET',
    path: '/images/:ref',
    summary: 'Show one image with its packages',
    status: 200,
    params,
    response: ImageSchema,
    errors: ['image-unknown'],
  },
  'images.build': {
    method: 'POST',
    path: '/images/:ref/build',
    summary: 'Build an image from the recipe of this name',
    status: 202,
    params: record({ ref: reference('Name of the recipe.') }),
    body: ImageBuildRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: ['image-unknown', 'tool-missing', 'not-root', 'disk-full'],
  },
  'images.remove': {
    method: 'DELETE',
    path: '/images/:ref',
    summary: 'Remove an image that nothing needs',
    status: 204,
    params,
    errors: ['image-unknown', 'image-in-use'],
  },
} as const satisfies Record<string, Route>;
