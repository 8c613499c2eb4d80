import type { ServiceStatus } from '../model/index.ts';
import type { Context } from './context.ts';
import { serviceChanges } from './plan/service-changes.ts';
import type { EnvironmentRecord } from './record.ts';
import type { Change } from './registry.ts';

/** Writes down how the services of an environment are, and tells what has happened to them since the last look. */
export async function noteServices(
  context: Context,
  id: EnvironmentRecord['id'],
  services: readonly ServiceStatus[],
  change: Change = {},
): Promise<void> {
  const record = context.registry.find(id);
  if (record === undefined) return;
  await context.registry.update(id, { ...change, services });
  for (const { kind, message } of serviceChanges(record.services, services))
    context.events.append(kind, record.name, message);
}
