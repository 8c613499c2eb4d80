import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** In the octal flags of `/proc/self/fdinfo`: closed when another program is run. */
const CLOSE_ON_EXEC = 0o2000000;
const FIRST_OF_ITS_OWN = 3;

/**
 * Closes what whoever started this process had open and handed down: it would be handed on to every machine, which outlives this process. What this process has opened
 * itself is closed with it anyway, and stays.
 */
export function closeInherited(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor < FIRST_OF_ITS_OWN) continue;
    try {
      const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))?.[1] ?? '';
      if ((Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(descriptor);
    } catch {
      // It was that of the listing itself.
    }
  }
}
