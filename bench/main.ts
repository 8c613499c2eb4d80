/**
 * Measures what Berth promises of its speed and memory, beside its peers in the same run. `npm run bench -- --help` tells the
 * options; `docs/benchmarks.md` tells the method.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOutput, formatFailure } from '../src/cli/index.ts';
import { asBerthError, berthError } from '../src/errors/index.ts';
import { ensureDirectory, isRoot, writeJson } from '../src/host/index.ts';
import { machineFacts } from './measure/machine.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { publish } from './report/publish.ts';
import { reportOf } from './report/tables.ts';
import { type BenchResult, type Measured, RESULT_VERSION } from './result.ts';
import { Rig } from './rig.ts';
import { capacityStage } from './stages/capacity.ts';
import { cliStage } from './stages/cli.ts';
import { dockerStage } from './stages/docker.ts';
import { densityStage } from './stages/density.ts';
import { forkStage } from './stages/fork.ts';
import { portStage } from './stages/port.ts';
import { projectStage } from './stages/project.ts';
import { quickstartStage } from './stages/quickstart.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function bench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  if (!isRoot()) throw berthError('not-root', 'the bench starts machines and so needs root');
  const results = join(root, 'bench/results');
  const path = join(results, `${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
  const result: BenchResult = {
    version: RESULT_VERSION,
    ...(await machineStages(options, signal)),
    ...(options.stages.includes('port') ? await port(options, signal) : {}),
    ...(options.stages.includes('quickstart') ? await quickstart(options, signal) : {}),
  };
  await ensureDirectory(results);
  await writeJson(path, result);
  for (const line of reportOf(result)) console.log(line);
  say(`written to ${path}`);
  if (!options.quick) say(`make the page of it: npm run bench -- --publish ${path.slice(root.length + 1)}`);
}

/** The stages that share one daemon. */
async function machineStages(
  options: BenchOptions,
  signal: AbortSignal,
): Promise<Omit<BenchResult, 'version'>> {
  const { stages, quick, home } = options;
  if (stages.every((stage) => stage === 'quickstart' || stage === 'port')) return {};
  await using rig = await Rig.open({ root, signal, say, ...(home === undefined ? {} : { home }) });
  await rig.prepare();
  const machine = await machineFacts(root, rig.client);
  const measured = <Stage>(figures: Stage, podman?: string): Measured<Stage> => {
    const peer = podman === undefined ? {} : { podman };
    return { at: new Date().toISOString(), machine: { ...machine, ...peer }, quick, figures };
  };
  let result: Omit<BenchResult, 'version'> = {};
  if (stages.includes('fork')) {
    say(`forks and peers, ${options.runs} runs each`);
    const { figures, podman } = await forkStage(rig, options);
    result = { ...result, fork: measured(figures, podman) };
  }
  if (stages.includes('density')) {
    say(`${options.forks} forks at once`);
    result = { ...result, density: measured(await densityStage(rig, options)) };
  }
  if (stages.includes('cli')) {
    say('start of the command line');
    result = { ...result, cli: measured(await cliStage(rig, options)) };
  }
  if (stages.includes('docker')) {
    say('Docker clients');
    result = { ...result, docker: measured(await dockerStage(rig, options)) };
  }
  if (stages.includes('project')) {
    say('files and images of a project');
    result = { ...result, project: measured(await projectStage(rig, options)) };
  }
  if (stages.includes('capacity')) {
    say('predictions of capacity');
    result = { ...result, capacity: measured(await capacityStage(rig, options)) };
  }
  return result;
}

async function port(options: BenchOptions, signal: AbortSignal): Promise<Pick<BenchResult, 'port'>> {
  say('a published port beside nginx');
  const facts = await machineFacts(root, undefined);
  const { figures, nginx } = await portStage({ root, signal, say }, { rounds: options.quick ? 2 : 10 });
  const machine = { ...facts, nginx };
  return { port: { at: new Date().toISOString(), machine, quick: options.quick, figures } };
}

async function quickstart(
  options: BenchOptions,
  signal: AbortSignal,
): Promise<Pick<BenchResult, 'quickstart'>> {
  say('quickstart from nothing, then again');
  const machine = await machineFacts(root, undefined);
  const figures = await quickstartStage({ root, signal, say });
  return { quickstart: { at: new Date().toISOString(), machine, quick: options.quick, figures } };
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(berthError('cancelled', 'the bench was interrupted'));
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const options = readOptions(argv);
    if (options.publish.length > 0) await publish(root, options.publish);
    else await bench(options, interrupted.signal);
    return 0;
  } catch (error) {
    const failure = asBerthError(error);
    const err = createOutput(process.stderr, process.env);
    for (const line of formatFailure(failure, err.style)) err.line(line);
    return failure.exitCode;
  }
}

process.exit(await main(process.argv.slice(2)));
