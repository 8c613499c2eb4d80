import type { BenchResult } from '../result.ts';
import { BOOTS, CONTESTANTS, TITLES } from './contestants.ts';
import { dotPlot } from './dot-plot.ts';
import { loadStepPlot } from './load-step.ts';
import { stackedBars } from './stacked-bars.ts';

export interface Plot {
  /** Name of the file in `docs/benchmarks/`. */
  readonly file: string;
  /** For readers who do not see it. */
  readonly alt: string;
  readonly svg: string;
}

const MIB = 1024 ** 2;

/** Every plot of which the result has figures. */
export function plotsOf(result: BenchResult): Plot[] {
  return [
    ...answerPlot(result),
    ...stepPlot(result),
    ...growthPlot(result),
    ...memoryPlot(result),
    ...wakePlot(result),
    ...loadPlot(result),
  ];
}

function answerPlot({ fork }: BenchResult): Plot[] {
  const rows = CONTESTANTS.filter((name) => !BOOTS.includes(name)).flatMap((name) => {
    const samples = fork?.figures.contestants[name]?.firstAnswerSamples;
    return samples === undefined ? [] : [{ label: TITLES[name], samples }];
  });
  if (rows.length === 0) return [];
  const title = 'From the call to the first HTTP 200';
  return [
    { file: 'first-answer.svg', alt: `${title}, one dot for each run`, svg: dotPlot(title, 'ms', rows) },
  ];
}

function stepPlot({ fork }: BenchResult): Plot[] {
  const bars = (['fork-template', 'fork-warm', 'fork-running'] as const).flatMap((name) => {
    const parts = fork?.figures.contestants[name]?.steps;
    return parts === undefined ? [] : [{ label: TITLES[name], parts }];
  });
  if (bars.length === 0) return [];
  const title = 'Where the time of a fork goes: medians of its steps, in ms';
  return [
    {
      file: 'fork-steps.svg',
      alt: title,
      svg: stackedBars(title, 'ms', bars, { labelWidth: 220, barHeight: 26 }),
    },
  ];
}

function memoryPlot({ density }: BenchResult): Plot[] {
  if (density === undefined) return [];
  const sorted = [...density.figures.memory].sort((a, b) => a.pssBytes - b.pssBytes);
  const bars = sorted.map((memory, index) => ({
    label: String(index + 1),
    parts: {
      'its own': memory.pssAnonymousBytes / MIB,
      'its part of files': memory.pssFileBytes / MIB,
    },
  }));
  const title = `PSS of each of ${bars.length} idle forks, in MiB`;
  return [
    {
      file: 'fork-memory.svg',
      alt: title,
      svg: stackedBars(title, 'MiB', bars, { labelWidth: 60, barHeight: 12 }),
    },
  ];
}

function growthPlot({ growth }: BenchResult): Plot[] {
  if (growth === undefined) return [];
  const rows = growth.figures.levels.map(({ living, samples }) => ({ label: `beside ${living}`, samples }));
  const title = 'One more fork, from the call to the first HTTP 200, beside idle ones';
  return [
    { file: 'fork-growth.svg', alt: `${title}, one dot for each run`, svg: dotPlot(title, 'ms', rows) },
  ];
}

function wakePlot({ sleep }: BenchResult): Plot[] {
  if (sleep === undefined) return [];
  const rows = (['frozen', 'asleep'] as const).map((depth) => ({
    label: `woken from ${depth}`,
    samples: sleep.figures[depth].wakeSamples,
  }));
  const title = 'From the connect to the first byte of a sleeper';
  return [{ file: 'wake.svg', alt: `${title}, one dot for each run`, svg: dotPlot(title, 'ms', rows) }];
}

function loadPlot({ load }: BenchResult): Plot[] {
  if (load === undefined) return [];
  const { perSecond, seconds } = load.figures;
  const title = `0 → ${perSecond} requests/s on an environment that was asleep`;
  return [
    {
      file: 'load-step.svg',
      alt: `${title}: latency, machines and errors of each second`,
      svg: loadStepPlot(title, seconds),
    },
  ];
}
