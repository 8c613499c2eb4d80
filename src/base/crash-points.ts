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
  // `up` of a new environment.
  'up.recorded': 'undone',
  'up.disk-made': 'undone',
  'up.machine-started': 'undone',
  'up.taken-over': 'undone',
  'up.volumes-brought-in': 'undone',
  'apply.composed': 'undone',
  'up.ready': 'finished',
  'up.kept-removed': 'finished',
  // The warm guest from which `up` starts.
  'base.disk-made': 'undone',
  'base.booted': 'undone',
  'base.frozen': 'undone',
  // `fork`, of an environment that runs, or of a template.
  'fork.recorded': 'undone',
  'fork.disk-made': 'undone',
  'fork.machine-started': 'undone',
  'fork.taken-over': 'undone',
  'fork.identified': 'undone',
  'fork.published': 'undone',
  'fork.ready': 'finished',
  // Freezing an environment, for a fork or a template of its own.
  'freeze.planned': 'undone',
  'freeze.prepared': 'undone',
  'freeze.saved': 'undone',
  'freeze.protected': 'undone',
  'freeze.completed': 'undone',
  'freeze.layer-adopted': 'undone',
  'freeze.noted': 'undone',
  'template.sealed': 'finished',
  'template.memory-given-up': 'finished',
  'template.unlisted': 'finished',
  // Taking forks that are ready.
  'pool.taken': 'undone',
  'pool.recorded': 'undone',
  'pool.taken-over': 'undone',
  'pool.named': 'undone',
  // Getting one ready: the next daemon makes another.
  'warm.disk-made': 'undone',
  'warm.machine-started': 'undone',
  'warm.identified': 'undone',
  'warm.paused': 'undone',
  // `sleep --freeze`, and `wake` after it.
  'rest.paused': 'undone',
  'rest.noted': 'finished',
  'thaw.resumed': 'undone',
  // `sleep`.
  'sleep.squeezed': 'undone',
  'sleep.file-made': 'undone',
  'sleep.saved': 'undone',
  'sleep.noted': 'finished',
  'sleep.machine-ended': 'finished',
  'sleep.process-forgotten': 'finished',
  // `wake`.
  'wake.machine-started': 'undone',
  'wake.taken-over': 'undone',
  'wake.noted': 'finished',
  'wake.resumed': 'finished',
  'wake.published': 'finished',
  // `scale`: the number that was asked for is kept.
  'scale.noted': 'finished',
  'scale.template-made': 'finished',
  'scale.forked': 'finished',
  'scale.drained': 'finished',
  'scale.removing': 'finished',
  // `stop`.
  'stop.noted': 'finished',
  'stop.trimmed': 'finished',
  'stop.machine-ended': 'finished',
  'stop.released': 'finished',
  // `start`, and `restart` after its stop.
  'start.noted': 'undone',
  'start.booted': 'undone',
  'start.taken-over': 'finished',
  'start.ready': 'finished',
  // `rm`, and whatever else removes an environment.
  'remove.noted': 'finished',
  'remove.machine-ended': 'finished',
  'remove.disk-removed': 'finished',
  'remove.forgotten': 'finished',
  // `rm --keep-volumes`.
  'keep.containers-stopped': 'finished',
  'keep.archived': 'finished',
  'keep.completed': 'finished',
  // `volume import`.
  'import.received': 'undone',
  'import.changed': 'finished',
  // `resize`.
  'resize.noted': 'finished',
  'resize.disk-grown': 'finished',
  'resize.shape-noted': 'finished',
  // What comes back by itself: a guest that restarted, and a machine that went down with the host.
  'revive.noted': 'finished',
  'revive.identified': 'finished',
  'return.noted': 'finished',
  // `image build`.
  'image.place-taken': 'undone',
  'image.installing': 'undone',
  // The same content is the same image: where it was there before, nothing has been made.
  'image.accepted': 'either',
  // `snapshot create`, and what a restore keeps.
  'snapshot.planned': 'undone',
  'snapshot.prepared': 'undone',
  'snapshot.quiesced': 'undone',
  'snapshot.split': 'undone',
  'snapshot.thawed': 'undone',
  'snapshot.recorded': 'undone',
  'snapshot.complete': 'finished',
  // `snapshot restore`.
  'restore.planned': 'undone',
  'restore.saved': 'undone',
  'restore.ended': 'undone',
  'restore.kept': 'undone',
  'restore.disk-made': 'undone',
  'restore.switched': 'undone',
  'restore.started': 'undone',
  'restore.done': 'finished',
  'restore.tidied': 'finished',
  'restore.sealed': 'finished',
  // `snapshot rm`.
  'snapshot-rm.demoted': 'finished',
  // Layers of a disk are merged in the background.
  'merge.planned': 'undone',
  'merge.merged': 'finished',
  'merge.recorded': 'finished',
  // `backup create`.
  'backup.claimed': 'undone',
  'backup.split': 'undone',
  'backup.copied': 'undone',
  'backup.image-stored': 'undone',
  'backup.stored': 'finished',
  'backup.tidied': 'finished',
  // `backup restore`.
  'backup-restore.image-fetched': 'undone',
  'backup-restore.recorded': 'undone',
  'backup-restore.fetched': 'undone',
  'backup-restore.placed': 'finished',
  // `backup verify`.
  'backup-verify.placed': 'undone',
  'backup-verify.ran': 'undone',
  // `backup repo add`.
  'repository.made': 'finished',
} as const satisfies Readonly<Record<string, CrashOutcome>>;

export type CrashPoint = keyof typeof CRASH_POINTS;
