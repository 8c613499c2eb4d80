import { Type } from 'typebox';
import { MAX_REPLICAS } from '../../model/index.ts';
import { flag, list, name, port, record, reference, text } from './building-blocks.ts';

const timeoutMs = Type.Integer({
  minimum: 1,
  maximum: 3_600_000,
  description: 'How long it may take, in ms.',
});

export const ShapeRequestSchema = record(
  {
    vcpus: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, description: 'Number of virtual CPUs.' })),
    memoryMib: Type.Optional(Type.Integer({ minimum: 256, description: 'Guest memory in MiB.' })),
    diskGib: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Virtual size of the root disk in GiB.' }),
    ),
  },
  {
    title: 'ShapeRequest',
    description: 'The parts of the shape that are not left to `x-berth` or the default.',
  },
);

export const PublishRequestSchema = record(
  {
    hostAddress: text('Address on the host to listen on.'),
    hostPort: port('Port on the host to listen on.'),
    service: text('Compose service.'),
    containerPort: port('Port inside the container.'),
  },
  {
    title: 'PublishRequest',
    description: "A port to publish beside those on the environment's own address.",
  },
);

const absolutePath = (description: string) =>
  Type.String({ pattern: '^/', maxLength: 4096, description: `${description} Absolute.` });

export const ComposeTextSchema = record(
  { path: text('Where it was read from; used in messages only.'), text: text('Its text.') },
  { title: 'ComposeText', description: 'A further Compose file.' },
);

export const UpFilesSchema = record(
  {
    home: Type.Optional(absolutePath('Home directory of the user, for paths that begin with `~`.')),
    mounts: Type.Optional(
      list(absolutePath('A directory or file outside of the project.'), {
        description:
          'What else of the host the machine is to have, at the same path; kept with the environment.',
      }),
    ),
  },
  {
    title: 'UpFiles',
    description:
      'The caller sends the files of the project: once it has the operation, it opens `environments.files` with its id.',
  },
);

const registryHost = Type.String({
  pattern: '^[a-z0-9\\[][a-z0-9.:\\[\\]-]{0,254}$',
  description: 'Host of the registry, with its port where it has one: `docker.io`, `localhost:5000`.',
});

export const RegistryCredentialSchema = record(
  {
    registry: registryHost,
    username: Type.Optional(text('User name; absent with an identity token.')),
    password: Type.Optional(text('Password or access token.')),
    identityToken: Type.Optional(text('OAuth2 refresh token, instead of user name and password.')),
  },
  {
    title: 'RegistryCredential',
    description:
      'With what images are pulled from one registry. Never shown again: not in operations, events or logs.',
  },
);

export const UpRequestSchema = record(
  {
    name: Type.Optional(
      name("Name of the environment; default: the file's `name`, else the directory's name."),
    ),
    compose: text('Text of the Compose file.'),
    composePath: Type.Optional(text('Where the text was read from; used in messages only.')),
    projectDirectory: text(
      'Absolute directory on the host against which relative paths of the file are resolved.',
    ),
    variables: Type.Record(Type.String(), Type.String(), {
      description: 'Values for the variables of the file.',
    }),
    shape: Type.Optional(ShapeRequestSchema),
    publish: Type.Optional(list(PublishRequestSchema, { description: 'More ports to publish.' })),
    credentials: Type.Optional(
      list(RegistryCredentialSchema, {
        maxItems: 100,
        description: 'Credentials for registries that the file names; others are passed over.',
      }),
    ),
    image: Type.Optional(reference('Image of the guest, by name or id; default: `debian-13`.')),
    overrides: Type.Optional(
      list(ComposeTextSchema, { description: 'Further Compose files, each over those before it.' }),
    ),
    files: Type.Optional(UpFilesSchema),
    build: Type.Optional(
      flag('Build the images of services with `build` even where they are there already; default false.'),
    ),
  },
  {
    title: 'UpRequest',
    description: 'Create the environment, or apply the file to the one of this name.',
  },
);

export const ForkRequestSchema = record(
  {
    source: reference('Name or id of the environment or template to fork.'),
    name: Type.Optional(name("Name of the fork, or the prefix of the forks' names when `count` is above 1.")),
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, description: 'How many forks; default 1.' }),
    ),
  },
  { title: 'ForkRequest', description: 'Make forks of an environment or template.' },
);

export const LifecycleRequestSchema = record(
  {
    timeoutMs: Type.Optional(timeoutMs),
    force: Type.Optional(flag('Do not wait for the guest to shut down; default false.')),
    cold: Type.Optional(
      flag('Start: boot it from its disk, without what was saved when it fell asleep; default false.'),
    ),
    trustDisk: Type.Optional(
      flag('Start: take its disk as it is, although it was changed while no machine ran; default false.'),
    ),
  },
  { title: 'LifecycleRequest', description: 'How to start, stop or restart an environment.' },
);

export const SleepRequestSchema = record(
  {
    freeze: Type.Optional(
      flag('Stop its virtual CPUs only, and keep its memory: it wakes within milliseconds; default false.'),
    ),
  },
  { title: 'SleepRequest', description: 'How far to bring an environment to rest.' },
);

export const ScaleRequestSchema = record(
  {
    replicas: Type.Integer({
      minimum: 1,
      maximum: MAX_REPLICAS,
      description: 'Machines that are to answer at its ports, its own among them.',
    }),
    drainMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3_600_000,
        description: 'How long connections of one that is removed may go on, in ms; default 30 s.',
      }),
    ),
  },
  { title: 'ScaleRequest', description: 'How many machines an environment is to have.' },
);

export const ResizeRequestSchema = record(
  {
    diskGib: Type.Integer({
      minimum: 1,
      maximum: 16_384,
      description: 'Virtual size of the disk in GiB: that which it has, or more.',
    }),
  },
  { title: 'ResizeRequest', description: 'Make the disk of an environment larger.' },
);
