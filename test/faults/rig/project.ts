import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { berthOk } from '../../e2e/rig/berth.ts';
import { makeTinyImage, TINY_WEB, tinyCompose } from '../../e2e/rig/tiny.ts';
import type { Subject } from './subject.ts';

/** Template of {@link faultProject}: forks of it are there in a second. */
export const FAULT_TEMPLATE = 'fault';
/** Volume of the project. */
export const VOLUME = 'data';

const BUILD_TIMEOUT_MS = 480_000;
const TAIL = `volumes:\n  ${VOLUME}: {}\n`;
const SERVICE = { ...TINY_WEB, more: `    volumes: ["${VOLUME}:/data"]` };

/** A web server that counts its visits in a volume (`/cgi-bin/count`); gives the path of its Compose file. `more` is added to the file. */
export async function faultProject(directory: string, more = ''): Promise<string> {
  mkdirSync(directory, { recursive: true });
  if (!existsSync(join(directory, 'tiny.tar'))) await makeTinyImage(directory);
  const file = join(directory, 'compose.yaml');
  writeFileSync(file, tinyCompose([SERVICE], `${more}${TAIL}`));
  return file;
}

/** Sees that a daemon runs, that there is the guest image and {@link FAULT_TEMPLATE}, and that there are no environments. */
export async function prepareFaults(subject: Subject): Promise<void> {
  const { home } = subject;
  await subject.startDaemon();
  await berthOk(['image', 'build', 'debian-13', '--quiet'], { home, timeoutMs: BUILD_TIMEOUT_MS });
  await removeAll(subject);
  if ((await subject.templates()).some(({ name }) => name === FAULT_TEMPLATE)) {
    await subject.ask('POST', `/templates/${FAULT_TEMPLATE}/warm`, { min: 0, max: 0 });
    return;
  }
  const file = await faultProject(join(`${home}.work`, 'fault'));
  await berthOk(['up', '-f', file, '--name', 'fault-parent', '--quiet'], {
    home,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  await subject.run('POST', '/templates', { environment: 'fault-parent', name: FAULT_TEMPLATE });
  await subject.run('DELETE', '/environments/fault-parent');
}

/** Removes every environment; replicas go with theirs. */
export async function removeAll(subject: Subject): Promise<void> {
  const own = (await subject.environments()).filter(({ replicaOf }) => replicaOf === undefined);
  await Promise.all(own.map(({ name }) => subject.run('DELETE', `/environments/${name}`)));
}
