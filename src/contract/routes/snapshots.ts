import { Type } from 'typebox';
import type { Route } from '../route.ts';
import { list, record, reference } from '../schemas/building-blocks.ts';
import {
  OperationSchema,
  RestoreRequestSchema,
  SnapshotDiffSchema,
  SnapshotRequestSchema,
  SnapshotSchema,
} from '../schemas/index.ts';

const environment = record({ name: reference('Name or id of the environment.') });
const params = record({
  name: reference('Name or id of the environment.'),
  snapshot: reference('Name or id of the snapshot.'),
});
const path = '/environments/:name/snapshots/:snapshot';

export const snapshotRoutes = {
  'snapshots.list': {
    method: 'GET',
    path: '/snapshots',
    summary: 'List snapshots',
    status: 200,
    query: record({
      environment: Type.Optional(reference('Only those of this environment; default: all.')),
    }),
    response: list(SnapshotSchema),
    errors: ['not-found'],
  },
  'snapshots.create': {
    method: 'POST',
    path: '/environments/:name/snapshots',
    summary: 'Take a snapshot of an environment in any state; it goes on as it is',
    status: 202,
    params: environment,
    body: SnapshotRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: ['not-found', 'not-running', 'name-invalid', 'name-taken', 'conflict', 'disk-full'],
  },
  'snapshots.restore': {
    method: 'POST',
    path: `${path}/restore`,
    summary: 'Bring an environment back to a snapshot',
    description:
      'What it was before is kept as a snapshot, unless that is not wanted. It goes back to that when the restored machine does not come up.',
    status: 202,
    params,
    body: RestoreRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: [
      'not-found',
      'not-running',
      'bad-request',
      'conflict',
      'template-invalid',
      'capacity-exceeded',
      'port-in-use',
      'disk-full',
    ],
  },
  'snapshots.diff': {
    method: 'GET',
    path: `${path}/diff`,
    summary: 'Tell what differs between a snapshot and another, or now',
    status: 200,
    params,
    query: record({
      to: Type.Optional(reference('Name or id of the other snapshot; default: the environment as it is.')),
    }),
    response: SnapshotDiffSchema,
    errors: ['not-found'],
  },
  'snapshots.remove': {
    method: 'DELETE',
    path,
    summary: 'Remove a snapshot',
    description: 'Those that grew from it stay, and grow from the one that it grew from.',
    status: 204,
    params,
    errors: ['not-found', 'conflict'],
  },
} as const satisfies Record<string, Route>;
