import { spawn } from 'node:child_process';
import { berthError } from '../../src/errors/index.ts';

// What of the caller's environment must get through to root.
const KEPT = 'BERTH_HOME,BERTH_DEBIAN_MIRROR,NO_COLOR,FORCE_COLOR,TERM,http_proxy,https_proxy,no_proxy';

/** Runs a program with this process's input and output. Throws with the command to repeat when it fails. */
export async function runCommand(argv: readonly string[], cwd: string): Promise<void> {
  const code = await exitCode(argv, cwd);
  if (code === 0) return;
  const shown = argv.map((word) => (word === process.execPath ? 'node_modules/.bin/node' : word)).join(' ');
  throw berthError('command-failed', `${shown} ended with exit code ${code}`, {
    remedy: `Correct the cause shown above, then repeat: npm run quickstart`,
  });
}

/** Runs this script again as root by sudo; gives its exit code. */
export async function runAsRoot(argv: readonly string[], cwd: string): Promise<number> {
  process.stdout.write('Machines need root on the host; asking sudo for it\n');
  try {
    return await exitCode(['sudo', `--preserve-env=${KEPT}`, '--', process.execPath, ...argv], cwd);
  } catch {
    process.stderr.write(
      'error: this user is not root, and sudo is not installed\n  next: as root, npm run quickstart\n',
    );
    return 5;
  }
}

function exitCode(argv: readonly string[], cwd: string): Promise<number> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd, stdio: 'inherit' });
    // Ctrl-C goes to the whole group; the child decides what to do, and this process waits for it.
    const wait = (): void => undefined;
    process.on('SIGINT', wait);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', wait);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}
