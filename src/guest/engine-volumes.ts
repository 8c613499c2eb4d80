import type { EngineHttp } from './engine-http.ts';
import { entriesAt, field, listAt, textAt } from './json-reading.ts';
import type { WaitOptions } from './wait-options.ts';

/** A volume of the container engine. */
export interface EngineVolume {
  readonly name: string;
  readonly driver: string;
  /** Directory in the guest. */
  readonly mountpoint: string;
  readonly createdAt?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Options of its driver; with any, its content may lie elsewhere. */
  readonly options: Readonly<Record<string, string>>;
}

/** A container that has volumes, whether it runs or not. */
export interface EngineVolumeUser {
  readonly container: string;
  /** Compose service; absent for a container that Compose did not make. */
  readonly service?: string;
  readonly running: boolean;
  /** Names of its volumes. */
  readonly volumes: readonly string[];
}

/** Label by which Compose knows the volumes of a project. */
export const PROJECT_LABEL = 'com.docker.compose.project';
/** Label that holds a volume's name in the Compose file. */
export const VOLUME_LABEL = 'com.docker.compose.volume';
const SERVICE_LABEL = 'com.docker.compose.service';

export async function listVolumes(http: EngineHttp, o?: Partial<WaitOptions>): Promise<EngineVolume[]> {
  const answer = await http.call({ method: 'GET', path: '/volumes' }, o);
  return listAt(answer, 'Volumes').map(volumeFrom);
}

export async function listVolumeUsers(
  http: EngineHttp,
  o?: Partial<WaitOptions>,
): Promise<EngineVolumeUser[]> {
  const answer = await http.call({ method: 'GET', path: '/containers/json?all=1' }, o);
  return listAt({ answer }, 'answer').map(userFrom);
}

export async function createVolume(
  http: EngineHttp,
  volume: Pick<EngineVolume, 'name' | 'labels' | 'options'>,
  o?: Partial<WaitOptions>,
): Promise<EngineVolume> {
  const json = { Name: volume.name, Driver: 'local', Labels: volume.labels, DriverOpts: volume.options };
  return volumeFrom(await http.call({ method: 'POST', path: '/volumes/create', json }, o));
}

export async function removeVolume(http: EngineHttp, name: string, o?: Partial<WaitOptions>): Promise<void> {
  await http.call({ method: 'DELETE', path: `/volumes/${encodeURIComponent(name)}` }, o);
}

function volumeFrom(volume: unknown): EngineVolume {
  const createdAt = textAt(volume, 'CreatedAt');
  return {
    name: textAt(volume, 'Name') ?? '',
    driver: textAt(volume, 'Driver') ?? 'local',
    mountpoint: textAt(volume, 'Mountpoint') ?? '',
    ...(createdAt === undefined ? {} : { createdAt }),
    labels: textsAt(volume, 'Labels'),
    options: textsAt(volume, 'Options'),
  };
}

function userFrom(container: unknown): EngineVolumeUser {
  const service = textAt(container, 'Labels', SERVICE_LABEL);
  const name = listAt(container, 'Names').find((one) => typeof one === 'string') ?? '';
  return {
    container: name.replace(/^\//, ''),
    ...(service === undefined ? {} : { service }),
    running: textAt(container, 'State') === 'running',
    volumes: listAt(container, 'Mounts').flatMap((mount) =>
      field(mount, 'Type') === 'volume' ? (textAt(mount, 'Name') ?? []) : [],
    ),
  };
}

function textsAt(value: unknown, key: string): Record<string, string> {
  return Object.fromEntries(
    entriesAt(value, key).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text] as const] : [],
    ),
  );
}
