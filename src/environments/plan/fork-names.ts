const MAX_NAME_LENGTH = 40;

/**
 * Names for `count` forks: the one asked for, or with several `<name>-1`, `<name>-2`, …; without a name
 * `<source>-fork-<n>`, the lowest numbers that are free.
 */
export function forkNames(
  source: string,
  wanted: string | undefined,
  count: number,
  taken: ReadonlySet<string>,
): string[] {
  if (wanted !== undefined && count === 1) return [wanted];
  const stem = wanted ?? `${source.slice(0, MAX_NAME_LENGTH - '-fork-9999'.length)}-fork`;
  const names: string[] = [];
  for (let number = 1; names.length < count; number++) {
    const name = `${stem}-${number}`;
    // With a name of the user's own a number that is taken is an error, not a reason to skip it.
    if (wanted !== undefined || !taken.has(name)) names.push(name);
  }
  return names;
}
