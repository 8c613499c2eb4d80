import { join } from 'node:path';
import { type HostKeyPair, makeHostKeyPair } from '../guest/index.ts';
import { ensureDirectory, readText, writeAtomic } from '../host/index.ts';

/** The key pair with which this installation logs into its guests: made once, kept in `keys/`. */
export async function loadClientKey(directory: string): Promise<HostKeyPair> {
  const privatePath = join(directory, 'id_ed25519');
  const publicPath = join(directory, 'id_ed25519.pub');
  const [known, knownPublic] = await Promise.all([readText(privatePath), readText(publicPath)]);
  if (known !== undefined && knownPublic !== undefined) return { private: known, public: knownPublic };
  await ensureDirectory(directory, { mode: 0o700 });
  const pair = makeHostKeyPair('berth');
  // The public half last: without it the pair is made anew.
  await writeAtomic(privatePath, pair.private, { mode: 0o600 });
  await writeAtomic(publicPath, pair.public, { mode: 0o644 });
  return pair;
}
