import { isAbsolute, normalize } from 'node:path';
import { berthError } from '../errors/index.ts';

/** Host, bucket and, if wanted, a place in it; credentials never stand in it. */
const S3 = /^s3:(https?:\/\/)?[A-Za-z0-9.-]+(:\d{1,5})?\/[a-z0-9][a-z0-9.-]{1,62}(\/[A-Za-z0-9._-]+)*\/?$/;

/** Where a repository is: a directory, or a bucket of an S3-compatible store. */
export type Location =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 's3'; readonly url: string };

/**
 * Reads where a repository is to be: an absolute path, or `s3:https://HOST/BUCKET/PLACE`.
 * @param home of this installation: a repository in it would be lost with what it is to protect
 * @throws `bad-request`
 */
export function parseLocation(text: string, home: string): Location {
  if (text.startsWith('s3:')) {
    if (S3.test(text)) return { kind: 's3', url: text };
    throw refused(`"${text}" is no place in an S3 store; it looks like s3:https://HOST/BUCKET/PLACE`);
  }
  if (!isAbsolute(text)) throw refused(`"${text}" is neither an absolute path nor begins with s3:`);
  const path = normalize(text).replace(/\/+$/, '');
  const isInside = path === home || path.startsWith(`${home}/`);
  if (isInside) throw refused(`${path} lies in ${home}, which it is to protect`);
  return { kind: 'directory', path };
}

/** As the backup program names it. */
export function formatLocation(location: Location): string {
  return location.kind === 's3' ? location.url : location.path;
}

function refused(message: string): Error {
  return berthError('bad-request', message, { problems: [{ path: 'location', message }] });
}
