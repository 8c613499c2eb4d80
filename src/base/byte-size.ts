const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i;

/**
 * Bytes for a person to read, in binary units: `512 B`, `12 KiB`, `230 MiB`, `1.5 GiB`.
 * One decimal below 10, and below 100 from GiB on; none where it would be `.0`.
 */
export function formatBytes(bytes: number): string {
  if (bytes < 0) return `-${formatBytes(-bytes)}`;
  let power = 0;
  let value = bytes;
  while (power < UNITS.length - 1 && roundForUnit(value, power) >= 1024) {
    value /= 1024;
    power += 1;
  }
  return `${roundForUnit(value, power)} ${UNITS[power]}`;
}

function roundForUnit(value: number, power: number): number {
  const withDecimal = power > 0 && value < (power >= 3 ? 100 : 10);
  return withDecimal ? Math.round(value * 10) / 10 : Math.round(value);
}

/**
 * Reads `512MiB`, `2G`, `1.5GiB`, `300m`, `4096`: a number and k, m, g, t or p, all of them binary as in Compose files.
 * Returns bytes, or undefined when `text` is no size or too large to be exact.
 */
export function parseByteSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = '', unit = ''] = match;
  const power = unit === '' ? 0 : 'kmgtp'.indexOf(unit.toLowerCase()) + 1;
  const bytes = Math.round(Number(digits) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
