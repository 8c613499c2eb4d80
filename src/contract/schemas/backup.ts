import { Type } from 'typebox';
import { count, flag, moment, name, record, reference, text } from './building-blocks.ts';
import { ImageIdSchema, ShapeSchema } from './environment.ts';

const repositoryName = () => Type.Optional(name('Name of the repository; default: the only one there is.'));

export const BackupRepositorySchema = record(
  {
    name: name('Its name on this host.'),
    location: text('A directory, or `s3:https://HOST/BUCKET/PLACE`.'),
    createdAt: moment('When it was made known here.'),
    passwordFile: text(
      'File on the host with what everything in it is encrypted with; without it nothing can be restored.',
    ),
  },
  { title: 'BackupRepository', description: 'A place that backups are kept in.' },
);

const secret = (description: string) =>
  Type.String({ minLength: 1, maxLength: 1024, pattern: '^[^\\n\\r]+$', description });

export const RepositoryRequestSchema = record(
  {
    name: name('What it is to be called here.'),
    location: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'An absolute directory, or `s3:https://HOST/BUCKET/PLACE`. Made when there is none.',
    }),
    password: Type.Optional(secret('What it is encrypted with; absent: a new one is made up.')),
    s3: Type.Optional(
      record({
        accessKeyId: secret('Access key of the S3 store.'),
        secretAccessKey: secret('Its secret.'),
        region: Type.Optional(
          Type.String({ pattern: '^[a-z0-9-]{1,40}$', description: 'Region, where the store wants one.' }),
        ),
      }),
    ),
  },
  { title: 'RepositoryRequest', description: 'Make a repository known.' },
);

export const BackupSchema = record(
  {
    id: text('Id of the backup: eight hex digits.'),
    repository: name('Where it is.'),
    environment: text('Name of the environment.'),
    environmentId: text('Id of the environment.'),
    host: text('Host that it ran on.'),
    image: ImageIdSchema,
    shape: ShapeSchema,
    createdAt: moment('The moment that it shows.'),
    consistency: Type.Enum(['file-system', 'crash'], {
      description:
        '`file-system`: the guest had written all it had; `crash`: as after a power cut, file system and databases repair themselves with the next start.',
    }),
    diskBytes: count('Bytes of its disk above the image, as they are on a host.'),
  },
  { title: 'Backup', description: 'An environment as it was at one moment, in a repository.' },
);

export const BackupQuerySchema = record({
  repository: Type.Optional(name('Only those of this repository; default: all.')),
  environment: Type.Optional(reference('Only those of the environment of this name; default: all.')),
});

export const BackupRequestSchema = record(
  { environment: reference('Name or id of the environment.'), repository: repositoryName() },
  { title: 'BackupRequest', description: 'Store an environment as it is now.' },
);

export const VerifyBackupRequestSchema = record(
  {
    repository: Type.Optional(name('Where to look for it; default: everywhere.')),
    quick: Type.Optional(
      flag('Compare hashes only; default false: an environment made of it is booted as well.'),
    ),
  },
  { title: 'VerifyBackupRequest', description: 'Show that a backup is good.' },
);

export const RestoreBackupRequestSchema = record(
  {
    repository: Type.Optional(name('Where to look for it; default: everywhere.')),
    name: Type.Optional(name('What the environment is to be called; default: as it was.')),
    start: Type.Optional(flag('Start it; default true.')),
  },
  { title: 'RestoreBackupRequest', description: 'Make an environment of a backup.' },
);

const kept = (every: string) =>
  Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 10_000,
      description: `How many ${every} of each environment are kept.`,
    }),
  );

export const PruneBackupsRequestSchema = record(
  {
    repository: repositoryName(),
    keepLast: kept('of the newest'),
    keepDaily: kept('days, the newest backup of each,'),
    keepWeekly: kept('weeks, the newest backup of each,'),
    keepMonthly: kept('months, the newest backup of each,'),
    keepYearly: kept('years, the newest backup of each,'),
  },
  {
    title: 'PruneBackupsRequest',
    description: 'Remove old backups; without a rule only data that no backup needs.',
  },
);
