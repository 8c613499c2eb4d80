import { readFileSync } from 'node:fs';

/** Names the time from one boot of this host to the next: other after each boot. */
export function hostBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
