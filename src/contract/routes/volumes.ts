import { Type } from 'typebox';
import type { Route } from '../route.ts';
import { flag, list, record, reference } from '../schemas/building-blocks.ts';
import { VolumeNameSchema, VolumeSchema } from '../schemas/index.ts';

const params = record({
  name: reference('Name or id of the environment.'),
  volume: VolumeNameSchema,
});
const query = record({
  kept: Type.Optional(flag('The one that a removed environment of this name left behind; default false.')),
});
const path = '/environments/:name/volumes/:volume';

export const volumeRoutes = {
  'volumes.list': {
    method: 'GET',
    path: '/volumes',
    summary: 'List volumes',
    description:
      'Those of machines that run are looked at, with the size of their content; others are shown as last seen.',
    status: 200,
    query: record({
      environment: Type.Optional(reference('Only those of this environment; default: all.')),
    }),
    response: list(VolumeSchema),
    errors: ['not-found', 'guest-unreachable', 'engine-failed'],
  },
  'volumes.get': {
    method: 'GET',
    path,
    summary: 'Show one volume',
    status: 200,
    params,
    query,
    response: VolumeSchema,
    errors: ['not-found', 'guest-unreachable', 'engine-failed'],
  },
  'volumes.remove': {
    method: 'DELETE',
    path,
    summary: 'Remove a volume that no container has',
    status: 204,
    params,
    query,
    errors: ['not-found', 'not-running', 'volume-in-use', 'conflict', 'guest-unreachable', 'engine-failed'],
  },
  'volumes.export': {
    method: 'GET',
    path: `${path}/export`,
    summary: 'Read the content of a volume as a tar archive',
    description: 'The archive arrives on the stdout channel; it is whole only when the exit code 0 follows.',
    status: 101,
    params,
    query,
    stream: 'websocket',
    errors: ['not-found', 'not-running', 'guest-unreachable', 'engine-failed', 'guest-command-failed'],
  },
  'volumes.import': {
    method: 'GET',
    path: `${path}/import`,
    summary: 'Replace the content of a volume by a tar archive',
    description:
      'The archive is sent on the stdin channel and ends with `eof`. The content changes at once when all of it has arrived, or not at all.',
    status: 101,
    params,
    query: record({
      force: Type.Optional(flag('Stop containers that run with it for the change; default false.')),
    }),
    stream: 'websocket',
    errors: [
      'not-found',
      'not-running',
      'volume-in-use',
      'conflict',
      'archive-invalid',
      'guest-disk-full',
      'guest-unreachable',
      'engine-failed',
    ],
  },
} as const satisfies Record<string, Route>;
