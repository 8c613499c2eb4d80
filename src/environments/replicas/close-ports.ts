import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

/** Ends all connections to an environment's own machine. Its ports stay open where replicas answer in its place, but for what it alone had. */
export async function closePorts(
  { ingress, replicas }: Pick<Context, 'ingress' | 'replicas'>,
  { id, followed = [] }: EnvironmentRecord,
): Promise<void> {
  if (replicas.of(id).length === 0) return ingress.withdraw(id);
  ingress.leave(id, id);
  await Promise.all(followed.map((port) => ingress.withdrawPort(id, port)));
}
