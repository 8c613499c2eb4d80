import { join } from 'node:path';
import {
  ensureDirectory,
  listDirectory,
  run,
  temporaryDirectory,
  writeAtomic,
} from '../../src/host/index.ts';
import { Server } from './server.ts';

const PACKAGES = ['nginx', 'libnginx-mod-stream'];
const FETCH_TIMEOUT_MS = 5 * 60_000;

/** nginx as a proxy of TCP, from Debian's packages without installing them: an installed one would begin to serve. */
export async function startNginx(
  o: { readonly port: number; readonly target: number; readonly signal: AbortSignal },
  closing: AsyncDisposableStack,
): Promise<string> {
  const { path } = closing.use(await temporaryDirectory());
  const within = { cwd: path, signal: o.signal, timeoutMs: FETCH_TIMEOUT_MS };
  await run(['apt-get', 'download', ...PACKAGES], within);
  for (const name of await listDirectory(path)) await run(['dpkg', '-x', name, '.'], within);
  await ensureDirectory(join(path, 'log'));
  const program = join(path, 'usr/sbin/nginx');
  await writeAtomic(join(path, 'nginx.conf'), configuration(path, o));
  const argv = [program, '-p', path, '-c', 'nginx.conf', '-e', join(path, 'log/error')];
  closing.use(await Server.start(argv, { port: o.port, signal: o.signal }));
  const { stderr } = await run([program, '-v'], within);
  return stderr.trim().replace(/^.*nginx\//, '');
}

function configuration(
  path: string,
  { port, target }: { readonly port: number; readonly target: number },
): string {
  return [
    `load_module ${path}/usr/lib/nginx/modules/ngx_stream_module.so;`,
    'daemon off;',
    'user root;',
    'worker_processes 1;',
    `pid ${path}/nginx.pid;`,
    'events { worker_connections 512; }',
    `stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${target}; tcp_nodelay on; } }`,
    '',
  ].join('\n');
}
