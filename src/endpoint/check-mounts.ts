import type { IncomingMessage } from 'node:http';
import { berthError } from '../errors/index.ts';
import type { EndpointBackend } from './backend.ts';
import { type MountRequest, mountsOf } from './mounts.ts';
import { readBody } from './read-body.ts';

/** A container's description has some KiB; one with a hundred times the usual still fits. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * Reads a request that can mount paths, and gives its body when it asks for none that the machine does not have.
 * @throws `bad-request` naming every such mount, `payload-too-large`
 */
export async function checkMounts(
  backend: EndpointBackend,
  kind: MountRequest,
  incoming: IncomingMessage,
  signal: AbortSignal,
): Promise<Buffer> {
  const body = await readBody(incoming, MAX_BODY_BYTES);
  const refusals: string[] = [];
  for (const { field, path, isMadeWhenMissing } of mountsOf(kind, parse(body))) {
    const refusal = await backend.mountRefusal({ path, isMadeWhenMissing }, signal);
    if (refusal !== undefined) refusals.push(`${field}: ${refusal}`);
  }
  const [first, ...others] = refusals;
  if (first === undefined) return body;
  throw berthError('bad-request', [first, ...others].join('; '), {
    remedy: 'Named volumes work without any path.',
  });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw berthError('bad-request', 'the body of the request is no JSON', {
      remedy: 'Send what the Docker API asks for.',
    });
  }
}
