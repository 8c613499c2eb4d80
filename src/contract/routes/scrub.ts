import type { Route } from '../route.ts';
import { OperationSchema, ScrubReportSchema } from '../schemas/index.ts';

export const scrubRoutes = {
  'scrub.get': {
    method: 'GET',
    path: '/scrub',
    summary: 'What the last comparison of everything that is saved with its hashes has found',
    status: 200,
    response: ScrubReportSchema,
    errors: ['not-found'],
  },
  'scrub.create': {
    method: 'POST',
    path: '/scrub',
    summary: 'Compare everything that is saved with its hashes now',
    description: 'The result names what is damaged.',
    status: 202,
    response: OperationSchema,
    idempotent: true,
    errors: [],
  },
} as const satisfies Record<string, Route>;
