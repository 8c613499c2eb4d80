import type { HandlersOf } from '../call.ts';
import type { ImageService } from '../services.ts';

export function imageHandlers(images: ImageService): HandlersOf<'images'> {
  return {
    'images.list': () => images.list(),
    'images.get': ({ params }) => images.get(params.ref),
    'images.build': ({ params, body, start }) => images.build(params.ref, body, start),
    'images.remove': async ({ params }) => {
      await images.remove(params.ref);
      return undefined;
    },
  };
}
