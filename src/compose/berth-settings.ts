import { parseByteSize } from '../base/index.ts';
import { checkKeys } from './check-keys.ts';
import type { BerthSettings } from './compose-project.ts';
import { readHostAccess } from './host-access.ts';
import { readIdlePolicy } from './idle-settings.ts';
import { BERTH_KEYS } from './keys.ts';
import type { ProblemList } from './problem-list.ts';
import { readReplicas } from './replica-settings.ts';
import { child, isText, itemsOf, textOf, type Value } from './value.ts';

const MEBIBYTE = 1024 ** 2;
const MAX_CPUS = 256;
const MIN_MEMORY_MIB = 256;
/** A size without a unit says nothing about what was meant. */
const SIZE_WITH_UNIT = /[kmgt]i?b?\s*$/i;

/** Reads `x-berth`. */
export function readBerthSettings(root: Value, problems: ProblemList): BerthSettings {
  const section = root.kind === 'map' ? root.entries.get('x-berth') : undefined;
  if (section === undefined || section.value.kind === 'null') return { images: [], hostAccess: [] };
  if (section.value.kind !== 'map') {
    problems.add('invalid', 'x-berth', 'must be a map', section.keyPlace.start);
    return { images: [], hostAccess: [] };
  }
  checkKeys(section.value, 'x-berth', BERTH_KEYS, problems);
  const reading = new SettingsReader(section.value, problems);
  const cpus = reading.number('cpus', readCpus, `must be a whole number from 1 to ${MAX_CPUS}`);
  const memoryMib = reading.number(
    'memory',
    readMemory,
    `must be a size such as 1GiB, ${MIN_MEMORY_MIB}MiB or more`,
  );
  const diskGib = reading.number('disk', readDisk, 'must be a size such as 20GiB, whole GiB');
  const image = reading.image();
  const restart = reading.restart();
  const idle = readIdlePolicy(section.value, problems);
  const replicas = readReplicas(section.value, { mayRest: idle !== undefined }, problems);
  return {
    ...(restart === undefined ? {} : { restart }),
    ...(idle === undefined ? {} : { idle }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(textOf(section.value, 'merge-memory') === 'true' ? { mergeMemory: true } : {}),
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMib === undefined ? {} : { memoryMib }),
    ...(diskGib === undefined ? {} : { diskGib }),
    ...(image === undefined ? {} : { image }),
    images: reading.archives(),
    hostAccess: readHostAccess(section.value, problems),
  };
}

class SettingsReader {
  readonly #section: Value;
  readonly #problems: ProblemList;

  constructor(section: Value, problems: ProblemList) {
    this.#section = section;
    this.#problems = problems;
  }

  number(key: string, read: (text: string) => number | undefined, message: string): number | undefined {
    const value = child(this.#section, key);
    if (!isText(value)) return undefined;
    const found = read(value.text.trim());
    if (found === undefined) this.#problems.add('invalid', `x-berth.${key}`, message, value.place.start);
    return found;
  }

  image(): string | undefined {
    const value = child(this.#section, 'image');
    if (!isText(value)) return undefined;
    if (/^[a-z0-9][a-z0-9.-]{0,63}$/.test(value.text)) return value.text;
    this.#problems.add(
      'invalid',
      'x-berth.image',
      'must be the name or id of a guest image; list them with `berth image ls`',
      value.place.start,
    );
    return undefined;
  }

  restart(): BerthSettings['restart'] {
    const value = child(this.#section, 'restart');
    if (!isText(value)) return undefined;
    if (value.text === 'always' || value.text === 'no') return value.text;
    this.#problems.add('invalid', 'x-berth.restart', 'must be "always" or "no"', value.place.start);
    return undefined;
  }

  archives(): string[] {
    return itemsOf(child(this.#section, 'images')).flatMap((item, index) => {
      if (isText(item) && isInside(item.text)) return [item.text];
      const message = 'must be the path of an image archive below the directory of the Compose file';
      this.#problems.add('invalid', `x-berth.images[${index}]`, message, item.place.start);
      return [];
    });
  }
}

function readCpus(text: string): number | undefined {
  const cpus = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return cpus >= 1 && cpus <= MAX_CPUS ? cpus : undefined;
}

function readMemory(text: string): number | undefined {
  const mib = sizeIn(MEBIBYTE, text);
  return mib !== undefined && mib >= MIN_MEMORY_MIB ? mib : undefined;
}

function readDisk(text: string): number | undefined {
  const gib = sizeIn(1024 * MEBIBYTE, text);
  return gib !== undefined && gib >= 1 ? gib : undefined;
}

function sizeIn(unit: number, text: string): number | undefined {
  const bytes = SIZE_WITH_UNIT.test(text) ? parseByteSize(text) : undefined;
  return bytes !== undefined && bytes % unit === 0 ? bytes / unit : undefined;
}

function isInside(path: string): boolean {
  return /^[^/~\0\\][^\0\\]*$/.test(path) && !path.split('/').includes('..');
}
