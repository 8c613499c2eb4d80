import { formatBytes } from '../../src/base/index.ts';
import { LEAST_FOR_P99, p99Of } from '../measure/statistics.ts';
import type { ContestantResult, ForkStage } from '../result.ts';
import { CONTESTANTS, TITLES } from './contestants.ts';
import { ms, table } from './markdown.ts';

export function forkLines({ contestants, runs, path, podmanMissing, libvirtMissing }: ForkStage): string[] {
  const podman = contestants.podman?.firstAnswer.p50;
  const rows = CONTESTANTS.flatMap((name) => {
    const one = contestants[name];
    if (one === undefined) return [];
    const ratio = podman === undefined ? '–' : `${(one.firstAnswer.p50 / podman).toFixed(2)} ×`;
    return [[TITLES[name], ...answerCells(one), ms(one.finished.p50), ratio]];
  });
  const head = ['', 'p50', 'p95', 'p99', 'fastest', 'slowest', 'runs'];
  return [
    ...table([...head, 'operation ended, p50', 'p50 against podman'], rows),
    '',
    `${runs} rounds; the request is \`GET ${path}\`. p99 is told of ${LEAST_FOR_P99} runs and more; below 100 it lies between the two slowest.`,
    ...(podmanMissing === undefined ? [] : ['', `Without podman: ${podmanMissing}.`]),
    ...(libvirtMissing === undefined ? [] : ['', `Without libvirt: ${libvirtMissing}.`]),
    '',
    ...stepLines(contestants),
  ];
}

function answerCells({ firstAnswer, firstAnswerSamples }: ContestantResult): string[] {
  const { p50, p95, min, max, count } = firstAnswer;
  const p99 = p99Of(firstAnswerSamples);
  return [ms(p50), ms(p95), p99 === undefined ? '–' : ms(p99), ms(min), ms(max), String(count)];
}

function stepLines(contestants: ForkStage['contestants']): string[] {
  const forks = (['fork-template', 'fork-warm', 'fork-running'] as const).flatMap((name) => {
    const one = contestants[name];
    return one?.steps === undefined ? [] : [[TITLES[name], one] as const];
  });
  const names = [...new Set(forks.flatMap(([, one]) => Object.keys(one.steps ?? {})))];
  if (names.length === 0) return [];
  const rows = forks.map(([title, one]) => [
    title,
    ...names.map((name) => stepCell(one, name)),
    pauseCell(one),
    frozenCell(one),
  ]);
  return [
    'Where the time goes (medians of what the daemon reports):',
    '',
    ...table(['', ...names, 'parent paused, p50 / p95', 'written by the freeze'], rows),
  ];
}

function stepCell({ steps }: ContestantResult, name: string): string {
  const value = steps?.[name];
  return value === undefined ? '–' : ms(value);
}

function pauseCell({ parentPaused, frozenBytes }: ContestantResult): string {
  if (parentPaused === undefined || (frozenBytes ?? 0) === 0) return '–';
  return `${ms(parentPaused.p50)} / ${ms(parentPaused.p95)}`;
}

function frozenCell({ frozenBytes = 0 }: ContestantResult): string {
  return frozenBytes === 0 ? '–' : formatBytes(frozenBytes);
}
