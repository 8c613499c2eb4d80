import { formatBytes, formatDuration } from '../../base/index.ts';
import {
  type Environment,
  type EnvironmentState,
  type EnvironmentStorage,
  type ForkReport,
  formatShape,
  type HostPort,
  type PublishedPort,
  type Replicas,
  type ReplicaStatus,
  type Rest,
  type ServiceStatus,
} from '../../model/index.ts';
import type { Style } from '../terminal/style.ts';
import { formatAge } from './age.ts';
import type { Column } from './table.ts';

/** `127.88.0.2:8080`; IPv6 addresses in brackets. */
export function endpoint(port: Pick<PublishedPort, 'hostAddress' | 'hostPort'>): string {
  const address = port.hostAddress.includes(':') ? `[${port.hostAddress}]` : port.hostAddress;
  return `${address}:${port.hostPort}`;
}

/** `127.88.0.2:8080 → web:80`, with `/udp` where it is not TCP, and why where it is not open. */
export function portLine(port: PublishedPort): string {
  const protocol = port.protocol === 'tcp' ? '' : `/${port.protocol}`;
  const { service, container, problem } = port;
  const by = container === undefined || container === service ? '' : ` (${container})`;
  const closed = problem === undefined ? '' : `  not open: ${problem}`;
  return `${endpoint(port)} → ${service}:${port.containerPort}${protocol}${by}${closed}`;
}

const RESTING: ReadonlySet<EnvironmentState> = new Set(['stopped', 'frozen', 'asleep']);

/** The colour of a state: green is well, yellow is on its way or half well, red is not well. */
export function paintState(state: EnvironmentState, style: Style): (text: string) => string {
  if (state === 'running') return style.green;
  if (state === 'failed' || state === 'crashed') return style.red;
  return RESTING.has(state) ? style.dim : style.yellow;
}

/** Columns of `berth ls`; that of replicas where there are some. */
export function environmentColumns(
  style: Style,
  nowMs: number,
  environments: readonly Environment[],
): Column<Environment>[] {
  const replicas = environments.some((one) => replicasCell(one) !== undefined)
    ? [{ title: 'REPLICAS', cell: replicasCell }]
    : [];
  return [
    { title: 'NAME', cell: (one) => one.name, paint: style.bold },
    { title: 'STATE', cell: stateOf, paint: (text, one) => paintState(one.state, style)(text) },
    { title: 'ADDRESS', cell: (one) => one.address },
    { title: 'PORTS', cell: (one) => portSummary(one) },
    { title: 'SHAPE', cell: (one) => formatShape(one.shape) },
    { title: 'FROM', cell: (one) => one.parent },
    ...replicas,
    { title: 'AGE', cell: (one) => formatAge(one.createdAt, nowMs), align: 'right' },
  ];
}

/** `2/3`, `1/1-5`; of a replica what it is one of. */
function replicasCell({ replicaOf, parent, replicas }: Environment): string | undefined {
  if (replicaOf !== undefined) return `of ${parent ?? replicaOf}`;
  if (replicas === undefined) return undefined;
  const { min, max, machines } = replicas;
  const up = machines.filter(({ health }) => health === 'up').length;
  return `${up}/${min === max ? max : `${min}-${max}`}`;
}

/** A disk that is nearly full is told beside the state, since the environment still runs. */
function stateOf({ state, storage }: Environment): string {
  return storage?.nearlyFull === true ? `${state}, disk ${percentFull(storage)} full` : state;
}

function percentFull({ usedBytes = 0, availableBytes = 0 }: EnvironmentStorage): string {
  return `${Math.round((usedBytes / Math.max(1, usedBytes + availableBytes)) * 100)} %`;
}

/** `1.2 GiB of 7.6 GiB in use, 240 MiB on the host`, and what to do when little is left. */
function storageFact({ name, shape, storage }: Environment): string | undefined {
  if (storage === undefined) return undefined;
  const { usedBytes, availableBytes, allocatedBytes, nearlyFull } = storage;
  const onHost = `${formatBytes(allocatedBytes)} of its own on the host`;
  if (usedBytes === undefined || availableBytes === undefined) return onHost;
  const total = formatBytes(usedBytes + availableBytes);
  const remedy =
    nearlyFull === true ? `; nearly full: ./berth resize ${name} --disk ${shape.diskGib * 2}GiB` : '';
  return `${formatBytes(usedBytes)} of ${total} in use, ${onHost}${remedy}`;
}

/** Ports on the environment's own address as numbers, neighbours as a range, others in full; `!` where one is not open. */
function portSummary(environment: Environment): string {
  const parts: { text: string; first: number; last: number; suffix: string }[] = [];
  for (const port of environment.ports) {
    const suffix = `${port.protocol === 'udp' ? '/udp' : ''}${port.problem === undefined ? '' : '!'}`;
    const previous = parts.at(-1);
    if (port.hostAddress !== environment.address)
      parts.push({ text: endpoint(port), first: 0, last: 0, suffix });
    else if (previous?.last === port.hostPort - 1 && previous.suffix === suffix && previous.text === '')
      previous.last = port.hostPort;
    else parts.push({ text: '', first: port.hostPort, last: port.hostPort, suffix });
  }
  return parts
    .map(({ text, first, last, suffix }) => {
      const range = first === last ? String(first) : `${first}-${last}`;
      return `${text === '' ? range : text}${suffix}`;
    })
    .join(', ');
}

/** Columns of `berth ps`. */
export function serviceColumns(
  ports: readonly PublishedPort[],
  style: Style,
  nowMs: number,
): Column<ServiceStatus>[] {
  return [
    { title: 'SERVICE', cell: (one) => one.name, paint: style.bold },
    {
      title: 'STATE',
      cell: stateText,
      paint: (text, one) => (one.state === 'running' ? style.green : style.yellow)(text),
    },
    { title: 'HEALTH', cell: (one) => one.health },
    {
      title: 'PORTS',
      cell: (one) =>
        ports
          .filter((port) => port.service === one.name)
          .map(portLine)
          .join(', '),
    },
    { title: 'IMAGE', cell: (one) => one.image },
    {
      title: 'STARTED',
      cell: (one) => (one.startedAt === undefined ? undefined : `${formatAge(one.startedAt, nowMs)} ago`),
    },
  ];
}

function stateText(service: ServiceStatus): string {
  const { state, exitCode, restarts } = service;
  const ended = exitCode === undefined || state === 'running' ? state : `${state} (${exitCode})`;
  return restarts === undefined ? ended : `${ended}, ${restarts} restarts`;
}

/** One line with everything that a fork cost: `freeze 120 ms, clone 15 ms; 38 MiB written`. */
export function forkCost(report: ForkReport): string {
  const steps = Object.entries(report.steps).map(([step, ms]) => `${step} ${formatDuration(ms)}`);
  const frozen =
    report.frozenBytes > 0 ? [`${formatBytes(report.frozenBytes)} written to freeze ${report.from}`] : [];
  return [...steps, ...frozen].join(', ');
}

/** What `berth scale` ends with. */
export function replicaLines({ name, replicas }: Environment): string[] {
  if (replicas === undefined) return [`${name} answers by itself`];
  const up = replicas.machines.filter(({ health }) => health === 'up');
  return [
    `${up.length} machines answer for ${name}`,
    ...replicas.machines.map((one) => `  ${machineText(one)}`),
  ];
}

function machineText({ name, health, connections }: ReplicaStatus): string {
  return `${name}: ${health}, ${connections} connections`;
}

/** Lines of `berth inspect` and of the end of `berth up`: what a person wants to know of one environment. */
export function describeEnvironment(environment: Environment, nowMs: number): (readonly [string, string])[] {
  const facts: (readonly [string, string | undefined])[] = [
    ['name', environment.name],
    ['id', environment.id],
    ['state', environment.state],
    ['reason', environment.reason],
    ['rest', restFact(environment.rest, nowMs)],
    ['address', environment.address],
    ...environment.ports.map((port) => ['port', portLine(port)] as const),
    ['docker', `unix://${environment.dockerSocket}`],
    ['host access', hostAccessFact(environment.hostAccess)],
    ['shape', `${formatShape(environment.shape)}, disk ${environment.shape.diskGib} GiB`],
    ['disk', storageFact(environment)],
    ['image', environment.image],
    ['template', environment.template],
    ['forked from', environment.parent],
    ['replica of', environment.replicaOf],
    ...replicaFacts(environment.replicas),
    ['created', `${environment.createdAt} (${formatAge(environment.createdAt, nowMs)} ago)`],
    ['ready', environment.readyAt],
    ['process', environment.pid === undefined ? undefined : String(environment.pid)],
    ['namespace', environment.namespace],
    ['operation', environment.operation],
    ...forkFacts(environment.fork),
    ...environment.services.map((service) => ['service', serviceFact(service)] as const),
  ];
  return facts.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}

function replicaFacts(replicas: Replicas | undefined): (readonly [string, string])[] {
  if (replicas === undefined) return [];
  const { min, max, target, value, machines } = replicas;
  const unit = { connections: 'connections', cpu: '% of a core', latency: 'ms until it answers' }[target];
  const bounds = min === max ? `${max}` : `${min} to ${max}, each with at most ${value} ${unit}`;
  return [['machines', bounds], ...machines.map((one) => ['machine', machineText(one)] as const)];
}

function forkFacts(fork: ForkReport | undefined): (readonly [string, string])[] {
  if (fork === undefined) return [];
  const pause = fork.parentPausedMs > 0 ? `, parent paused ${formatDuration(fork.parentPausedMs)}` : '';
  return [['fork', `ready after ${formatDuration(fork.readyMs)}${pause}; ${forkCost(fork)}`]];
}

function restFact(rest: Rest | undefined, nowMs: number): string | undefined {
  if (rest === undefined) return undefined;
  const saved = rest.savedBytes === undefined ? '' : `; ${formatBytes(rest.savedBytes)} kept on disk`;
  return `for ${formatAge(rest.since, nowMs)}: ${rest.cause}${saved}`;
}

function hostAccessFact(ports: readonly HostPort[] = []): string | undefined {
  if (ports.length === 0) return undefined;
  return ports.map(({ port, protocol }) => (protocol === 'tcp' ? String(port) : `${port}/udp`)).join(', ');
}

function serviceFact(service: ServiceStatus): string {
  const health = service.health === undefined ? '' : `, ${service.health}`;
  return `${service.name}: ${stateText(service)}${health} (${service.image})`;
}
