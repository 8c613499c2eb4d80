export type { Credential, RegistryCredential } from './credential.ts';
export { type CachedRegistry, GUEST_CONFIGURATION } from './guest-configuration.ts';
export { type PullFailure, type PullFailureKind, pullError } from './pull-failure.ts';
export { type Access, Registries, type RegistriesLog, type RegistriesOptions } from './registries.ts';
