import { formatBytes } from '../../base/index.ts';
import type { DefinitionChange, SnapshotDiff } from '../../model/index.ts';
import { escapeMetadata } from '../terminal/escape.ts';

/** What differs between two moments of an environment, for people. */
export function diffLines({ environment, from, to, changedBytes, definition }: SnapshotDiff): string[] {
  const head = `${environment}: ${from} → ${to ?? 'now'}`;
  const disk = changedBytes === 0 ? 'disk: the same' : `disk: up to ${formatBytes(changedBytes)} changed`;
  const changes = definition.length === 0 ? ['definition: the same'] : definition.map(changeLine);
  return [head, disk, ...changes].map(escapeMetadata);
}

function changeLine({ what, name, before, after }: DefinitionChange): string {
  const title = `${what} ${name}`.trim();
  if (before === undefined) return `+ ${title}: ${after ?? ''}`;
  if (after === undefined) return `- ${title}: ${before}`;
  return `~ ${title}: ${before} → ${after}`;
}
