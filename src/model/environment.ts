import type { EnvironmentId, ImageId, OperationId, TemplateId } from './ids.ts';
import type { Rest } from './idle-policy.ts';
import type { Replicas } from './replicas.ts';
import type { Shape } from './shape.ts';

/**
 * What an environment is doing, as seen from outside:
 * - `creating`: its first `up` or `fork` has not finished
 * - `starting`: its machine boots or its services are not ready yet
 * - `running`: every service is ready and every published TCP port accepts
 * - `degraded`: the machine runs, at least one service is not ready
 * - `frozen`: its virtual CPUs stand still and use nothing; its memory is kept; a connection wakes it
 * - `asleep`: no process, no memory; what it did is kept on disk and goes on with the next connection
 * - `stopping`: on its way to `stopped`
 * - `stopped`: no process, no memory; the disk is kept
 * - `crashed`: the machine ended without being asked to
 * - `failed`: `up` or `fork` did not finish; only `rm` helps
 * - `removing`: on its way out
 */
export type EnvironmentState =
  | 'creating'
  | 'starting'
  | 'running'
  | 'degraded'
  | 'frozen'
  | 'asleep'
  | 'stopping'
  | 'stopped'
  | 'crashed'
  | 'failed'
  | 'removing';

export type Protocol = 'tcp' | 'udp';

/** A port of the host's own. */
export interface HostPort {
  readonly protocol: Protocol;
  readonly port: number;
}

/** One published port: `hostAddress:hostPort` on the host is carried to `guestPort` in the machine. */
export interface PublishedPort {
  /** Compose service that publishes it; the container's name when it is no service's. */
  readonly service: string;
  /** Container that publishes it, where the port follows a container; absent for the ports of the Compose file. */
  readonly container?: string;
  readonly protocol: Protocol;
  /** Address on the host, by default the environment's own `127.88.x.y`. */
  readonly hostAddress: string;
  readonly hostPort: number;
  /** Port inside the machine on which the container engine publishes the container's port. */
  readonly guestPort: number;
  /** Port inside the container. */
  readonly containerPort: number;
  /** Why it is not open at the moment; it is tried again. Absent while it is open. */
  readonly problem?: string;
}

/** One Compose service as last seen in the machine. */
export interface ServiceStatus {
  readonly name: string;
  readonly container: string;
  readonly image: string;
  /** Container engine's word: `created`, `running`, `exited`, `paused`, `dead`, … */
  readonly state: string;
  /** `healthy`, `unhealthy` or `starting`; absent when the service has no health check. */
  readonly health?: string;
  /** Exit code of a container that ended. */
  readonly exitCode?: number;
  /** How often the engine has started it again by itself; absent when it never has. */
  readonly restarts?: number;
  readonly startedAt?: string;
}

/** Time and cost of the fork that made an environment, all measured. */
export interface ForkReport {
  /** The environment or template it was forked from, by name. */
  readonly from: string;
  /** From the call to the first published port that accepts, in ms. */
  readonly readyMs: number;
  /** How long the parent was paused, in ms; 0 when it was forked from a template. */
  readonly parentPausedMs: number;
  /** Time spent in each step, in ms, by step name. */
  readonly steps: Readonly<Record<string, number>>;
  /** Bytes that the freeze of the parent wrote to disk; 0 when it was forked from a template. */
  readonly frozenBytes: number;
  /** True when it was taken from the template's warm forks. */
  readonly warm?: boolean;
}

/** The disk of an environment: what it takes on the host, and how full it is inside. */
export interface EnvironmentStorage {
  /** Bytes that its own layers occupy on the host; without what it shares with templates and forks. */
  readonly allocatedBytes: number;
  /** Bytes in use in the guest, as last measured; absent until then. */
  readonly usedBytes?: number;
  /** Bytes that containers may still write in the guest, as last measured. */
  readonly availableBytes?: number;
  /** When the guest was asked. */
  readonly measuredAt?: string;
  /** True while so little is left that it should be grown: `berth resize`. */
  readonly nearlyFull?: boolean;
}

/** A VM and the Compose project that runs in it: the unit that users handle. */
export interface Environment {
  readonly id: EnvironmentId;
  /** Unique among the environments of a host. */
  readonly name: string;
  readonly state: EnvironmentState;
  /** Why it is `crashed`, `failed` or `degraded`. */
  readonly reason?: string;
  readonly image: ImageId;
  readonly template: TemplateId;
  /** Name of the environment or template it was forked from. */
  readonly parent?: string;
  /** The environment at whose ports it answers, too, and with which it goes. */
  readonly replicaOf?: EnvironmentId;
  /** All machines that answer at its ports; absent where that is its own alone. */
  readonly replicas?: Replicas;
  readonly shape: Shape;
  /** Its own loopback address, `127.88.x.y`. */
  readonly address: string;
  /** Unix socket on which the Docker API of its container engine answers, also while it does not run: then with an error. */
  readonly dockerSocket: string;
  readonly ports: readonly PublishedPort[];
  /** Ports of the host that it may reach as `host.docker.internal`; absent when there are none. */
  readonly hostAccess?: readonly HostPort[];
  readonly services: readonly ServiceStatus[];
  readonly createdAt: string;
  /** When it last became `running`. */
  readonly readyAt?: string;
  /** Process id of its hypervisor process, while there is one. */
  readonly pid?: number;
  /** Network namespace, while the machine runs. */
  readonly namespace?: string;
  /** Present while it is `frozen` or `asleep`. */
  readonly rest?: Rest;
  /** Absent until it has a disk. */
  readonly storage?: EnvironmentStorage;
  readonly fork?: ForkReport;
  /** Operation that currently changes it. */
  readonly operation?: OperationId;
}

/** Resources of one environment, measured when asked for. */
export interface EnvironmentStats {
  readonly id: EnvironmentId;
  readonly name: string;
  /** Proportional set size of its hypervisor process: memory that is its own plus its part of what is shared. */
  readonly pssBytes: number;
  /** Resident memory that only this environment has: what its end would give back. */
  readonly ownBytes: number;
  /** Resident memory shared with the template and its other forks. */
  readonly sharedBytes: number;
  /** Part of what is shared: pages that it has written and that equal those of others which allow that, too. */
  readonly mergedBytes: number;
  /** At most so much of its own memory is not in use in the guest (free, or file cache) and would come back with a sleep. Absent while it cannot be asked. */
  readonly reclaimableBytes?: number;
  /** Share of one core used since the last sample, in percent. */
  readonly cpuPercent: number;
  /** CPU time used since start, in ms. */
  readonly cpuMs: number;
  /** Bytes its own disk layers occupy on the host. */
  readonly diskBytes: number;
}
