import type { Contestant } from '../measure/schedule.ts';

/** What a contestant is called, in the order in which all are shown. */
export const TITLES: Readonly<Record<Contestant, string>> = {
  'fork-template': 'fork of a template',
  'fork-warm': 'fork taken from the warm ones',
  'fork-running': 'fork of a running environment',
  podman: 'podman, one bare container',
  'podman-shop': 'podman, the two of the shop',
  'cold-boot': 'cold boot of the same guest',
  libvirt: 'libvirt: clone and boot of the same guest',
};
/** Beside these everything else would be one point. */
export const BOOTS: readonly Contestant[] = ['cold-boot', 'libvirt'];
export const CONTESTANTS = Object.keys(TITLES) as readonly Contestant[];
