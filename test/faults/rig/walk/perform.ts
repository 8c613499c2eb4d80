import type { Environment, Operation } from '../../../../src/model/index.ts';
import { get } from '../../../e2e/rig/http.ts';
import { type CallOptions, Refusal } from '../api.ts';
import { FAULT_TEMPLATE } from '../project.ts';
import { type Subject, until } from '../subject.ts';
import type { Step } from './plan.ts';

const HTTP_TIMEOUT_MS = 30_000;
const ASK_AGAIN_WITHIN_MS = 60_000;

/** How a step ended: `lost` when the connection was, so that nobody can tell. */
export interface Outcome {
  readonly word: 'done' | 'refused' | 'failed' | 'undone' | 'lost';
  /** Code of the failure. */
  readonly code?: string;
  readonly message?: string;
  /** What a request was answered. */
  readonly text?: string;
}

export function nameOf(place: number): string {
  return `walk-${place}`;
}

/** Port of the environment's web server. */
export function urlOf({ address, ports }: Environment): string {
  const port = ports.find(({ protocol, hostAddress }) => protocol === 'tcp' && hostAddress === address);
  return `http://${address}:${port?.hostPort ?? 0}`;
}

/** Does what a step says, as a client would that comes back after the daemon was away: with the same key. */
export async function perform(subject: Subject, step: Step, key: string): Promise<Outcome> {
  const { verb, place, from, replicas, number } = step;
  const name = nameOf(place);
  const path = `/environments/${name}`;
  const ask = (method: string, where: string, body?: unknown) =>
    operate(subject, method, where, body, { key });
  switch (verb) {
    case 'fork':
      return ask('POST', '/forks', { source: FAULT_TEMPLATE, name });
    case 'copy':
      return ask('POST', '/forks', { source: nameOf(from ?? place), name });
    case 'rm':
      return ask('DELETE', path);
    case 'sleep':
      return ask('POST', `${path}/sleep`, {});
    case 'freeze':
      return ask('POST', `${path}/sleep`, { freeze: true });
    case 'wake':
      return ask('POST', `${path}/wake`);
    case 'scale':
      return ask('POST', `${path}/scale`, { replicas, drainMs: 500 });
    case 'stop':
      return ask('POST', `${path}/stop`, { timeoutMs: 3_000 });
    case 'start':
      return ask('POST', `${path}/start`, {});
    case 'restart':
      return ask('POST', `${path}/restart`, { force: true });
    case 'write':
      return visit(subject, name, `/cgi-bin/put?${number}`);
    case 'read':
      return visit(subject, name, '/cgi-bin/get');
    case 'request':
      return visit(subject, name, '/');
  }
}

/** Repeats the request until a daemon has taken it, and waits for its end over the ends of daemons. */
async function operate(
  subject: Subject,
  method: string,
  path: string,
  body: unknown,
  o: CallOptions,
): Promise<Outcome> {
  const { id } = await persistently(async () => subject.ask<Operation>(method, path, body, o)).catch(
    (error: unknown) => ({ id: refusalOf(error) }),
  );
  if (typeof id !== 'string') return id;
  const { state, error } = await persistently(() => subject.ended(id));
  if (state === 'succeeded') return { word: 'done' };
  const word = state === 'cancelled' ? 'undone' : 'failed';
  return { word, ...(error === undefined ? {} : { code: error.code, message: error.message }) };
}

function refusalOf(error: unknown): Outcome {
  if (!(error instanceof Refusal)) throw error;
  return { word: 'refused', code: error.failure.code, message: error.failure.message };
}

/** While no daemon answers it is asked again. */
async function persistently<Value>(ask: () => Promise<Value>): Promise<Value> {
  return until('an answer of the daemon', ASK_AGAIN_WITHIN_MS, async () => {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Refusal && error.failure.code !== 'daemon-not-running') throw error;
      if (!(error instanceof Refusal) && !isLostConnection(error)) throw error;
      return undefined;
    }
  });
}

function isLostConnection(error: unknown): boolean {
  const code = (error as { readonly code?: string }).code ?? '';
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code);
}

async function visit(subject: Subject, name: string, path: string): Promise<Outcome> {
  const environment = await persistently(() => subject.environments()).then((all) =>
    all.find((one) => one.name === name),
  );
  if (environment === undefined) return { word: 'refused', code: 'not-found' };
  try {
    const text = (await get(`${urlOf(environment)}${path}`, HTTP_TIMEOUT_MS)).trim();
    // These answers end with their connection, and none is empty: this one was cut off by the daemon's end.
    return text === '' ? { word: 'lost', message: 'the answer was cut off' } : { word: 'done', text };
  } catch (error) {
    return { word: 'lost', message: String(error) };
  }
}
