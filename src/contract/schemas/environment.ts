import { Type } from 'typebox';
import type { EnvironmentId, ImageId, TemplateId } from '../../model/index.ts';
import { count, flag, list, measure, moment, name, port, record, text } from './building-blocks.ts';
import { OperationIdSchema } from './operation.ts';

export const EnvironmentIdSchema = Type.Unsafe<EnvironmentId>(
  Type.String({ pattern: '^env-[0-9a-f]{12}$', description: 'Id of an environment; never used again.' }),
);
export const TemplateIdSchema = Type.Unsafe<TemplateId>(
  Type.String({ pattern: '^tpl-[0-9a-f]{12}$', description: 'Id of a template.' }),
);
export const ImageIdSchema = Type.Unsafe<ImageId>(
  Type.String({
    pattern: '^img-[0-9a-f]{16}$',
    description: 'Id of an image: from the hash of its content.',
  }),
);

export const EnvironmentStateSchema = Type.Enum(
  [
    'creating',
    'starting',
    'running',
    'degraded',
    'frozen',
    'asleep',
    'stopping',
    'stopped',
    'crashed',
    'failed',
    'removing',
  ],
  { description: 'What it is doing, as seen from outside.' },
);

export const ProtocolSchema = Type.Enum(['tcp', 'udp'], { description: 'Transport protocol.' });

export const ShapeSchema = record(
  {
    vcpus: Type.Integer({ minimum: 1, description: 'Number of virtual CPUs.' }),
    memoryMib: Type.Integer({ minimum: 256, description: 'Guest memory in MiB.' }),
    diskGib: Type.Integer({ minimum: 1, description: 'Virtual size of the root disk in GiB.' }),
  },
  { title: 'Shape', description: 'What a machine is given.' },
);

export const PublishedPortSchema = record(
  {
    service: text("Compose service that publishes it; the container's name when it is no service's."),
    container: Type.Optional(
      text('Container that publishes it, where the port follows one; absent for ports of the Compose file.'),
    ),
    protocol: ProtocolSchema,
    hostAddress: text("Address on the host, by default the environment's own `127.88.x.y`."),
    hostPort: port('Port on the host.'),
    guestPort: port('Port inside the machine.'),
    containerPort: port('Port inside the container.'),
    problem: Type.Optional(text('Why it is not open at the moment; it is tried again.')),
  },
  { title: 'PublishedPort', description: 'One published port.' },
);

export const HostPortSchema = record(
  { protocol: ProtocolSchema, port: port('Port of the host.') },
  { title: 'HostPort', description: "A port of the host's own." },
);

export const ServiceStatusSchema = record(
  {
    name: text('Compose service.'),
    container: text('Name of its container.'),
    image: text('Image the container was made from.'),
    state: text("The container engine's word: `created`, `running`, `exited`, …"),
    health: Type.Optional(text('`healthy`, `unhealthy` or `starting`; absent without a health check.')),
    exitCode: Type.Optional(Type.Integer({ description: 'Exit code of a container that ended.' })),
    restarts: Type.Optional(
      Type.Integer({
        description: 'How often the engine has started it again by itself; absent when it never has.',
      }),
    ),
    startedAt: Type.Optional(moment('When the container started.')),
  },
  { title: 'ServiceStatus', description: 'One Compose service as last seen in the machine.' },
);

export const ForkReportSchema = record(
  {
    from: text('The environment or template it was forked from, by name.'),
    readyMs: measure('From the call to the first published port that accepts, in ms.'),
    parentPausedMs: measure('How long the parent was paused, in ms; 0 when forked from a template.'),
    steps: Type.Record(Type.String(), Type.Number(), { description: 'Time spent in each step, in ms.' }),
    frozenBytes: count('Bytes that the freeze of the parent wrote to disk; 0 when forked from a template.'),
    warm: Type.Optional(
      Type.Boolean({ description: "True when it was taken from the template's warm forks." }),
    ),
  },
  { title: 'ForkReport', description: 'Time and cost of the fork that made an environment, all measured.' },
);

export const EnvironmentStorageSchema = record(
  {
    allocatedBytes: count('Bytes that its own disk layers occupy on the host.'),
    usedBytes: Type.Optional(count('Bytes in use in the guest, as last measured.')),
    availableBytes: Type.Optional(count('Bytes that containers may still write, as last measured.')),
    measuredAt: Type.Optional(moment('When the guest was asked.')),
    nearlyFull: Type.Optional(flag('True while so little is left that the disk should be grown.')),
  },
  { title: 'EnvironmentStorage', description: 'What its disk takes on the host, and how full it is inside.' },
);

export const RestSchema = record(
  {
    since: moment('When it came to rest.'),
    cause: text('Why it did.'),
    savedBytes: Type.Optional(count('Bytes on disk that its memory takes, while it is `asleep`.')),
  },
  { title: 'Rest', description: 'Rest of an environment that is `frozen` or `asleep`.' },
);

export const ReplicaStatusSchema = record(
  {
    id: EnvironmentIdSchema,
    name: name('Name of the environment whose machine it is.'),
    health: Type.Enum(['up', 'unhealthy', 'draining', 'down'], {
      description:
        '`unhealthy`: it took no connection lately; `draining`: it gets no new ones; `down`: it does not run.',
    }),
    connections: count('Open TCP connections and UDP sessions.'),
  },
  { title: 'ReplicaStatus', description: "How one machine that answers at an environment's ports is doing." },
);

export const ReplicasSchema = record(
  {
    min: count('Fewest machines; 0: its own comes to rest as its idle policy says.'),
    max: count('Most machines.'),
    target: Type.Enum(['connections', 'cpu', 'latency'], { description: 'What their number follows.' }),
    value: measure('What each is to have at most: connections, percent of a core, or ms until it answers.'),
    coolDownMs: count('How long fewer must have been enough before one is removed, in ms.'),
    drainMs: count('How long connections of one that is to be removed may go on, in ms.'),
    machines: list(ReplicaStatusSchema, { description: 'Its own first.' }),
  },
  { title: 'Replicas', description: 'The machines that answer at the ports of an environment.' },
);

export const EnvironmentSchema = record(
  {
    id: EnvironmentIdSchema,
    name: name('Unique among the environments of a host.'),
    state: EnvironmentStateSchema,
    reason: Type.Optional(text('Why it is `crashed`, `failed` or `degraded`.')),
    image: ImageIdSchema,
    template: TemplateIdSchema,
    parent: Type.Optional(text('Name of the environment or template it was forked from.')),
    replicaOf: Type.Optional(EnvironmentIdSchema),
    replicas: Type.Optional(ReplicasSchema),
    shape: ShapeSchema,
    address: text('Its own loopback address, `127.88.x.y`.'),
    dockerSocket: text('Unix socket on the host where the Docker API of its container engine answers.'),
    ports: list(PublishedPortSchema, { description: 'Its published ports.' }),
    hostAccess: Type.Optional(
      list(HostPortSchema, { description: 'Ports of the host that it may reach as `host.docker.internal`.' }),
    ),
    services: list(ServiceStatusSchema, { description: 'Its services as last seen.' }),
    createdAt: moment('When it was asked for.'),
    readyAt: Type.Optional(moment('When it last became `running`.')),
    pid: Type.Optional(count('Process id of its hypervisor process, while there is one.')),
    namespace: Type.Optional(text('Network namespace, while the machine runs.')),
    rest: Type.Optional(RestSchema),
    storage: Type.Optional(EnvironmentStorageSchema),
    fork: Type.Optional(ForkReportSchema),
    operation: Type.Optional(OperationIdSchema),
  },
  { title: 'Environment', description: 'A VM and the Compose project that runs in it.' },
);

export const EnvironmentStatsSchema = record(
  {
    id: EnvironmentIdSchema,
    name: name('Name of the environment.'),
    pssBytes: count('Proportional set size of its hypervisor process.'),
    ownBytes: count('Resident memory that only it has: what its end would give back.'),
    sharedBytes: count('Resident memory shared with the template and its other forks.'),
    mergedBytes: count(
      'Part of what is shared: pages that it has written and that equal those of others (`x-berth.merge-memory`).',
    ),
    reclaimableBytes: Type.Optional(
      count(
        'At most so much of its own memory is not in use in the guest (free, or file cache) and comes back with a sleep. Absent while the guest cannot be asked.',
      ),
    ),
    cpuPercent: measure('Share of one core used since the last sample, in percent.'),
    cpuMs: measure('CPU time used since start, in ms.'),
    diskBytes: count('Bytes its own disk layers occupy on the host.'),
  },
  { title: 'EnvironmentStats', description: 'Resources of one environment, measured when asked for.' },
);

export const LogLineSchema = record(
  {
    service: text('Compose service that wrote it.'),
    stream: Type.Enum(['stdout', 'stderr'], { description: 'Which of its streams.' }),
    at: Type.Optional(moment('When the container engine read it; only with `timestamps`.')),
    line: text('The line without its line break.'),
  },
  { title: 'LogLine', description: "One line of a service's output." },
);
