import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { composeDown, composeUp, type ExecOptions, type GuestShell } from '../../../src/guest/index.ts';

const TIME = { timeoutMs: 5_000 };
const PLACE = { project: 'p', directory: '/d', projectDirectory: '/d', envFiles: [], ...TIME };

/** A shell that notes what it is asked and answers as told; its engine is not reachable. */
function shellThat(code: number, output = '') {
  const files = new Map<string, { content: unknown; mode: number | undefined }>();
  const commands: { argv: readonly string[]; options: ExecOptions }[] = [];
  const shell: GuestShell = {
    exec: async (argv, options) => {
      commands.push({ argv, options });
      for (const line of output.split('\n')) options.onLine?.(line, 'stderr');
      return { code, stdout: '', stderr: output, truncated: false };
    },
    putFile: async (path, content, options) => {
      files.set(path, { content, mode: options.mode });
    },
    openProcess: () => Promise.reject(new Error('not here')),
    engineSocket: (): Promise<Duplex> => Promise.reject(new Error('not here')),
    close: () => undefined,
  };
  return { shell, files, commands };
}

test("writes the files for root only and runs docker-compose on the guest's engine", async () => {
  const { shell, files, commands } = shellThat(0, ' Container s-web-1  Started\n\n');
  const lines: string[] = [];
  await composeUp(shell, {
    ...TIME,
    project: 'shop',
    directory: '/var/lib/shop',
    projectDirectory: '/srv/shop',
    envFiles: ['/srv/shop/.env'],
    home: '/home/me',
    file: 'services: {}',
    env: { A: 'b', Q: "it's" },
    onLine: (line) => lines.push(line),
  });
  expect(Object.fromEntries(files)).toEqual({
    '/var/lib/shop/compose.yaml': { content: 'services: {}', mode: 0o600 },
    '/var/lib/shop/.env': { content: "A='b'\n", mode: 0o600 },
  });
  expect(commands[0]?.argv.join(' ')).toBe(
    "env Q=it's HOME=/home/me DOCKER_CONFIG=/root/.docker DOCKER_HOST=unix:///run/podman/podman.sock" +
      ' docker-compose --ansi never --progress plain -p shop --project-directory /srv/shop' +
      ' --env-file /srv/shop/.env --env-file /var/lib/shop/.env -f /var/lib/shop/compose.yaml' +
      ' up --detach --no-build --pull missing --remove-orphans',
  );
  expect(lines).toEqual(['Container s-web-1  Started']);
});

test('orphans stay when that is wished', async () => {
  const { shell, commands } = shellThat(0);
  await composeUp(shell, { ...PLACE, file: '', env: {}, removeOrphans: false });
  expect(commands[0]?.argv).not.toContain('--remove-orphans');
});

test("a refused file is the file's fault, any other failure the engine's, even when it cannot be asked", async () => {
  const request = { ...PLACE, file: '', env: {} };
  await expect(
    composeUp(shellThat(15, 'validating /d/compose.yaml: no').shell, request),
  ).rejects.toMatchObject({ code: 'compose-invalid' });
  await expect(
    composeUp(shellThat(1, 'Error response from daemon: no').shell, request),
  ).rejects.toMatchObject({
    code: 'engine-failed',
    message: 'Compose in the guest failed: Error response from daemon: no',
  });
});

test('down keeps volumes unless told otherwise', async () => {
  const { shell, commands } = shellThat(0);
  await composeDown(shell, { ...TIME, project: 'p', graceSeconds: 3 });
  await composeDown(shell, { ...TIME, project: 'p', graceSeconds: 0, volumes: true });
  expect(commands.map(({ argv }) => argv.slice(9).join(' '))).toEqual([
    'down --remove-orphans --timeout 3',
    'down --remove-orphans --timeout 0 --volumes',
  ]);
});
