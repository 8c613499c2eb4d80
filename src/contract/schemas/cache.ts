import { Type } from 'typebox';
import { count, flag, list, moment, record, someOf, text } from './building-blocks.ts';

export const CachedImageSchema = record(
  {
    name: text('With its registry: `docker.io/library/nginx:1.27`; with a digest where it has no tag.'),
    lastUsedAt: moment('When an environment pulled it last.'),
  },
  { title: 'CachedImage', description: 'A container image in a cache.' },
);

export const ImageCacheSchema = record(
  {
    id: text('`docker.io`, or with a mark for what was fetched with a credential: `ghcr.io-3fa2c41b07`.'),
    registry: text('Host of the registry.'),
    private: flag('Only environments whose user brought the same credential may read it.'),
    images: list(CachedImageSchema, { description: 'What is in it.' }),
    bytes: count("Bytes on the host's disk."),
    lastUsedAt: Type.Optional(moment('When something of it was pulled last.')),
    pid: Type.Optional(Type.Integer({ description: 'Its registry program; absent while nobody needs it.' })),
    environments: list(Type.String(), { description: 'Environments that may read it.' }),
  },
  { title: 'ImageCache', description: 'What one registry gave to environments of this host.' },
);

export const CachePruneRequestSchema = record(
  {
    olderThanMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3_650 * 86_400_000,
        description: 'Take out what was not pulled for so long, in ms; default 30 days.',
      }),
    ),
    all: Type.Optional(flag('Take everything out.')),
  },
  { title: 'CachePruneRequest', description: 'What is to go from the caches of container images.' },
);

export const RegistriesRequestSchema = record(
  {
    files: someOf(Type.String(), 'Texts of the Compose files.'),
    variables: Type.Record(Type.String(), Type.String(), {
      description: 'Values for the variables of the files.',
    }),
  },
  { title: 'RegistriesRequest', description: 'Which registries Compose files pull from.' },
);
