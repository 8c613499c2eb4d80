import { type MachineFacts, machineFacts, type PeerVersions } from './measure/machine.ts';
import type { BenchOptions, StageName } from './options.ts';
import type { BenchResult, Measured } from './result.ts';
import { Rig, type RigOptions } from './rig.ts';
import { burstStage } from './stages/burst.ts';
import { capacityStage } from './stages/capacity.ts';
import { cliStage } from './stages/cli.ts';
import { cyclesStage } from './stages/cycles.ts';
import { densityStage } from './stages/density.ts';
import { dockerStage } from './stages/docker.ts';
import { fleetStage } from './stages/fleet.ts';
import { forkStage } from './stages/fork.ts';
import { growthStage } from './stages/growth.ts';
import { loadStepStage } from './stages/load-step.ts';
import { restoresStage } from './stages/restores.ts';
import { projectStage } from './stages/project.ts';
import { sleepStage } from './stages/sleep.ts';

/** Keeps what a stage has measured; what later stages do cannot lose it. */
export type Keep = (part: Partial<BenchResult>) => Promise<void>;

/** Figures with when and on what they were measured. */
export function measured<Figures>(
  figures: Figures,
  o: { readonly machine: MachineFacts; readonly quick: boolean },
  peers: PeerVersions = {},
): Measured<Figures> {
  return { at: new Date().toISOString(), machine: { ...o.machine, ...peers }, quick: o.quick, figures };
}

/** The stages that share one daemon with the shop in it. */
export async function machineStages(
  rigOptions: RigOptions,
  options: BenchOptions,
  keep: Keep,
): Promise<void> {
  await using rig = await Rig.open(rigOptions);
  await rig.prepare();
  const facts = { machine: await machineFacts(rigOptions.root, rig.client), quick: options.quick };
  for (const stage of options.stages) {
    const part = await PARTS[stage]?.(rig, options, facts);
    if (part !== undefined) await keep(part);
  }
}

type Part = (
  rig: Rig,
  options: BenchOptions,
  facts: { readonly machine: MachineFacts; readonly quick: boolean },
) => Promise<Partial<BenchResult>>;

const PARTS: Readonly<Partial<Record<StageName, Part>>> = {
  fork: async (rig, options, facts) => {
    rig.options.say(`forks and peers, ${options.runs} runs each`);
    const { figures, peers } = await forkStage(rig, options);
    return { fork: measured(figures, facts, peers) };
  },
  burst: async (rig, options, facts) => {
    rig.options.say(`${options.bursts.join(', ')} forks in one call`);
    return { burst: measured(await burstStage(rig, options), facts) };
  },
  growth: async (rig, options, facts) => {
    rig.options.say(`forks beside ${options.living.join(', ')} others`);
    return { growth: measured(await growthStage(rig, options), facts) };
  },
  density: async (rig, options, facts) => {
    rig.options.say(`${options.forks} forks at once`);
    return { density: measured(await densityStage(rig, options), facts) };
  },
  fleet: async (rig, options, facts) => {
    rig.options.say(`a fleet of ${options.fleet} frozen forks`);
    return { fleet: measured(await fleetStage(rig, options), facts) };
  },
  sleep: async (rig, options, facts) => {
    rig.options.say('sleep and wake');
    return { sleep: measured(await sleepStage(rig, options), facts) };
  },
  restores: async (rig, options, facts) => {
    rig.options.say(`${options.restores} restores of a database under write load`);
    return { restores: measured(await restoresStage(rig, options), facts) };
  },
  cycles: async (rig, options, facts) => {
    rig.options.say(`${options.cycles} sleeps and wakes of one environment`);
    return { cycles: measured(await cyclesStage(rig, options), facts) };
  },
  load: async (rig, options, facts) => {
    rig.options.say(`${options.loadPerSecond} requests/s on one that sleeps`);
    return { load: measured(await loadStepStage(rig, options), facts) };
  },
  cli: async (rig, options, facts) => {
    rig.options.say('start of the command line');
    return { cli: measured(await cliStage(rig, options), facts) };
  },
  docker: async (rig, options, facts) => {
    rig.options.say('Docker clients');
    return { docker: measured(await dockerStage(rig, options), facts) };
  },
  project: async (rig, options, facts) => {
    rig.options.say('files and images of a project');
    return { project: measured(await projectStage(rig, options), facts) };
  },
  capacity: async (rig, options, facts) => {
    rig.options.say('predictions of capacity');
    return { capacity: measured(await capacityStage(rig, options), facts) };
  },
};
