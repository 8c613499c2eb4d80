import type { Environment } from '../../../src/model/index.ts';
import { output } from './program.ts';

function namespaceOf(environment: Environment): string {
  if (environment.namespace === undefined) throw new Error(`${environment.name} has no namespace`);
  return environment.namespace;
}

/** The address at which the host reaches the guest, read from the namespace itself. */
export async function guestAddress(environment: Environment): Promise<string> {
  const shown = await output([
    'ip',
    '-n',
    namespaceOf(environment),
    '-4',
    '-o',
    'address',
    'show',
    'dev',
    'up0',
  ]);
  const address = /inet (100\.[\d.]+)\//.exec(shown)?.[1];
  if (address === undefined) throw new Error(`${namespaceOf(environment)} has no address: ${shown}`);
  return address;
}

/** Where a service answers without any daemon: straight at the guest. */
export async function guestUrl(environment: Environment, service = 'web'): Promise<string> {
  const port = environment.ports.find((one) => one.service === service && one.protocol === 'tcp');
  return `http://${await guestAddress(environment)}:${port?.guestPort}`;
}
