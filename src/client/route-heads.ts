import type { API_PREFIX, IDEMPOTENCY_HEADER, RouteId, Routes } from '../contract/index.ts';

// Written out, and not taken from the contract at run time: its schemas bring a library with them that takes longer to
// load than most calls take to answer. The types make each value the one of the contract, and none can be missing.

/** What a client must know of a route to call it. */
type Head<R> = Pick<R, Extract<keyof R, 'method' | 'path' | 'stream' | 'idempotent'>>;

export const prefix: typeof API_PREFIX = '/v1';
export const idempotencyHeader: typeof IDEMPOTENCY_HEADER = 'idempotency-key';

export const routeHeads: { readonly [Id in RouteId]: Head<Routes[Id]> } = {
  'version.get': { method: 'GET', path: '/version' },
  'daemon.get': { method: 'GET', path: '/daemon' },
  'daemon.stop': { method: 'POST', path: '/daemon/stop' },
  'purge.create': { method: 'POST', path: '/purge', idempotent: true },
  'events.list': { method: 'GET', path: '/events', stream: 'sse' },
  'doctor.get': { method: 'GET', path: '/doctor' },
  'doctor.repair': { method: 'POST', path: '/doctor/repair', idempotent: true },
  'doctor.bundle': { method: 'GET', path: '/doctor/bundle', stream: 'websocket' },
  'host.report': { method: 'GET', path: '/host/report' },
  'host.setup-plan': { method: 'GET', path: '/host/setup/plan' },
  'host.setup': { method: 'POST', path: '/host/setup', idempotent: true },
  'capacity.get': { method: 'GET', path: '/capacity' },
  'images.list': { method: 'GET', path: '/images' },
  'images.get': { method: 'GET', path: '/images/:ref' },
  'images.build': { method: 'POST', path: '/images/:ref/build', idempotent: true },
  'images.remove': { method: 'DELETE', path: '/images/:ref' },
  'cache.list': { method: 'GET', path: '/cache' },
  'cache.prune': { method: 'POST', path: '/cache/prune', idempotent: true },
  'cache.needed': { method: 'POST', path: '/registries/needed' },
  'templates.list': { method: 'GET', path: '/templates' },
  'templates.create': { method: 'POST', path: '/templates', idempotent: true },
  'templates.warm': { method: 'POST', path: '/templates/:ref/warm' },
  'templates.remove': { method: 'DELETE', path: '/templates/:ref' },
  'environments.list': { method: 'GET', path: '/environments' },
  'environments.get': { method: 'GET', path: '/environments/:name' },
  'environments.up': { method: 'POST', path: '/environments', idempotent: true },
  'environments.remove': { method: 'DELETE', path: '/environments/:name', idempotent: true },
  'environments.start': { method: 'POST', path: '/environments/:name/start', idempotent: true },
  'environments.stop': { method: 'POST', path: '/environments/:name/stop', idempotent: true },
  'environments.restart': { method: 'POST', path: '/environments/:name/restart', idempotent: true },
  'environments.sleep': { method: 'POST', path: '/environments/:name/sleep', idempotent: true },
  'environments.wake': { method: 'POST', path: '/environments/:name/wake', idempotent: true },
  'environments.scale': { method: 'POST', path: '/environments/:name/scale', idempotent: true },
  'environments.resize': { method: 'POST', path: '/environments/:name/resize', idempotent: true },
  'environments.trim': { method: 'POST', path: '/environments/:name/trim', idempotent: true },
  'forks.create': { method: 'POST', path: '/forks', idempotent: true },
  'environments.stats': { method: 'GET', path: '/environments/:name/stats' },
  'stats.list': { method: 'GET', path: '/stats' },
  'environments.services': { method: 'GET', path: '/environments/:name/services' },
  'environments.logs': { method: 'GET', path: '/environments/:name/logs', stream: 'ndjson' },
  'environments.console': { method: 'GET', path: '/environments/:name/console', stream: 'text' },
  'environments.exec': { method: 'GET', path: '/environments/:name/exec', stream: 'websocket' },
  'environments.shell': { method: 'GET', path: '/environments/:name/shell', stream: 'websocket' },
  'environments.files': { method: 'GET', path: '/environments/:name/files', stream: 'websocket' },
  'volumes.list': { method: 'GET', path: '/volumes' },
  'volumes.get': { method: 'GET', path: '/environments/:name/volumes/:volume' },
  'volumes.remove': { method: 'DELETE', path: '/environments/:name/volumes/:volume' },
  'volumes.export': {
    method: 'GET',
    path: '/environments/:name/volumes/:volume/export',
    stream: 'websocket',
  },
  'volumes.import': {
    method: 'GET',
    path: '/environments/:name/volumes/:volume/import',
    stream: 'websocket',
  },
  'operations.list': { method: 'GET', path: '/operations' },
  'operations.get': { method: 'GET', path: '/operations/:id' },
  'operations.cancel': { method: 'POST', path: '/operations/:id/cancel' },
  'operations.events': { method: 'GET', path: '/operations/:id/events', stream: 'sse' },
};
