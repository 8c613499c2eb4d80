/**
 * From a bare Debian host to a running environment and three forks of it; safe to repeat. `npm run quickstart` calls it
 * after `tools/bootstrap.sh`. Every step says what it does and how long it took; a failure ends it with the next command.
 */
import { fileURLToPath } from 'node:url';
import { createOutput, formatFailure, openConnection } from '../src/cli/index.ts';
import { asBerthError } from '../src/errors/index.ts';
import { isRoot } from '../src/host/index.ts';
import { forkShop } from './quickstart/fork-shop.ts';
import { runAsRoot, runCommand } from './quickstart/programs.ts';
import { forgetForks, rememberForks } from './quickstart/remembered-forks.ts';
import { printClosing, printReport } from './quickstart/report.ts';
import { proveApart } from './quickstart/prove-apart.ts';
import { clearShop, visitShop } from './quickstart/shop.ts';
import { createSteps } from './quickstart/steps.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const berth = './berth';
const out = createOutput(process.stdout, process.env);

async function quickstart(): Promise<void> {
  const steps = createSteps(out, 8);
  const command = (...argv: string[]): Promise<void> => runCommand(argv, root);
  await steps.run('prepare the host', () => command(berth, 'host', 'setup', '--yes'));
  await steps.run('build the guest image', () => command(berth, 'image', 'build', 'debian-13'));
  await steps.run('make the container images of the shop', () =>
    command(process.execPath, 'examples/shop/make-images.ts'),
  );
  const connection = await openConnection({ env: process.env, autostart: true });
  try {
    const { client } = connection;
    const home = (await client.daemon.status()).home;
    await steps.run('remove the forks of the last time', async () => {
      await forgetForks(client, home);
      await clearShop(client);
    });
    const upMs = await steps.run('bring up examples/shop', async () => {
      const start = performance.now();
      await command(berth, 'up', '-f', 'examples/shop/compose.yaml', '--name', 'shop');
      return start;
    });
    const parent = await steps.run('wait until it answers over HTTP', () => visitShop(client, upMs));
    const forks = await steps.run('fork it three times while it runs', () =>
      forkShop(client, 3, (ids) => rememberForks(home, ids)),
    );
    const proof = await steps.run('check that parent and forks count apart', () => proveApart(parent, forks));
    await printReport(out, client, parent, forks, proof);
    printClosing(out, parent, forks, steps.totalMs());
  } finally {
    connection.close();
  }
}

async function main(): Promise<number> {
  if (!isRoot()) return runAsRoot(process.argv.slice(1), root);
  try {
    await quickstart();
    return 0;
  } catch (error) {
    const failure = asBerthError(error);
    const err = createOutput(process.stderr, process.env);
    for (const line of formatFailure(failure, err.style)) err.line(line);
    return failure.exitCode;
  }
}

process.exit(await main());
