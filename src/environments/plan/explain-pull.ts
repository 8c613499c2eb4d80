import type { BerthError } from '../../errors/index.ts';
import type { PullFailure, PullFailureKind } from '../../registries/index.ts';

/** What container engines say, in the words of Podman 5 (containers/image `docker/errors.go`) and of registries. */
const WORDS: readonly { readonly pattern: RegExp; readonly kind: PullFailureKind }[] = [
  { pattern: /toomanyrequests|too many requests|429/i, kind: 'limited' },
  {
    pattern: /unauthorized|authentication required|access to the resource is denied|401|403/i,
    kind: 'denied',
  },
  { pattern: /manifest unknown|name unknown|not found|no image found in manifest list/i, kind: 'missing' },
  { pattern: /digest.*(mismatch|did not match)|did not match, expected/i, kind: 'invalid' },
  { pattern: /no space left/i, kind: 'full' },
  {
    pattern:
      /timeout|timed out|connection re(set|fused)|no such host|network is unreachable|unexpected EOF|x509/i,
    kind: 'unreachable',
  },
];
const MAX_MESSAGE = 600;

/** Why the engine could not pull, where no cache knows it: it went to the registry itself. Undefined when its words say nothing. */
export function explainEngine(error: BerthError, registry: string): PullFailure | undefined {
  if (error.code !== 'engine-failed' && error.code !== 'not-found') return undefined;
  const message = error.message.replace(/^the container engine says: /, '').slice(0, MAX_MESSAGE);
  const kind = WORDS.find(({ pattern }) => pattern.test(message))?.kind;
  return kind === undefined ? undefined : { kind, registry, message };
}
