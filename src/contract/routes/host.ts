import type { Route } from '../route.ts';
import { HostReportSchema, OperationSchema, SetupPlanSchema, SetupRequestSchema } from '../schemas/index.ts';

export const hostRoutes = {
  'host.report': {
    method: 'GET',
    path: '/host/report',
    summary: 'Examine the host',
    status: 200,
    response: HostReportSchema,
    errors: [],
  },
  'host.setup-plan': {
    method: 'GET',
    path: '/host/setup/plan',
    summary: 'Say what the set-up would install, and why',
    status: 200,
    response: SetupPlanSchema,
    errors: [],
  },
  'host.setup': {
    method: 'POST',
    path: '/host/setup',
    summary: 'Install what is missing on the host',
    description: 'The plan is shown as the steps of the operation.',
    status: 202,
    body: SetupRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: ['not-root', 'host-setup-failed'],
  },
} as const satisfies Record<string, Route>;
