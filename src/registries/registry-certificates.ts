import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { listDirectory, readText } from '../host/index.ts';

/** Where Docker and Podman keep certificates of private registries, by host. */
export const CERTIFICATE_DIRECTORIES: readonly string[] = ['/etc/docker/certs.d', '/etc/containers/certs.d'];

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Certificates (PEM) that a registry is recognised by beside those of the system: the file that the settings name, and every
 * `*.crt` below `certs.d/HOST/`.
 * @throws `registries-invalid` when the file named is not there, or a file holds no certificate
 */
export async function registryCertificates(
  registry: string,
  named: string | undefined,
  directories: readonly string[] = CERTIFICATE_DIRECTORIES,
): Promise<string[]> {
  const paths: string[] = named === undefined ? [] : [named];
  for (const directory of directories.map((one) => join(one, registry))) {
    for (const name of await listDirectory(directory))
      if (name.endsWith('.crt')) paths.push(join(directory, name));
  }
  const found = await Promise.all(paths.map((path) => readCertificates(path, registry)));
  return [...new Set(found.flat())];
}

async function readCertificates(path: string, registry: string): Promise<string[]> {
  const text = await readText(path).catch((error: unknown) => {
    throw problem(
      path,
      registry,
      `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  if (text === undefined) throw problem(path, registry, 'is not there');
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) throw problem(path, registry, 'holds no certificate (PEM)');
  for (const block of blocks) {
    if (isCertificate(block)) continue;
    throw problem(path, registry, 'holds a certificate that cannot be read');
  }
  return blocks;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function problem(path: string, registry: string, what: string): Error {
  return berthError('registries-invalid', `the certificate file ${path} of ${registry} ${what}`);
}
