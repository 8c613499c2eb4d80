import type { Route } from '../route.ts';
import { list, record } from '../schemas/building-blocks.ts';
import { OperationIdSchema, OperationSchema } from '../schemas/index.ts';

const params = record({ id: OperationIdSchema });

export const operationRoutes = {
  'operations.list': {
    method: 'GET',
    path: '/operations',
    summary: 'List operations, newest first',
    status: 200,
    response: list(OperationSchema),
    errors: [],
  },
  'operations.get': {
    method: 'GET',
    path: '/operations/:id',
    summary: 'Show one operation',
    status: 200,
    params,
    response: OperationSchema,
    errors: ['not-found'],
  },
  'operations.cancel': {
    method: 'POST',
    path: '/operations/:id/cancel',
    summary: 'Ask an operation to stop and undo what it did',
    description: 'Answers with the operation in state `cancelling`. One that has ended is returned as it is.',
    status: 202,
    params,
    response: OperationSchema,
    errors: ['not-found'],
  },
  'operations.events': {
    method: 'GET',
    path: '/operations/:id/events',
    summary: 'Follow one operation as server-sent events',
    description:
      'The whole operation at once, then again on every change; the stream ends when the operation has.',
    status: 200,
    params,
    response: OperationSchema,
    stream: 'sse',
    errors: ['not-found'],
  },
} as const satisfies Record<string, Route>;
