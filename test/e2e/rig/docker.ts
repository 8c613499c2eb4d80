import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import Docker from 'dockerode';
import type { Environment } from '../../../src/model/index.ts';
import { type Ended, output, type ProgramOptions, runProgram, StreamingProgram } from './program.ts';
import { workDirectory } from './tiny.ts';

/** Debian's packages that have the Docker command line: 13 and later, 12 and earlier. */
const PACKAGES = ['docker-cli', 'docker.io'];

let path: Promise<string> | undefined;

/**
 * The search path with the Docker command line in it: the host's own, else that of Debian's package, unpacked beside the tests and
 * not installed, so that no engine is started.
 */
export function dockerPath(): Promise<string> {
  path ??= findDocker();
  return path;
}

async function findDocker(): Promise<string> {
  const known = process.env['PATH'] ?? '';
  if (known.split(delimiter).some((directory) => existsSync(join(directory, 'docker')))) return known;
  const directory = workDirectory('docker-cli');
  const client = join(directory, 'root/usr/bin');
  if (!existsSync(join(client, 'docker'))) await unpackClient(directory);
  return `${client}${delimiter}${known}`;
}

async function unpackClient(directory: string): Promise<void> {
  const download = async () => {
    for (const name of PACKAGES) {
      const { code } = await runProgram(['apt-get', 'download', '-q', name], { cwd: directory });
      if (code === 0) return true;
    }
    return false;
  };
  if (!(await download())) {
    await output(['apt-get', 'update', '-q']);
    if (!(await download())) throw new Error(`none of the packages ${PACKAGES.join(', ')} can be had`);
  }
  const archive = readdirSync(directory).find((name) => name.endsWith('.deb')) ?? '';
  mkdirSync(join(directory, 'root'), { recursive: true });
  await output(['dpkg-deb', '--extract', join(directory, archive), join(directory, 'root')]);
}

/** Variables with which Docker's clients use an environment, and find a `docker`. */
async function dockerEnv(environment: Environment): Promise<NodeJS.ProcessEnv> {
  const host = `unix://${environment.dockerSocket}`;
  return { ...process.env, PATH: await dockerPath(), DOCKER_HOST: host, DOCKER_BUILDKIT: '0' };
}

/** Runs `docker …` against an environment to its end, whatever its exit code. */
export async function docker(
  environment: Environment,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return runProgram(['docker', ...argv], { env: await dockerEnv(environment), ...options });
}

/** Runs `docker …`, which must succeed; gives its standard output. */
export async function dockerOk(
  environment: Environment,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await docker(environment, argv, options);
  if (code !== 0) throw new Error(`docker ${argv.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** Starts `docker …` beside the test. */
export async function startDocker(
  environment: Environment,
  argv: readonly string[],
): Promise<StreamingProgram> {
  return new StreamingProgram(['docker', ...argv], { env: await dockerEnv(environment) });
}

/** Another client of an environment's endpoint: the library that most tools in JavaScript use. */
export function dockerode(environment: Environment): Docker {
  return new Docker({ socketPath: environment.dockerSocket });
}
