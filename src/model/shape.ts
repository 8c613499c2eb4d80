import { parseByteSize } from '../base/index.ts';

/** What a machine is given: written `2x1GiB` (vCPUs x memory), the disk beside it. */
export interface Shape {
  /** Number of virtual CPUs, 1 or more. */
  readonly vcpus: number;
  /** Guest memory in MiB, 256 or more. */
  readonly memoryMib: number;
  /** Virtual size of the root disk in GiB; it grows on the host only as it is written. */
  readonly diskGib: number;
}

/** What `up` uses where neither the command line nor `x-berth` says otherwise. */
export const DEFAULT_SHAPE: Shape = { vcpus: 1, memoryMib: 512, diskGib: 8 };

/** `{vcpus: 2, memoryMib: 1024}` → `2x1GiB`; memory that is no whole number of GiB stays in MiB. */
export function formatShape(shape: Pick<Shape, 'vcpus' | 'memoryMib'>): string {
  const { vcpus, memoryMib } = shape;
  const memory = memoryMib % 1024 === 0 ? `${memoryMib / 1024}GiB` : `${memoryMib}MiB`;
  return `${vcpus}x${memory}`;
}

const SHAPE = /^(\d{1,5})x([^x]+)$/;
const BYTES_PER_MIB = 1024 ** 2;

/** Reads `2x1GiB`: vCPUs and memory in whole MiB, each 1 or more; undefined when `text` is no such thing. */
export function parseShape(text: string): Pick<Shape, 'vcpus' | 'memoryMib'> | undefined {
  const [, vcpus = '', memory = ''] = SHAPE.exec(text) ?? [];
  const memoryMib = (parseByteSize(memory) ?? 0) / BYTES_PER_MIB;
  const isShape = Number(vcpus) >= 1 && memoryMib >= 1 && Number.isInteger(memoryMib);
  return isShape ? { vcpus: Number(vcpus), memoryMib } : undefined;
}
