import { formatBytes, poll, sleep } from '../../src/base/index.ts';
import { hostMemory } from '../../src/host/index.ts';
import { BerthError } from '../../src/errors/index.ts';
import {
  type CapacityDimension,
  type CapacityReport,
  formatShape,
  parseShape,
} from '../../src/model/index.ts';
import type { CapacityShape, CapacityStage } from '../result.ts';
import { PARENT, type Rig } from '../rig.ts';

const SHAPES = ['1x512MiB', '2x1GiB'] as const;
const SOURCE = 'bench-fit';
const TEMPLATE = 'bench-fit-frozen';
const MORE = 'bench-fit-more-';
/** Forks by which their kind is measured first, and how long they are left alone before. */
const MEASURED = 3;
const SETTLE_MS = 20_000;
const QUIESCE_TIMEOUT_MS = 120_000;
const MAX_ATTEMPTS = 3;

/**
 * How many more forks `berth capacity` says that fit, against how many are made one after another until admission refuses. The host's memory is not
 * filled: so much is reserved that about `forks` fit.
 */
export async function capacityStage(rig: Rig, o: { readonly quick: boolean }): Promise<CapacityStage> {
  const forks = o.quick ? 6 : 18;
  const shapes: CapacityShape[] = [];
  await rig.removeForks();
  await rig.remove(PARENT);
  for (const shape of SHAPES) shapes.push(await predict(rig, shape, forks));
  return { forks, shapes };
}

async function predict(rig: Rig, shapeText: string, forks: number): Promise<CapacityShape> {
  const { signal } = rig.options;
  const { vcpus = 1, memoryMib = 512 } = parseShape(shapeText) ?? {};
  await rig.upShop(SOURCE, ['--cpus', String(vcpus), '--memory', `${memoryMib}MiB`]);
  await rig.freeze(SOURCE, TEMPLATE);
  await rig.remove(SOURCE);
  try {
    await rig.finish(
      (await rig.client.environments.fork({ source: TEMPLATE, name: SOURCE, count: MEASURED })).id,
    );
    await sleep(SETTLE_MS, signal);
    return await predictUndisturbed(rig, formatShape({ vcpus, memoryMib }), forks);
  } finally {
    await rig.restart({ BERTH_MEMORY_RESERVE: undefined });
    await rig.removeForks();
    await rig.client.templates.remove(TEMPLATE);
  }
}

/** Again, when other programs have taken or given back the memory of a fork or more meanwhile: that nobody can foretell. */
async function predictUndisturbed(rig: Rig, shape: string, forks: number): Promise<CapacityShape> {
  for (let attempts = 1; ; attempts++) {
    const outcome = await attempt(rig, shape, forks);
    if (Math.abs(outcome.othersBytes) < outcome.expectedBytes || attempts >= MAX_ATTEMPTS)
      return { ...outcome, shape, attempts };
    rig.options.say(`${shape}: once more, others took ${formatBytes(outcome.othersBytes)} meanwhile`);
    for (const { name } of await rig.client.environments.list())
      if (name.startsWith(MORE)) await rig.remove(name);
  }
}

async function attempt(
  rig: Rig,
  shape: string,
  forks: number,
): Promise<Omit<CapacityShape, 'shape' | 'attempts'>> {
  const { say, signal } = rig.options;
  await rig.restart({ BERTH_MEMORY_RESERVE: undefined });
  const free = await settledReport(rig);
  await rig.restart({ BERTH_MEMORY_RESERVE: String(reserveFor(free, forks)) });
  const told = await settledReport(rig);
  say(`${shape}: ${told.more} more are said to fit`);
  const before = await memoryNow(rig);
  const made = await forkUntilRefused(rig);
  const after = await memoryNow(rig);
  say(`${shape}: ${made.count} were made; ${made.refusal}`);
  await sleep(SETTLE_MS, signal);
  return {
    naive: memoryOf(told)?.naive ?? 0,
    expectedBytes: told.expected.memoryBytes,
    told: told.more,
    made: made.count,
    othersBytes: before.availableBytes - after.availableBytes - (after.ownBytes - before.ownBytes),
    settledBytes: Math.round(((await memoryNow(rig)).ownBytes - before.ownBytes) / Math.max(1, made.count)),
    refusal: made.refusal,
  };
}

/** What is available, and what all machines have of their own. */
async function memoryNow({
  client,
}: Rig): Promise<{ readonly availableBytes: number; readonly ownBytes: number }> {
  const stats = await client.environments.allStats();
  const { availableBytes } = await hostMemory();
  return { availableBytes, ownBytes: stats.reduce((sum, { ownBytes }) => sum + ownBytes, 0) };
}

/** What must be left alone so that about so many fit. */
function reserveFor(report: CapacityReport, forks: number): number {
  const surplus = (memoryOf(report)?.room ?? 0) - (forks + 0.5) * report.expected.memoryBytes;
  return Math.round(report.memoryReserveBytes + Math.max(0, surplus));
}

function memoryOf({ hosts }: CapacityReport): CapacityDimension | undefined {
  return hosts[0]?.dimensions.find(({ name }) => name === 'memory');
}

/** The daemon has just started: it is asked once its own work is done. */
async function settledReport(rig: Rig): Promise<CapacityReport> {
  let last: CapacityReport | undefined;
  return poll(
    async () => {
      const report = await rig.client.capacity.report({ source: TEMPLATE });
      const isSame = last?.more === report.more;
      last = report;
      return isSame ? report : undefined;
    },
    {
      timeoutMs: QUIESCE_TIMEOUT_MS,
      intervalMs: 2_000,
      signal: rig.options.signal,
      what: 'two equal answers',
    },
  );
}

async function forkUntilRefused(rig: Rig): Promise<{ readonly count: number; readonly refusal: string }> {
  for (let count = 0; ; count++) {
    try {
      const name = `${MORE}${count}`;
      await rig.finish((await rig.client.environments.fork({ source: TEMPLATE, name })).id);
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== 'capacity-exceeded') throw error;
      return { count, refusal: error.message };
    }
  }
}
