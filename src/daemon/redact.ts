/** Stands where a secret was. */
export const REDACTED = '[redacted]';

/** Shorter values are words like any other; to take them out would make a text unreadable and hide nothing. */
const MIN_SECRET_LENGTH = 4;
const SECRET_NAME =
  '[A-Za-z0-9_.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|credential|authorization)[A-Za-z0-9_.-]*';
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:'"]*:[^\s/@'"]+@/gi, `$1${REDACTED}@`],
  [
    new RegExp(`(\\b${SECRET_NAME}["']?\\s*[=:]\\s*)("[^"\\n]*"|'[^'\\n]*'|[^\\s,;}]+)`, 'gi'),
    `$1${REDACTED}`,
  ],
];

/**
 * Makes what takes secrets out of texts: the values that are given, wherever they stand, and what looks like a password, a token or a key by what stands before
 * it.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const values = new Set<string>();
  for (const secret of secrets) {
    for (const value of [
      secret,
      secret.trim(),
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
    ])
      if (value.length >= MIN_SECRET_LENGTH) values.add(value);
  }
  // A value that holds another goes first.
  const longest = [...values].sort((a, b) => b.length - a.length);
  return (text) => {
    const without = longest.reduce((rest, value) => rest.replaceAll(value, REDACTED), text);
    return PATTERNS.reduce((rest, [pattern, put]) => rest.replaceAll(pattern, put), without);
  };
}

/** Values that a Compose file gives to variables and settings whose names say that they are secret. */
export function secretsInCompose(text: string): string[] {
  const assigned = new RegExp(`^\\s*-?\\s*["']?${SECRET_NAME}["']?\\s*[:=]\\s*(.+)$`, 'gim');
  return [...text.matchAll(assigned)].flatMap(([, value = '']) => {
    const plain = value.trim().replace(/^["'](.*)["']$/, '$1');
    return plain.includes('${') ? [] : [plain];
  });
}
