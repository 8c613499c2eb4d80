import { Type } from 'typebox';
import type { Route } from '../route.ts';
import { count, flag, record } from '../schemas/building-blocks.ts';
import {
  DaemonStatusSchema,
  EventSchema,
  OperationSchema,
  PurgeRequestSchema,
  VersionInfoSchema,
} from '../schemas/index.ts';

export const daemonRoutes = {
  'version.get': {
    method: 'GET',
    path: '/version',
    summary: 'Versions of the daemon and what it stands on',
    status: 200,
    response: VersionInfoSchema,
    errors: [],
  },
  'daemon.get': {
    method: 'GET',
    path: '/daemon',
    summary: 'Status of the daemon',
    status: 200,
    response: DaemonStatusSchema,
    errors: [],
  },
  'daemon.stop': {
    method: 'POST',
    path: '/daemon/stop',
    summary: 'Stop the daemon; machines go on',
    description: 'Answers first, then stops. A machine that runs is adopted by the next daemon.',
    status: 204,
    errors: [],
  },
  'purge.create': {
    method: 'POST',
    path: '/purge',
    summary: 'Remove every environment, template and, unless told otherwise, image',
    status: 202,
    body: PurgeRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: ['conflict'],
  },
  'events.list': {
    method: 'GET',
    path: '/events',
    summary: 'Read events as server-sent events',
    description:
      'Each has its sequence as `id`, so a client that lost the connection resumes with `Last-Event-ID`. Without `follow` the stream ends with the newest event.',
    status: 200,
    query: record({
      follow: Type.Optional(flag('Go on as events happen; default false.')),
      after: Type.Optional(count('Only events with a higher sequence; `Last-Event-ID` comes before it.')),
    }),
    response: EventSchema,
    stream: 'sse',
    resumeField: 'sequence',
    errors: [],
  },
} as const satisfies Record<string, Route>;
