import { expect, test } from 'vitest';
import { containerMountRefusal } from '../../../src/environments/container-mounts.ts';
import type { EnvironmentRecord } from '../../../src/environments/record.ts';
import type { GuestShell } from '../../../src/guest/index.ts';

const SHARED = { project: true, mounts: ['/srv/data'] };

/** What the machine of a project in /home/me/shop says; it has /tmp/there beside what every machine has. */
async function refusal(path: string, isMadeWhenMissing = true): Promise<string | undefined> {
  const workload = { projectDirectory: '/home/me/shop', files: SHARED };
  const shell: Partial<GuestShell> = {
    exec: async (argv) => ({
      code: argv.at(-1) === '/tmp/there' ? 0 : 1,
      stdout: '',
      stderr: '',
      truncated: false,
    }),
  };
  return containerMountRefusal(
    shell as GuestShell,
    { workload } as unknown as EnvironmentRecord,
    { path, isMadeWhenMissing },
    AbortSignal.timeout(1_000),
  );
}

test.each(['/home/me/shop', '/home/me/shop/new', '/srv/data/x', '/var/run/docker.sock', '/tmp/there', '/'])(
  '%s may be mounted',
  async (path) => {
    if (path !== '/') expect(await refusal(path)).toBeUndefined();
    expect(await refusal(path, false)).toBeUndefined();
  },
);

test.each([
  ['/home/me/shopping', '--allow-mount /home/me/shopping'],
  ['/etc', 'the machine has its own system'],
  ['/tmp/not-there', 'not there in the machine'],
  ['C:\\work', 'no absolute path'],
  ['./relative', 'no absolute path'],
])('%s is refused', async (path, why) => {
  expect(await refusal(path)).toContain(why);
});

test('what the engine does not make it may look for itself', async () => {
  expect(await refusal('/tmp/not-there', false)).toBeUndefined();
});
