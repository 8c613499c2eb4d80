import type { ComposeOptions } from './compose-project.ts';
import { child, isText, itemsOf, type Value } from './value.ts';

/** A service without profiles is active, and so is one with a profile of `COMPOSE_PROFILES`. */
export function isActive(service: Value, options: ComposeOptions): boolean {
  const profiles = itemsOf(child(service, 'profiles')).flatMap((item) => (isText(item) ? item.text : []));
  const wanted = (options.variables['COMPOSE_PROFILES'] ?? '').split(',').map((name) => name.trim());
  return profiles.length === 0 || profiles.some((name) => wanted.includes(name) || wanted.includes('*'));
}
