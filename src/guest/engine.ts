import type { Readable } from 'node:stream';
import type { PullOptions } from './engine-pull.ts';
import type { EngineVolume, EngineVolumeUser } from './engine-volumes.ts';
import type { InteractiveProcess, TerminalSize } from './interactive-process.ts';
import type { WaitOptions } from './wait-options.ts';

/** A container image in the guest. */
export interface EngineImage {
  readonly id: string;
  /** References such as `docker.io/library/nginx:1.27`. */
  readonly tags: readonly string[];
  readonly sizeBytes: number;
}

/** A port of a container that is published in the guest. */
export interface EnginePort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  /** Port of the machine. */
  readonly guestPort: number;
}

/** A port that a container publishes in the guest, as it was asked for. */
export interface EngineBinding {
  /** `''` for all addresses of the guest. */
  readonly hostAddress: string;
  readonly guestPort: number;
  readonly containerPort: number;
  /** `tcp`, `udp`, `sctp`. */
  readonly protocol: string;
}

/** A running container that publishes ports. */
export interface EnginePublisher {
  readonly name: string;
  /** Its Compose service, if it is one's. */
  readonly service?: string;
  /** Ranges are spelled out. */
  readonly ports: readonly EngineBinding[];
}

/** A container of a Compose project as it is now. */
export interface EngineContainer {
  readonly id: string;
  readonly name: string;
  /** Name of its Compose service. */
  readonly service: string;
  /** Number among the service's containers, from 1. */
  readonly number: number;
  readonly image: string;
  /** `created`, `running`, `exited`, `paused`, `dead`, … */
  readonly state: string;
  /** `healthy`, `unhealthy` or `starting`; absent without a health check. */
  readonly health?: string;
  /** What the health check said last, when it is not healthy. */
  readonly healthOutput?: string;
  /** Present once it has ended. */
  readonly exitCode?: number;
  /** ISO 8601; absent before its first start. */
  readonly startedAt?: string;
  /** ISO 8601; absent while it runs. */
  readonly finishedAt?: string;
  readonly restarts: number;
  readonly hasTerminal: boolean;
  readonly ports: readonly EnginePort[];
}

/** One line of a container's output. */
export interface LogLine {
  /** Always `stdout` when the container has a terminal. */
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
  /** ISO 8601 with nanoseconds; present when asked for. */
  readonly at?: string;
}

export interface LogOptions {
  /** Goes on as lines come, until the container ends. */
  readonly follow?: boolean;
  /** Number of lines from the end to start with; all by default. */
  readonly tail?: number;
  readonly timestamps?: boolean;
  /** ISO 8601: only lines from then on. */
  readonly since?: string;
  /** Ends the stream without an error. */
  readonly signal?: AbortSignal;
}

/** Something that happened in the engine. */
export interface EngineEvent {
  /** ISO 8601. */
  readonly at: string;
  /** `container`, `image`, `network`, `volume`. */
  readonly type: string;
  /** `start`, `die`, `health_status`, … */
  readonly action: string;
  readonly id: string;
  /** Labels and other attributes, such as `exitCode`. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ContainerExecOptions extends WaitOptions {
  readonly tty?: TerminalSize;
  /** `user` or `user:group` in the container. */
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Disk space that the engine uses in the guest. */
export interface EngineDiskUse {
  readonly imageBytes: number;
  readonly containerBytes: number;
  readonly volumeBytes: number;
}

/**
 * The container engine in a guest, by its Docker-compatible API. Each call has its own stream, so that calls do not wait
 * for each other.
 *
 * Failures: `engine-failed` with the engine's own message, `not-found` for a container that is not there,
 * `guest-unreachable`, `timeout`, or the signal's reason.
 */
export interface Engine {
  ping(o?: Partial<WaitOptions>): Promise<void>;
  /** Loads an archive as `docker save` and `podman save` write it, compressed or not; returns the references in it. */
  loadImage(archive: Readable, o: WaitOptions): Promise<string[]>;
  /** Pulls an image from its registry. */
  pullImage(reference: string, o: PullOptions): Promise<void>;
  /** True when the engine has an image of that name; it finds names without a registry as it does for `docker run`. */
  hasImage(reference: string, o?: Partial<WaitOptions>): Promise<boolean>;
  images(o?: Partial<WaitOptions>): Promise<EngineImage[]>;
  /** Containers of a Compose project, by service and number, those that ended too. */
  containers(project: string, o?: Partial<WaitOptions>): Promise<EngineContainer[]>;
  /** All running containers that publish ports, of whatever project. One call. */
  publishers(o?: Partial<WaitOptions>): Promise<EnginePublisher[]>;
  /** Lines of a container, oldest first. Leaving the loop ends the stream. */
  logs(container: string, o?: LogOptions): AsyncIterable<LogLine>;
  /** Starts a program in a running container. The deadline covers the start only. */
  exec(container: string, argv: readonly string[], o: ContainerExecOptions): Promise<InteractiveProcess>;
  /** Events from now on (or from `since`), until the signal aborts. */
  events(o: { readonly signal: AbortSignal; readonly since?: string }): AsyncIterable<EngineEvent>;
  /** The engine's full description of a container. */
  inspect(container: string, o?: Partial<WaitOptions>): Promise<unknown>;
  diskUse(o?: Partial<WaitOptions>): Promise<EngineDiskUse>;
  volumes(o?: Partial<WaitOptions>): Promise<EngineVolume[]>;
  /** All containers with their volumes. */
  volumeUsers(o?: Partial<WaitOptions>): Promise<EngineVolumeUser[]>;
  createVolume(
    volume: Pick<EngineVolume, 'name' | 'labels' | 'options'>,
    o?: Partial<WaitOptions>,
  ): Promise<EngineVolume>;
  removeVolume(name: string, o?: Partial<WaitOptions>): Promise<void>;
  /** Ends streams that are still open. May be called twice. */
  close(): void;
}
