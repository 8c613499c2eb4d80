import type { Route } from '../route.ts';
import { DoctorReportSchema, OperationSchema, RepairRequestSchema } from '../schemas/index.ts';

export const doctorRoutes = {
  'doctor.get': {
    method: 'GET',
    path: '/doctor',
    summary: 'Compare what is written down with what is on the host',
    description: 'Changes nothing. What an operation under way is using is left out.',
    status: 200,
    response: DoctorReportSchema,
    errors: [],
  },
  'doctor.repair': {
    method: 'POST',
    path: '/doctor/repair',
    summary: 'Mend what differs',
    description:
      'Looks twice and mends what differs both times, each as a step of the operation, as the daemon does by itself within a minute. No machine that belongs to an environment is ended.',
    status: 202,
    body: RepairRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: [],
  },
  'doctor.bundle': {
    method: 'GET',
    path: '/doctor/bundle',
    summary: 'Read what somebody needs who is to help, as a tar.gz archive',
    description:
      'The archive arrives on the stdout channel; it is whole only when the exit code 0 follows. Values of variables, Compose files, credentials and keys are not in it.',
    status: 101,
    stream: 'websocket',
    errors: [],
  },
} as const satisfies Record<string, Route>;
