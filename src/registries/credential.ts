import { createHmac } from 'node:crypto';

/** With what somebody shows a registry who he is. Never logged, never in a record of the store. */
export type Credential =
  | { readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, as `docker login` keeps it for some registries. */
  | { readonly identityToken: string };

/** A credential and the registry that it is for. */
export interface RegistryCredential {
  /** Host of the registry: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  readonly credential: Credential;
}

const SHOWN_DIGITS = 10;

/** Tells one credential of a registry from another; says nothing of it to whoever has not the key. */
export function fingerprint({ registry, credential }: RegistryCredential, key: string): string {
  const text = JSON.stringify([
    registry,
    'identityToken' in credential ? [credential.identityToken] : [credential.username, credential.password],
  ]);
  return createHmac('sha256', key).update(text).digest('hex').slice(0, SHOWN_DIGITS);
}

/** Value of the header `Authorization`; undefined for what has no such form. */
export function basicHeader(credential: Credential | undefined): string | undefined {
  if (credential === undefined || 'identityToken' in credential) return undefined;
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`, 'utf8').toString('base64')}`;
}
