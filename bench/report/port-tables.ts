import { formatBytes, formatDuration } from '../../src/base/index.ts';
import type { Carrier, CarrierResult, HttpResult, PortStage } from '../result.ts';
import { ms, table, us } from './markdown.ts';

const CARRIERS: Readonly<Record<Carrier, string>> = {
  none: 'the server itself',
  nginx: 'through nginx’s stream proxy',
  haproxy: 'through haproxy',
  berth: 'through a published port',
};

export function portLines({ carriers, roundBytes, http }: PortStage): string[] {
  const each = (['none', 'nginx', 'haproxy', 'berth'] as const).flatMap((carrier) => {
    const result = carriers[carrier];
    return result === undefined ? [] : [[CARRIERS[carrier], result] as const];
  });
  const head = [
    ...['', `MiB/s, one connection, ${formatBytes(roundBytes)}`],
    ...['round trip, p50 / p99', 'with a new connection, p50 / p99'],
  ];
  const rows = each.map(([title, { mibPerSecond, roundTrip, connection }]) => [
    ...[title, mibPerSecond.p50.toFixed(0), `${us(roundTrip.p50)} / ${us(roundTrip.p99)}`],
    `${us(connection.p50)} / ${us(connection.p99)}`,
  ]);
  return [...table(head, rows), ...(http === undefined ? [] : httpLines(http, each))];
}

function httpLines(
  { connections, overMs }: NonNullable<PortStage['http']>,
  each: readonly (readonly [string, CarrierResult])[],
): string[] {
  const head = [
    ...['', 'kept connections: requests/s', 'latency, p50 / p99', 'errors'],
    ...['a connection per request: requests/s', 'latency, p50 / p99', 'errors'],
  ];
  const rows = each.map(([title, { keepAlive, perRequest }]) => [
    ...[title, ...httpCells(keepAlive), ...httpCells(perRequest)],
  ]);
  const rounds = each[0]?.[1].keepAlive?.requestsPerSecond.count ?? 0;
  return [
    '',
    `HTTP by wrk over ${connections} connections, medians of ${rounds} rounds of ${formatDuration(overMs)}:`,
    '',
    ...table(head, rows),
  ];
}

function httpCells(http: HttpResult | undefined): string[] {
  if (http === undefined) return ['–', '–', '–'];
  const { requestsPerSecond, latencyP50, latencyP99, errors } = http;
  return [requestsPerSecond.p50.toFixed(0), `${ms(latencyP50.p50)} / ${ms(latencyP99.p50)}`, String(errors)];
}
