import { parseArgs } from 'node:util';
import { berthError } from '../src/errors/index.ts';

/** Parts of the bench; each can be run by itself. */
export const STAGES = [
  'fork',
  'density',
  'cli',
  'port',
  'docker',
  'project',
  'capacity',
  'quickstart',
] as const;
export type StageName = (typeof STAGES)[number];

/** Takes minutes and a clone of the repository: only runs when named. */
const ONLY_WHEN_NAMED: readonly StageName[] = ['quickstart'];

export interface BenchOptions {
  readonly stages: readonly StageName[];
  /** Few runs, few forks: to try the bench, not to measure. */
  readonly quick: boolean;
  /** Timed runs of each kind of fork and of each peer. */
  readonly runs: number;
  /** Timed cold boots. */
  readonly coldRuns: number;
  /** Forks that are alive at once in the density stage. */
  readonly forks: number;
  /** BERTH_HOME to work in, kept with its images at the end; absent: a directory of its own, removed with everything in it. */
  readonly home?: string;
  /** Result files to make the reference and the page of; nothing is measured then. */
  readonly publish: readonly string[];
}

export const USAGE = `usage: npm run bench -- [options]
  --quick          few runs, to try the bench
  --only STAGE     ${STAGES.join(', ')}; may be repeated (default: all but ${ONLY_WHEN_NAMED.join(', ')})
  --runs N         timed runs of each kind (default 30)
  --home DIR       BERTH_HOME to work in; its images are kept (default: a new one, removed at the end)
  --publish FILE   measure nothing: make bench/reference.json and docs/benchmarks.md of a result; may be repeated,
                   the stages of later files replace those of earlier ones`;

/** Reads the command line. Throws `bad-request` naming what is wrong. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parse(argv);
  const quick = values.quick === true;
  const { home } = values;
  return {
    stages: stagesOf(values.only),
    quick,
    runs: runsOf(values.runs) ?? (quick ? 5 : 30),
    coldRuns: quick ? 1 : 5,
    forks: quick ? 4 : 20,
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

function runsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const runs = Number(text);
  if (Number.isInteger(runs) && runs >= 1 && runs <= 1000) return runs;
  throw berthError('bad-request', `--runs takes a number from 1 to 1000, not "${text}"`, { remedy: USAGE });
}
