import type { HandlersOf } from '../call.ts';
import type { OperationService } from '../services.ts';

export function operationHandlers(operations: OperationService): HandlersOf<'operations'> {
  return {
    'operations.list': () => operations.list(),
    'operations.get': ({ params }) => operations.get(params.id),
    'operations.cancel': ({ params }) => operations.cancel(params.id),
    'operations.events': async ({ params, signal }) => operations.watch(params.id, signal),
  };
}
