import { type Static, Type } from 'typebox';
import { count, flag, list, measure, record, reference, text } from './building-blocks.ts';

const shapeText = (description: string) =>
  Type.String({ pattern: '^[0-9]{1,5}x[0-9A-Za-z.]{1,16}$', description });

export const CapacityQuerySchema = record({
  shape: Type.Optional(shapeText('Forks of this shape, such as `2x1GiB`; default: `1x512MiB`.')),
  source: Type.Optional(reference('Forks of this environment or template, by name or id.')),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Whether so many fit.' })),
  addHost: Type.Optional(
    list(shapeText('CPUs and memory, such as `16x64GiB`.'), {
      description: 'Hosts that are not there, as if they were.',
      maxItems: 100,
    }),
  ),
});
export type CapacityQuery = Static<typeof CapacityQuerySchema>;

const DimensionNameSchema = Type.Enum(
  ['memory', 'vcpus', 'disk', 'idle-cpu', 'file-descriptors', 'addresses', 'network-slots'],
  { description: 'What can run out.' },
);

export const CapacityDimensionSchema = record(
  {
    name: DimensionNameSchema,
    unit: Type.Enum(['bytes', 'percent', 'count'], { description: '`percent` is of one core.' }),
    total: measure('All of it.'),
    room: measure('Left for new machines: reserve, expected growth and what was admitted are taken out.'),
    each: measure('What one more takes.'),
    naive: Type.Optional(count('How many there would be in all if nothing were shared.')),
    more: count('How many more fit.'),
    binding: flag('True where nothing is admitted beyond it.'),
  },
  { title: 'CapacityDimension', description: 'One of the things that can run out.' },
);

export const HostCapacitySchema = record(
  {
    name: text('Name of the host.'),
    added: flag('True for a host of a what-if.'),
    running: count('Machines that run on it.'),
    naive: count('Machines of the shape that it would hold in all if nothing were shared.'),
    more: count('How many more fit.'),
    limitedBy: DimensionNameSchema,
    dimensions: list(CapacityDimensionSchema, { description: 'Everything that can run out.' }),
  },
  { title: 'HostCapacity', description: 'What one host has room for.' },
);

export const ExpectedUseSchema = record(
  {
    memoryBytes: count('Memory of its own, with head room for growth.'),
    diskBytes: count('Disk of its own.'),
    cpuPercent: measure('While nobody asks it anything, in percent of one core.'),
    basis: Type.Enum(['kind', 'remembered', 'shape', 'assumed'], {
      description:
        'Measured at machines of the same project and shape that run, at such as ran before, at others of the shape, or assumed as a share of the shape.',
    }),
    samples: count('Machines that were measured.'),
    medianBytes: Type.Optional(count('Median of their own memory.')),
    p95Bytes: Type.Optional(count('95th percentile of it.')),
  },
  { title: 'ExpectedUse', description: 'What one more machine is expected to take.' },
);

export const WakeStormSchema = record(
  {
    machines: count('How many would wake.'),
    fitting: count('How many of them find room.'),
    fits: flag('Whether all do.'),
    memoryNeededBytes: count('Memory that they would take.'),
    memoryRoomBytes: count('Memory that is left for them.'),
    vcpusNeeded: count('Virtual CPUs that they would take.'),
    vcpusRoom: count('Virtual CPUs that are left for them.'),
  },
  { title: 'WakeStorm', description: 'All that sleep wake at the same moment.' },
);

export const HostLossSchema = record(
  {
    host: text('The host with the most memory.'),
    environments: count('Environments on it.'),
    elsewhere: count('How many of them the other hosts have room for.'),
    lost: count('How many of them have no place then.'),
  },
  { title: 'HostLoss', description: 'The loss of the largest host.' },
);

export const CountAnswerSchema = record(
  {
    asked: count('The count asked for.'),
    fits: flag('Whether so many fit.'),
    fitting: count('How many of them fit.'),
  },
  { title: 'CountAnswer', description: 'Whether a count fits.' },
);

export const CapacityReportSchema = record(
  {
    shape: record({
      vcpus: Type.Integer({ minimum: 1, description: 'Number of virtual CPUs.' }),
      memoryMib: Type.Integer({ minimum: 1, description: 'Guest memory in MiB.' }),
    }),
    source: Type.Optional(reference('Environment or template of which forks were asked for.')),
    expected: ExpectedUseSchema,
    memoryReserveBytes: count('Memory that is left alone for the host itself.'),
    memorySharedBytes: count('Memory of templates that running forks share.'),
    memoryGrowthBytes: count('Memory that running machines are expected to grow by.'),
    memoryAdmittedBytes: count('Memory of machines that were admitted and do not run yet.'),
    memoryPooledBytes: count('Memory of warm forks, which are given up when an environment needs it.'),
    hosts: list(HostCapacitySchema, { description: 'This host, then those of the what-if.' }),
    naive: count('Over all hosts: how many there would be in all if nothing were shared.'),
    more: count('Over all hosts: how many more fit.'),
    limitedBy: DimensionNameSchema,
    wakeStorm: WakeStormSchema,
    hostLoss: HostLossSchema,
    count: Type.Optional(CountAnswerSchema),
  },
  { title: 'CapacityReport', description: 'How many more machines fit, what limits, and what would be if.' },
);
