import type { Snapshot } from '../../model/index.ts';

/** A snapshot with what is drawn before its name. */
export interface TreeRow {
  readonly snapshot: Snapshot;
  /** `├─ `, `│  └─ ` and so on; empty for a root. */
  readonly lead: string;
}

/** The snapshots of one environment, each under the one that it grew from; the order among siblings stays. */
export function snapshotTree(snapshots: readonly Snapshot[]): TreeRow[] {
  const names = new Set(snapshots.map(({ name }) => name));
  const children = Map.groupBy(snapshots, ({ parent }) =>
    parent !== undefined && names.has(parent) ? parent : undefined,
  );
  const rowsBelow = (parent: string | undefined, indent: string): TreeRow[] =>
    (children.get(parent) ?? []).flatMap((snapshot, index, siblings) => {
      const isLast = index === siblings.length - 1;
      const isRoot = parent === undefined;
      const lead = isRoot ? '' : `${indent}${isLast ? '└─ ' : '├─ '}`;
      const below = isRoot ? '' : `${indent}${isLast ? '   ' : '│  '}`;
      return [{ snapshot, lead }, ...rowsBelow(snapshot.name, below)];
    });
  return rowsBelow(undefined, '');
}
