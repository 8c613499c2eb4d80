/** Parameters of a query; arrays are repeated parameters, what is `undefined` is left out. */
export type QueryValues = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** `?` and the parameters that are there, or nothing. */
export function writeQuery(values: QueryValues): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) query.append(key, String(each));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}
