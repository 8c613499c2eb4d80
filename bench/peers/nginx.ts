import { join } from 'node:path';
import { ensureDirectory, run, writeAtomic } from '../../src/host/index.ts';
import { freePort, Server } from './server.ts';
import type { Forward } from './forward.ts';
import type { Unpacked } from './unpacked.ts';

export const NGINX_PACKAGES = ['nginx', 'libnginx-mod-stream'] as const;

/** nginx as a proxy of TCP. Gives its version. */
export async function startNginxStream(
  forwards: readonly Forward[],
  o: { readonly unpacked: Unpacked; readonly signal: AbortSignal },
  closing: AsyncDisposableStack,
): Promise<string> {
  const servers = forwards.map(
    ({ port, target }) =>
      `server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${target}; tcp_nodelay on; }`,
  );
  const load = `load_module ${o.unpacked.path}/usr/lib/nginx/modules/ngx_stream_module.so;`;
  const lines = [load, ...common(o.unpacked, 'stream'), `stream { ${servers.join(' ')} }`];
  await start('stream', lines, { ...o, port: forwards[0]?.port ?? 0 }, closing);
  const { stderr } = await run([programOf(o.unpacked), '-v'], { signal: o.signal, env: o.unpacked.env });
  return stderr.trim().replace(/^.*nginx\//, '');
}

/** nginx as a server of HTTP that answers each request with a few bytes from memory. Gives its port. */
export async function startNginxServer(
  o: { readonly unpacked: Unpacked; readonly signal: AbortSignal },
  closing: AsyncDisposableStack,
): Promise<number> {
  const port = await freePort();
  // Temporary files are for large requests, which nobody makes here; their directories must be there all the same.
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${o.unpacked.path}/tmp/${kind};`,
  );
  const server = `server { listen 127.0.0.1:${port} backlog=1024; location / { return 200 "ok\\n"; } }`;
  const http = `http { access_log off; keepalive_requests 100000000; ${places.join(' ')} ${server} }`;
  await ensureDirectory(join(o.unpacked.path, 'tmp'));
  await start('http', [...common(o.unpacked, 'http'), http], { ...o, port }, closing);
  return port;
}

function programOf({ path }: Unpacked): string {
  return join(path, 'usr/sbin/nginx');
}

function common({ path }: Unpacked, name: string): string[] {
  return [
    'daemon off;',
    'user root;',
    'worker_processes 1;',
    `pid ${path}/${name}.pid;`,
    'events { worker_connections 1024; }',
  ];
}

async function start(
  name: string,
  lines: readonly string[],
  o: { readonly unpacked: Unpacked; readonly port: number; readonly signal: AbortSignal },
  closing: AsyncDisposableStack,
): Promise<void> {
  const { path, env } = o.unpacked;
  await writeAtomic(join(path, `${name}.conf`), `${lines.join('\n')}\n`);
  const argv = [programOf(o.unpacked), '-p', path, '-c', `${name}.conf`, '-e', join(path, `${name}.log`)];
  closing.use(await Server.start(argv, { port: o.port, signal: o.signal, env }));
}
