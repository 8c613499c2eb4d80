import { InvalidArgumentError } from 'commander';

/** A volume as it is written on the command line: `shop/data`. */
export interface VolumeName {
  readonly environment: string;
  /** Its name in the Compose file or in the machine. */
  readonly volume: string;
}

const FORM = /^([a-z0-9][a-z0-9.-]{0,79})\/([a-zA-Z0-9][a-zA-Z0-9_.-]{0,98})$/;

/** Reads `ENVIRONMENT/VOLUME`. */
export function volumeName(text: string): VolumeName {
  const [, environment, volume] = FORM.exec(text) ?? [];
  if (environment === undefined || volume === undefined)
    throw new InvalidArgumentError('It looks like ENVIRONMENT/VOLUME, such as shop/data.');
  return { environment, volume };
}

/** One more `ENVIRONMENT/VOLUME`. */
export function volumeNames(text: string, before: readonly VolumeName[] = []): readonly VolumeName[] {
  return [...before, volumeName(text)];
}
