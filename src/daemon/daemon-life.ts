import { defineCollection, type Store } from '../store/index.ts';

/** How the daemon of this home last ended. */
interface LastLife {
  /** False while one runs, and after one was killed. */
  readonly endedWell: boolean;
}

const KEY = 'last';
const lives = defineCollection<LastLife>('daemon');

/** Tells a daemon whether the one before it ended as it should, and its successor the same of itself. */
export interface DaemonLife extends AsyncDisposable {
  /** True also when there was none before. */
  readonly lastEndedWell: boolean;
  /** Call when what the last one left has been settled; before, another end would hide how it ended. */
  noteStart(): Promise<void>;
}

/** What is noted of the daemon before. Disposing notes an orderly end, if the start was noted; it comes last. */
export async function openDaemonLife(store: Store): Promise<DaemonLife> {
  const last = await store.get(lives, KEY);
  let started = false;
  return {
    lastEndedWell: last?.value.endedWell ?? true,
    noteStart: async () => {
      await store.put(lives, KEY, { endedWell: false });
      started = true;
    },
    [Symbol.asyncDispose]: async () => {
      // What cannot be written is taken for a daemon that was killed.
      if (started) await store.put(lives, KEY, { endedWell: true }).catch(() => undefined);
    },
  };
}
