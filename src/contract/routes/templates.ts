import type { Route } from '../route.ts';
import { list, record, reference } from '../schemas/building-blocks.ts';
import {
  OperationSchema,
  TemplateRequestSchema,
  TemplateSchema,
  WarmRequestSchema,
} from '../schemas/index.ts';

export const templateRoutes = {
  'templates.list': {
    method: 'GET',
    path: '/templates',
    summary: 'List templates',
    status: 200,
    response: list(TemplateSchema),
    errors: [],
  },
  'templates.create': {
    method: 'POST',
    path: '/templates',
    summary: 'Freeze a running environment as a named template; it goes on running',
    status: 202,
    body: TemplateRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: ['not-found', 'not-running', 'name-invalid', 'name-taken', 'conflict', 'disk-full'],
  },
  'templates.warm': {
    method: 'POST',
    path: '/templates/:ref/warm',
    summary: 'Set how many forks of a template are kept ready to be taken',
    status: 200,
    params: record({ ref: reference('Id or name of the template.') }),
    body: WarmRequestSchema,
    response: TemplateSchema,
    errors: ['not-found', 'bad-request'],
  },
  'templates.remove': {
    method: 'DELETE',
    path: '/templates/:ref',
    summary: 'Remove a template that nothing needs',
    status: 204,
    params: record({ ref: reference('Id or name of the template.') }),
    errors: ['not-found', 'template-in-use'],
  },
} as const satisfies Record<string, Route>;
