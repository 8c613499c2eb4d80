import type { Environment } from '../../model/index.ts';

/** A variable and its value. */
export type Variable = readonly [name: string, value: string];

/** With these another engine, or TLS to it, would be asked for. */
export const MISLEADING_VARIABLES = ['DOCKER_CONTEXT', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'] as const;

/** Where every machine has its engine's socket. */
const SOCKET_IN_MACHINE = '/var/run/docker.sock';

/** What makes Docker's clients, and tools built on them, use an environment. */
export function dockerVariables({ address, dockerSocket }: Environment): readonly Variable[] {
  return [
    ['DOCKER_HOST', dockerHost(dockerSocket)],
    // Podman has no BuildKit; a CLI with the plugin buildx would ask for it.
    ['DOCKER_BUILDKIT', '0'],
    // Where Testcontainers finds published ports, and the socket that its helpers mount.
    ['TESTCONTAINERS_HOST_OVERRIDE', address],
    ['TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE', SOCKET_IN_MACHINE],
  ];
}

/** Names of all that {@link dockerVariables} sets. */
export const DOCKER_VARIABLES = [
  'DOCKER_HOST',
  'DOCKER_BUILDKIT',
  'TESTCONTAINERS_HOST_OVERRIDE',
  'TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE',
] as const;

/** The form in which Docker's clients name a socket. */
export function dockerHost(socket: string): string {
  return `unix://${socket}`;
}
