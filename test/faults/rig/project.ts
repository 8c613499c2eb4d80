import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Volume } from '../../../src/model/index.ts';
import { berthOk } from '../../e2e/rig/berth.ts';
import { makeTinyImage, TINY_WEB, tinyCompose } from '../../e2e/rig/tiny.ts';
import type { Subject } from './subject.ts';

/** Template of {@link faultProject}: forks of it are there in a second. */
export const FAULT_TEMPLATE = 'faults-2';
/** Volume of the project. */
export const VOLUME = 'data';

const BUILD_TIMEOUT_MS = 480_000;
const TAIL = `volumes:\n  ${VOLUME}: {}\n`;
const HEAD = "printf 'Content-Type: text/plain\\r\\n\\r\\n'";
/** What is acknowledged is on the disk. */
const PUT = `${HEAD}; echo $QUERY_STRING | dd of=/data/new conv=fsync 2>/dev/null; busybox mv /data/new /data/value; sync; cat /data/value`;
const GET = `${HEAD}; cat /data/value 2>/dev/null || echo none`;
const SERVE = [
  ...[`echo '#!/bin/sh' | busybox tee /www/cgi-bin/put >/www/cgi-bin/get`],
  ...['echo "$PUT" >>/www/cgi-bin/put', 'echo "$GET" >>/www/cgi-bin/get'],
  ...['busybox chmod 755 /www/cgi-bin/put /www/cgi-bin/get', 'exec httpd -f -p 80 -h /www'],
].join('; ');
const variables = Object.entries({ PUT, GET }).map(
  ([name, script]) => `${name}: ${JSON.stringify(script).replaceAll('$', '$$$$')}`,
);
/** With an init it ends when it is told to; as the first process of its container it would be waited for in vain. */
const SERVICE = {
  ...TINY_WEB,
  command: ['sh', '-c', SERVE],
  more: `    init: true\n    volumes: ["${VOLUME}:/data"]\n    environment:\n      ${variables.join('\n      ')}`,
};

/**
 * A web server that counts its visits in a volume (`/cgi-bin/count`), and keeps a value there (`/cgi-bin/put?VALUE`, `/cgi-bin/get`); gives the path of its
 * Compose file. `more` is added to its settings.
 */
export async function faultProject(directory: string, more = ''): Promise<string> {
  mkdirSync(directory, { recursive: true });
  if (!existsSync(join(directory, 'tiny.tar'))) await makeTinyImage(directory);
  const file = join(directory, 'compose.yaml');
  writeFileSync(file, tinyCompose([SERVICE], `${more}${TAIL}`));
  return file;
}

/** Sees that a home has the guest image. */
export async function prepareImage(home: string): Promise<void> {
  await berthOk(['image', 'build', 'debian-13', '--quiet'], { home, timeoutMs: BUILD_TIMEOUT_MS });
}

/** Sees that a daemon runs, that there is the guest image and {@link FAULT_TEMPLATE}, and that there are no environments. */
export async function prepareFaults(subject: Subject): Promise<void> {
  const { home } = subject;
  await subject.startDaemon();
  await prepareImage(home);
  await removeAll(subject);
  for (const { environment, name } of await keptVolumes(subject))
    await berthOk(['volume', 'rm', `${environment}/${name}`, '--kept'], { home });
  if (await hasTemplate(subject)) return;
  const file = await faultProject(join(`${home}.work`, 'fault'));
  await berthOk(['up', '-f', file, '--name', 'fault-parent', '--quiet'], {
    home,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  await subject.run('POST', '/templates', { environment: 'fault-parent', name: FAULT_TEMPLATE });
  await subject.run('DELETE', '/environments/fault-parent');
}

/** Whether the template is there and of use; one that another version of Berth has left in a home that is kept goes. */
async function hasTemplate(subject: Subject): Promise<boolean> {
  if (!(await subject.templates()).some(({ name }) => name === FAULT_TEMPLATE)) return false;
  await subject.ask('POST', `/templates/${FAULT_TEMPLATE}/warm`, { min: 0, max: 0 });
  const { state } = await subject.attempt('POST', '/forks', { source: FAULT_TEMPLATE, name: 'fault-probe' });
  if (state === 'succeeded') await subject.run('DELETE', '/environments/fault-probe');
  else await subject.ask('DELETE', `/templates/${FAULT_TEMPLATE}`);
  return state === 'succeeded';
}

/** Removes every environment; replicas go with theirs. */
export async function removeAll(subject: Subject): Promise<void> {
  const own = (await subject.environments()).filter(({ replicaOf }) => replicaOf === undefined);
  await Promise.all(own.map(({ name }) => subject.run('DELETE', `/environments/${name}`)));
}

/** Volumes that removed environments have left behind. */
export async function keptVolumes(subject: Subject): Promise<Volume[]> {
  return (await subject.ask<Volume[]>('GET', '/volumes')).filter(({ state }) => state === 'kept');
}
