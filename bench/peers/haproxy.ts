import { join } from 'node:path';
import { run, writeAtomic } from '../../src/host/index.ts';
import type { Forward } from './forward.ts';
import { Server } from './server.ts';
import type { Unpacked } from './unpacked.ts';

export const HAPROXY_PACKAGES = ['haproxy'] as const;

/** haproxy as a proxy of TCP, with one thread as nginx has one process. Gives its version. */
export async function startHaproxy(
  forwards: readonly Forward[],
  o: { readonly unpacked: Unpacked; readonly signal: AbortSignal },
  closing: AsyncDisposableStack,
): Promise<string> {
  const { path, env } = o.unpacked;
  const program = join(path, 'usr/sbin/haproxy');
  const configuration = join(path, 'haproxy.cfg');
  await writeAtomic(configuration, configurationOf(forwards));
  const port = forwards[0]?.port ?? 0;
  closing.use(await Server.start([program, '-db', '-f', configuration], { port, signal: o.signal, env }));
  const { stdout } = await run([program, '-v'], { signal: o.signal, env });
  return /version (\S+?)[-\s]/.exec(stdout)?.[1] ?? 'unknown';
}

export function configurationOf(forwards: readonly Forward[]): string {
  return [
    'global',
    '  nbthread 1',
    '  maxconn 1024',
    'defaults',
    '  mode tcp',
    '  timeout connect 10s',
    '  timeout client 60s',
    '  timeout server 60s',
    ...forwards.flatMap(({ port, target }) => [
      `listen carried-${port}`,
      `  bind 127.0.0.1:${port}`,
      `  server target 127.0.0.1:${target}`,
    ]),
    '',
  ].join('\n');
}
