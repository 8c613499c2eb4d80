import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Beside the packages and not in a directory that others may write to: what is cached there is run.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));

const argv = process.argv.slice(2);

if (argv[0] === 'serve' && !argv.includes('--help') && !argv.includes('-h')) {
  const { serve } = await import('./daemon/index.ts');
  // A connection that somebody forgot must not keep a daemon that has closed everything.
  process.exit(await serve(argv.slice(1)));
} else if (
  argv[0] === 'daemon' &&
  argv[1] === 'restore-store' &&
  !argv.includes('--help') &&
  !argv.includes('-h')
) {
  // There is no daemon to ask: it would not start.
  const { restoreStoreCommand } = await import('./daemon/index.ts');
  process.exit(await restoreStoreCommand(argv.slice(2)));
} else {
  const { main } = await import('./cli/index.ts');
  const code = await main(argv);
  // What was written to a pipe may still wait for its reader.
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  process.exit(code);
}
