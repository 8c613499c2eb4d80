import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

/** An ed25519 key pair in the forms that OpenSSH reads and writes. */
export interface HostKeyPair {
  /** PEM text of an unencrypted OpenSSH private key, with its last line end. */
  readonly private: string;
  /** One line as in `authorized_keys`: type, base64, remark; without a line end. */
  readonly public: string;
}

const KEY_TYPE = 'ssh-ed25519';
const MAGIC = 'openssh-key-v1\0';
const BLOCK_BYTES = 8;

/**
 * Makes an ed25519 key pair, in well under a millisecond. `comment` is the remark in both halves: printable ASCII.
 * The format is OpenSSH's `PROTOCOL.key`.
 */
export function makeHostKeyPair(comment = 'berth'): HostKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const publicRaw = rawHalf(publicKey, 'x');
  const blob = Buffer.concat([field(KEY_TYPE), field(publicRaw)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    blob,
    field(Buffer.concat([rawHalf(privateKey, 'd'), publicRaw])),
    field(comment),
  ]);
  const container = Buffer.concat([
    Buffer.from(MAGIC, 'latin1'),
    field('none'),
    field('none'),
    field(''),
    uint32(1),
    field(blob),
    field(padded(secret)),
  ]);
  return { private: pem(container), public: `${KEY_TYPE} ${blob.toString('base64')} ${comment}` };
}

/** The key itself out of a line of `authorized_keys` or `known_hosts` form; undefined when it is no ed25519 key. */
export function publicKeyBlob(line: string): Buffer | undefined {
  const [type, base64] = line.trim().split(/\s+/);
  if (type !== KEY_TYPE || base64 === undefined) return undefined;
  const blob = Buffer.from(base64, 'base64');
  return blob.length === 51 && blob.subarray(4, 15).toString('latin1') === KEY_TYPE ? blob : undefined;
}

function rawHalf(key: KeyObject, half: 'x' | 'd'): Buffer {
  const value = key.export({ format: 'jwk' })[half];
  if (value === undefined) throw new TypeError(`the key has no part "${half}"`);
  return Buffer.from(value, 'base64url');
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function field(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** Fills up with 1, 2, 3, … to a whole number of blocks. */
function padded(bytes: Buffer): Buffer {
  const missing = (BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES;
  return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, index) => index + 1))]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}
