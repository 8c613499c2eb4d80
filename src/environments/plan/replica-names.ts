const MAX_NAME_LENGTH = 40;

/** Names for `count` more replicas of an environment: `<name>-r<n>`, the lowest numbers that are free. */
export function replicaNames(name: string, count: number, taken: ReadonlySet<string>): string[] {
  const stem = name.slice(0, MAX_NAME_LENGTH - '-r9999'.length);
  const names: string[] = [];
  for (let number = 1; names.length < count; number++) {
    const one = `${stem}-r${number}`;
    if (!taken.has(one)) names.push(one);
  }
  return names;
}
