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

  'snapshot.planned': 'undone',
  'snapshot.prepared': 'undone',
  'snapshot.quiesced': 'undone',
  'snapshot.split': 'undone',
  'snapshot.thawed': 'undone',
  'snapshot.recorded': 'undone',
  'snapshot.complete': 'finished',

  'restore.planned': 'undone',
  'restore.saved': 'undone',
  'restore.ended': 'undone',
  'restore.kept': 'undone',
  'restore.disk-made': 'undone',
  'restore.switched': 'undone',
  'restore.started': 'undone',
  'restore.done': 'finished',
  'restore.tidied': 'finished',

  'snapshot-rm.demoted': 'finished',

  'merge.planned': 'either',
  'merge.merged': 'finished',
  'merge.recorded': 'finished',
} as const satisfies Readonly<Record<string, CrashOutcome>>;

export type CrashPoint = keyof typeof CRASH_POINTS;
