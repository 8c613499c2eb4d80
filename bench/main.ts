/**
 * Measures what Berth promises of its speed and memory, beside its peers in the same run. `npm run bench -- --help` tells the
 * options; `docs/benchmarks.md` tells the method.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOutput, formatFailure } from '../src/cli/index.ts';
import { asBerthError, berthError } from '../src/errors/index.ts';
import { ensureDirectory, isRoot, writeJson } from '../src/host/index.ts';
import { type Keep, machineStages, measured } from './machine-stages.ts';
import { machineFacts } from './measure/machine.ts';
import { type BenchOptions, readOptions, USAGE, WITHOUT_MACHINES } from './options.ts';
import { publish } from './report/publish.ts';
import { reportOf } from './report/tables.ts';
import { type BenchResult, RESULT_VERSION } from './result.ts';
import { daemonStage } from './stages/daemon.ts';
import { portStage } from './stages/port.ts';
import { quickstartStage } from './stages/quickstart.ts';

const PORT = { rounds: 10, httpMs: 2_000 };
const QUICK_PORT = { rounds: 2, httpMs: 1_000 };

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function bench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  if (!isRoot()) throw berthError('not-root', 'the bench starts machines and so needs root');
  const results = join(root, 'bench/results');
  const path = join(results, `${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
  await ensureDirectory(results);
  let result: BenchResult = { version: RESULT_VERSION };
  const keep: Keep = async (part) => {
    result = { ...result, ...part };
    await writeJson(path, result);
  };
  const { stages, quick, home } = options;
  const rig = { root, signal, say };
  if (stages.some((stage) => !WITHOUT_MACHINES.includes(stage)))
    await machineStages({ ...rig, ...(home === undefined ? {} : { home }) }, options, keep);
  const facts = { machine: await machineFacts(root, undefined), quick };
  if (stages.includes('daemon')) {
    say(`a daemon with ${options.stored} environments in its store`);
    await keep({ daemon: measured(await daemonStage(rig, options), facts) });
  }
  if (stages.includes('port')) {
    say('a published port beside nginx and haproxy');
    const { figures, peers } = await portStage(rig, quick ? QUICK_PORT : PORT);
    await keep({ port: measured(figures, facts, peers) });
  }
  if (stages.includes('quickstart')) {
    say('quickstart from nothing, then again');
    await keep({ quickstart: measured(await quickstartStage(rig), facts) });
  }
  for (const line of reportOf(result)) console.log(line);
  say(`written to ${path}`);
  if (!quick) say(`make the page of it: npm run bench -- --publish ${path.slice(root.length + 1)}`);
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
