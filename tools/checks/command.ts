import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** How a program ended and everything it printed. */
export interface CommandEnd {
  readonly code: number;
  readonly output: string;
}

/** Runs a program of `node_modules/.bin` in `root`, without a terminal and without colours. */
export function runTool(root: string, argv: readonly string[], signal: AbortSignal): Promise<CommandEnd> {
  const [name = '', ...rest] = argv;
  return runCommand(root, [join(root, 'node_modules/.bin', name), ...rest], signal);
}

/** Runs any program in `root`; an exit code other than 0 is not an error here, a program that cannot start is. */
export function runCommand(root: string, argv: readonly string[], signal: AbortSignal): Promise<CommandEnd> {
  const [file = '', ...rest] = argv;
  const environment = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, {
      cwd: root,
      env: environment,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
