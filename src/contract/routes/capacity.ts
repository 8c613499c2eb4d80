import type { Route } from '../route.ts';
import { CapacityQuerySchema, CapacityReportSchema } from '../schemas/index.ts';

export const capacityRoutes = {
  'capacity.get': {
    method: 'GET',
    path: '/capacity',
    summary: 'Tell how many more environments fit, what limits, and what would be if',
    description: 'The same figures decide whether `up`, `fork` and `start` are admitted.',
    status: 200,
    query: CapacityQuerySchema,
    response: CapacityReportSchema,
    errors: ['not-found'],
  },
} as const satisfies Record<string, Route>;
