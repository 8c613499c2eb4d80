import type { HandlersOf } from '../call.ts';
import type { ScrubService } from '../services.ts';

export function scrubHandlers(scrub: ScrubService): HandlersOf<'scrub'> {
  return {
    'scrub.get': () => scrub.report(),
    'scrub.create': ({ start }) => scrub.start(start),
  };
}
