import { parseArgs } from 'node:util';
import { berthError } from '../src/errors/index.ts';

/** Parts of the bench; each can be run by itself. */
export const STAGES = [
  ...(['fork', 'burst', 'growth', 'density', 'fleet', 'sleep', 'cycles', 'restores', 'load'] as const),
  ...(['cli', 'docker', 'project', 'capacity', 'daemon', 'port', 'quickstart'] as const),
] as const;
export type StageName = (typeof STAGES)[number];

/** Need no machine and no daemon with one. */
export const WITHOUT_MACHINES: readonly StageName[] = ['daemon', 'port', 'quickstart'];

/** Take many minutes, or a clone of the repository: only run when named. */
const ONLY_WHEN_NAMED: readonly StageName[] = ['quickstart', 'cycles', 'restores', 'load'];

export interface BenchOptions {
  readonly stages: readonly StageName[];
  /** Few runs, few forks: to try the bench, not to measure. */
  readonly quick: boolean;
  /** Timed runs of each kind of fork and of each peer. */
  readonly runs: number;
  /** Timed cold boots, and wakes from the disk. */
  readonly coldRuns: number;
  readonly sleepRuns: number;
  /** Sleeps and wakes of one environment in the cycles stage. */
  readonly cycles: number;
  /** Restores of a database under load, and how many of them go without a boot for each that boots. */
  readonly restores: number;
  readonly bootEach: number;
  /** Requests per second of the load stage, and for how long. */
  readonly loadPerSecond: number;
  readonly loadMs: number;
  /** Forks that are alive at once in the density stage, and frozen ones in the fleet stage. */
  readonly forks: number;
  readonly fleet: number;
  /** How many forks the burst stage asks for in one call. */
  readonly bursts: readonly number[];
  /** How many idle forks are alive while the growth stage makes more. */
  readonly living: readonly number[];
  /** Stopped environments in the store of the daemon stage. */
  readonly stored: number;
  /** True: libvirt is installed where it is missing; it takes part anyway where it is there. */
  readonly libvirt: boolean;
  /** BERTH_HOME to work in, kept with its images at the end; absent: a directory of its own, removed with everything in it. */
  readonly home?: string;
  /** Result files to make the reference and the page of; nothing is measured then. */
  readonly publish: readonly string[];
}

export const USAGE = `usage: npm run bench -- [options]
  --quick          few runs, to try the bench
  --only STAGE     ${STAGES.join(', ')}; may be repeated (default: all but ${ONLY_WHEN_NAMED.join(', ')})
  --runs N         timed runs of each kind (default 30)
  --forks N        forks that are alive at once: 20 by default in the stage density, 200 in the stage fleet
  --libvirt        install libvirt where it is missing, as a peer of the stage fork
  --home DIR       BERTH_HOME to work in; its images are kept (default: a new one, removed at the end)
  --publish FILE   measure nothing: make bench/reference.json and docs/benchmarks.md of a result; may be repeated,
                   the stages of later files replace those of earlier ones`;

/** Reads the command line. Throws `bad-request` naming what is wrong. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parse(argv);
  const quick = values.quick === true;
  const { home } = values;
  const forks = numberOf('--forks', values.forks);
  return {
    stages: stagesOf(values.only),
    quick,
    runs: numberOf('--runs', values.runs) ?? (quick ? 5 : 30),
    coldRuns: quick ? 1 : 5,
    sleepRuns: quick ? 2 : 10,
    cycles: quick ? 10 : 500,
    restores: quick ? 10 : 100,
    bootEach: quick ? 5 : 25,
    loadPerSecond: quick ? 40 : 200,
    loadMs: quick ? 15_000 : 60_000,
    forks: forks ?? (quick ? 4 : 20),
    fleet: forks ?? (quick ? 4 : 200),
    bursts: quick ? [1, 4] : [1, 10, 50],
    living: quick ? [1, 4] : [1, 5, 10, 20, 40],
    stored: quick ? 100 : 1000,
    libvirt: values.libvirt === true,
    ...(home === undefined ? {} : { home }),
    publish: values.publish ?? [],
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        runs: { type: 'string' },
        forks: { type: 'string' },
        libvirt: { type: 'boolean' },
        home: { type: 'string' },
        publish: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw berthError('bad-request', reason, { remedy: USAGE, cause: error });
  }
}

function stagesOf(only: readonly string[] | undefined): readonly StageName[] {
  if (only === undefined) return STAGES.filter((stage) => !ONLY_WHEN_NAMED.includes(stage));
  const unknown = only.filter((name) => !(STAGES as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw berthError('bad-request', `there is no stage ${unknown.join(', ')}`, { remedy: USAGE });
  }
  return STAGES.filter((stage) => only.includes(stage));
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 1000) return number;
  throw berthError('bad-request', `${option} takes a number from 1 to 1000, not "${text}"`, {
    remedy: USAGE,
  });
}
