import type { Environment } from '../../../src/model/index.ts';

const ANSWER_TIMEOUT_MS = 30_000;

/** `http://address:port` of the first TCP port that a service publishes on the environment's own address. */
export function urlOf(environment: Environment, service = 'web'): string {
  const port = environment.ports.find(
    (one) => one.protocol === 'tcp' && one.service === service && one.hostAddress === environment.address,
  );
  if (port === undefined) throw new Error(`${environment.name} publishes no TCP port of ${service}`);
  return `http://${port.hostAddress}:${port.hostPort}`;
}

/** The body of an answer with 200, over a connection of its own. */
export async function get(url: string, timeoutMs = ANSWER_TIMEOUT_MS): Promise<string> {
  const response = await fetch(url, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text;
}

/** True when something answers with 200 now. */
export async function answers(url: string, timeoutMs = 2_000): Promise<boolean> {
  return get(url, timeoutMs).then(
    () => true,
    () => false,
  );
}
