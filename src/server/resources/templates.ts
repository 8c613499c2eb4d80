import type { HandlersOf } from '../call.ts';
import type { TemplateService } from '../services.ts';

export function templateHandlers(templates: TemplateService): HandlersOf<'templates'> {
  return {
    'templates.list': () => templates.list(),
    'templates.create': ({ body, start }) => templates.create(body, start),
    'templates.warm': ({ params, body }) => templates.warm(params.ref, body),
    'templates.remove': async ({ params }) => {
      await templates.remove(params.ref);
      return undefined;
    },
  };
}
