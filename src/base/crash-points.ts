/**
 * What the next daemon makes of an operation that died at a point: `undone`, as if it had never been asked for; `finished`, as if the
 * daemon had gone on; `either`, one of both, as what was there tells.
 */
export type CrashOutcome = 'undone' | 'finished' | 'either';

/**
 * Moments at which a test may have the daemon die (`BERTH_CRASH_AT`), each between two side effects of an operation, with what must come
 * of it. Named after the operation and what has just been done.
 */
export const CRASH_POINTS = {
  'fork.recorded': 'undone',

  'backup.claimed': 'undone',
  'backup.quiet': 'undone',
  'backup.layered': 'undone',
  'backup.split': 'undone',
  'backup.copied': 'undone',
  'backup.image-stored': 'undone',
  'backup.stored': 'finished',
  'backup.tidied': 'finished',

  'backup-restore.image-fetched': 'undone',
  'backup-restore.recorded': 'undone',
  'backup-restore.fetched': 'undone',
  'backup-restore.placed': 'finished',

  'backup-verify.placed': 'undone',
  'backup-verify.ran': 'undone',

  'repository.made': 'finished',
} as const satisfies Readonly<Record<string, CrashOutcome>>;

export type CrashPoint = keyof typeof CRASH_POINTS;
