import type { ImageId, TemplateId } from './ids.ts';
import type { Shape } from './shape.ts';

/** A machine frozen at one moment: forks start from it and share its memory and disk until they write. */
export interface Template {
  readonly id: TemplateId;
  /** `base-…` for a booted guest without containers; otherwise what the user or `fork` named it. */
  readonly name: string;
  /**
   * - `base`: a warmed-up guest from which `up` starts
   * - `environment`: frozen by the user from a running environment
   * - `fork-point`: made by `fork` of a running environment; removed with its last user
   */
  readonly kind: 'base' | 'environment' | 'fork-point';
  readonly image: ImageId;
  readonly shape: Shape;
  readonly createdAt: string;
  /** Environment it was frozen from, by name. */
  readonly source?: string;
  /** Bytes its memory, device state and disk layer occupy on the host. */
  readonly diskBytes: number;
  /** Environments and templates that need it. */
  readonly users: number;
  readonly qemuVersion: string;
  readonly machineType: string;
  readonly accelerator: string;
  /** Absent while none are kept. */
  readonly warm?: WarmPool;
}

/** The forks of a template that are kept ready to be taken. */
export interface WarmPool {
  /** At least as many are kept, and at most `max`: as many as were taken within the last minute. */
  readonly min: number;
  readonly max: number;
  readonly ready: number;
  readonly making: number;
  /** Forks that found one ready since the daemon started, and those that did not. */
  readonly hits: number;
  readonly misses: number;
  /** Age of the oldest that is ready, in ms. */
  readonly oldestAgeMs?: number;
  /** Why the last one could not be made; it is tried again. */
  readonly problem?: string;
}
