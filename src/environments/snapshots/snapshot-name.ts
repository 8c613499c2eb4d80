import { isName } from '../../model/index.ts';

/** A name for a snapshot made at `now`, after nothing else than its time: `at-20261123-170355`; another where it is taken. */
export function snapshotName(prefix: string, now: Date, taken: ReadonlySet<string>): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = `${prefix}-${stamp}`;
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${name}-${count}`;
    if (!taken.has(candidate) && isName(candidate)) return candidate;
  }
}
