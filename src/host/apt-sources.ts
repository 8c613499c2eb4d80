/** One line of apt's configuration: packages of `suites` come from `uri`. */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of the keyring that must have signed it; absent when apt's own keyrings count or the key stands inline. */
  readonly signedBy?: string;
}

/** Parses a one-line-style file (`/etc/apt/sources.list`, `*.list`; sources.list(5)); only `deb` entries count. */
export function parseAptList(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\/\S+)/i.exec(options)?.[1];
    sources.push({
      uri,
      suites: [suite],
      components: words(components),
      ...(signedBy === undefined ? {} : { signedBy }),
    });
  }
  return sources;
}

/** Parses a deb822-style file (`*.sources`); stanzas with `Enabled: no` or without `deb` do not count. */
export function parseAptSources(text: string): AptSource[] {
  return text.split(/\n[ \t]*\n/).flatMap((stanza) => sourcesOfStanza(parseStanza(stanza)));
}

function parseStanza(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let current: string | undefined;
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (match !== null) {
      current = (match[1] ?? '').toLowerCase();
      fields.set(current, match[2] ?? '');
    } else if (current !== undefined && /^\s/.test(line)) {
      fields.set(current, `${fields.get(current) ?? ''}\n${line.trim()}`);
    }
  }
  return fields;
}

function sourcesOfStanza(fields: ReadonlyMap<string, string>): AptSource[] {
  const enabled = !/^(no|false|off|0|without|disable)$/i.test((fields.get('enabled') ?? 'yes').trim());
  if (!enabled || !words(fields.get('types') ?? '').includes('deb')) return [];
  const signedBy = (fields.get('signed-by') ?? '').trim();
  const keyring = /^\/\S+$/.test(signedBy) ? { signedBy } : {};
  const suites = words(fields.get('suites') ?? '');
  const components = words(fields.get('components') ?? '');
  return words(fields.get('uris') ?? '').map((uri) => ({ uri, suites, components, ...keyring }));
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
