import { berthError } from '../../errors/index.ts';
import { type BackupConsistency, type ImageId, isName, type Shape } from '../../model/index.ts';
import type { EnvironmentRecord, Workload } from '../record.ts';

export const DEFINITION_FILE = 'environment.json';
export const DISK_FILE = 'disk.qcow2';
const VERSION = 1;

/** `environment.json` of a backup: all that an environment is, but for its disk. */
export interface BackupDefinition {
  readonly version: typeof VERSION;
  readonly createdAt: string;
  readonly consistency: BackupConsistency;
  readonly environment: Pick<
    EnvironmentRecord,
    | 'id'
    | 'name'
    | 'shape'
    | 'createdAt'
    | 'address'
    | 'template'
    | 'parent'
    | 'ports'
    | 'services'
    | 'hostAccess'
    | 'scale'
    | 'volumes'
  >;
  readonly workload: Workload;
  readonly image: ImageId;
  /** The layer above the image, with its sha256 (hex). */
  readonly disk: { readonly file: string; readonly bytes: number; readonly hash: string };
}

/** What is written down of an environment. */
export function definitionOf(
  record: EnvironmentRecord,
  about: Pick<BackupDefinition, 'createdAt' | 'consistency' | 'disk'>,
): BackupDefinition {
  const {
    id,
    name,
    shape,
    createdAt,
    address,
    template,
    parent,
    ports,
    services,
    hostAccess,
    scale,
    volumes,
  } = record;
  return {
    version: VERSION,
    ...about,
    environment: {
      ...{ id, name, shape, createdAt, address, template, ports, services },
      ...(parent === undefined ? {} : { parent }),
      ...(hostAccess === undefined ? {} : { hostAccess }),
      ...(scale === undefined ? {} : { scale }),
      ...(volumes === undefined ? {} : { volumes }),
    },
    workload: record.workload,
    image: record.image,
  };
}

/** Reads what {@link definitionOf} wrote. @throws `backup-damaged` */
export function readDefinition(text: string, backup: string): BackupDefinition {
  let read: Partial<BackupDefinition> | undefined;
  try {
    read = JSON.parse(text) as Partial<BackupDefinition>;
  } catch (error) {
    throw damaged(backup, 'its definition is no JSON', error);
  }
  if (read.version !== VERSION)
    throw damaged(
      backup,
      `its definition has version ${String(read.version)}; this Berth reads version ${VERSION}`,
    );
  const { environment, workload, disk, image } = read;
  const isWhole =
    isName(environment?.name ?? '') &&
    isShape(environment?.shape) &&
    typeof workload?.compose === 'string' &&
    /^img-[0-9a-f]{16}$/.test(image ?? '') &&
    /^[0-9a-f]{64}$/.test(disk?.hash ?? '');
  if (!isWhole) throw damaged(backup, 'its definition lacks something');
  return read as BackupDefinition;
}

export function damaged(backup: string, what: string, cause?: unknown): Error {
  return berthError('backup-damaged', `backup ${backup} cannot be used: ${what}`, { cause });
}

function isShape(shape: Partial<Shape> | undefined): boolean {
  return [shape?.vcpus, shape?.memoryMib, shape?.diskGib].every(
    (one) => Number.isInteger(one) && Number(one) > 0,
  );
}
