import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { expect, test } from 'vitest';

test('what was handed down is closed, what a program opened itself is not', () => {
  const index = new URL('../../../src/host/index.ts', import.meta.url).href;
  const script = `import { closeInherited } from ${JSON.stringify(index)};
    import { fstatSync, openSync } from 'node:fs';
    const own = openSync('/dev/null', 'r');
    const inherited = 40;
    fstatSync(inherited);
    closeInherited();
    fstatSync(own);
    try { fstatSync(inherited); console.log('open'); } catch (error) { console.log(error.code); }
    await import('node:child_process').then(({ execFileSync }) => execFileSync('true'));`;
  // The first few are Node's own affair: it has them closed for what it starts.
  const between = Array.from({ length: 37 }, () => 'ignore' as const);
  const stdio = ['ignore', 'pipe', 'inherit', ...between, openSync('/dev/null', 'r')] as const;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: [...stdio],
    encoding: 'utf8',
  });
  expect([status, stdout.trim()]).toEqual([0, 'EBADF']);
});
