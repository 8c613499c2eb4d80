/** Headers that belong to one connection and not to the message on it. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  // Answered here: the client need not wait.
  'expect',
]);

/** A flat list of names and values, as Node hands them out, less those that belong to the connection. */
export function messageHeaders(raw: readonly string[], without: readonly string[] = []): string[] {
  return pairsOf(raw)
    .filter(([name]) => !OF_THE_CONNECTION.has(name.toLowerCase()) && !without.includes(name.toLowerCase()))
    .flat();
}

/** Lines of a head, each with its end. */
export function headerLines(raw: readonly string[]): string {
  return pairsOf(raw)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2)
    pairs.push([raw[index] ?? '', raw[index + 1] ?? '']);
  return pairs;
}
