import { sleep } from '../base/index.ts';
import { makeIdentity } from '../guest/index.ts';
import { cpuTimeMs, crashPoint } from '../host/index.ts';
import { assertLoadable, type Machine, type MachineDisk, type TemplateManifest } from '../machines/index.ts';
import type { EnvironmentId, Shape, TemplateId } from '../model/index.ts';
import type { Context } from './context.ts';
import type { FrozenWorkload } from './freeze-environment.ts';
import { machineIdOf } from './machine-life.ts';
import { bootOf } from './plan/boot-of.ts';
import { waitForGuestPorts } from './ports.ts';
import { newEnvironmentId } from './registry.ts';

const IDENTITY_TIMEOUT_MS = 30_000;
const PORTS_TIMEOUT_MS = 60_000;
const CHECKS_TIMEOUT_MS = 60_000;
/** It has warmed up when it has used less than this share of a core for a moment, or when that takes too long. */
const QUIET_SHARE = 0.1;
const QUIET_FOR_MS = 300;
const QUIET_WITHIN_MS = 10_000;
/** Its host name until it is taken. */
const UNNAMED = 'warm';
/** Health checks have no side effects, and take the same ways through the guest as the first request will. */
const CHECKS =
  'for id in $(podman ps --quiet --filter health=healthy); do podman healthcheck run "$id"; done';

/** A fork that is made but for its name: restored, somebody of its own, warmed up, and paused. */
export interface WarmMember {
  /** Of the environment that it will be. */
  readonly id: EnvironmentId;
  readonly template: TemplateId;
  readonly disk: MachineDisk;
  readonly machine: Machine;
  readonly hostKey: string;
  readonly shape: Shape;
  /** Compose project that runs in it. */
  readonly project: string;
  /** On the monotonic clock. */
  readonly madeAtMs: number;
  /** To be ended when it has a record, or is no more. */
  readonly hold: Disposable;
}

/** Makes one. What fails leaves nothing. */
export async function makeMember(
  context: Context,
  template: TemplateManifest,
  workload: Pick<FrozenWorkload, 'ports' | 'project'>,
  signal: AbortSignal,
): Promise<WarmMember> {
  const id = newEnvironmentId();
  const directory = context.machines.directoryOf(id);
  const hold = context.machines.holds.hold(id);
  let machine: Machine | undefined;
  try {
    await assertLoadable(context.hypervisor, template);
    const disk = await context.machines.cloneDisk(directory, template);
    crashPoint('warm.disk-made');
    machine = await context.machines.restore(id, bootOf(template), disk, template, { signal });
    crashPoint('warm.machine-started');
    const identity = makeIdentity(UNNAMED, machineIdOf({ id }));
    await machine.running.resume();
    await Promise.all([
      machine.link.renewIdentity(identity, { timeoutMs: IDENTITY_TIMEOUT_MS, signal }),
      waitForGuestPorts(machine, workload.ports, { timeoutMs: PORTS_TIMEOUT_MS, signal }),
    ]);
    crashPoint('warm.identified');
    await warmUp(machine, signal);
    await machine.running.pause();
    crashPoint('warm.paused');
    const hostKey = identity.hostKeys[0]?.public ?? '';
    const { shape } = template;
    const { project } = workload;
    const madeAtMs = performance.now();
    return { id, template: template.id, disk, machine, hostKey, shape, project, madeAtMs, hold };
  } catch (error) {
    await discardMachine(context, id, machine).finally(() => hold[Symbol.dispose]());
    throw error;
  }
}

/** Gives back all that it has. */
export function discardMember(context: Context, { id, machine, hold }: WarmMember): Promise<void> {
  // What cannot be removed now is left over from here on.
  return discardMachine(context, id, machine).finally(() => hold[Symbol.dispose]());
}

async function discardMachine(
  context: Context,
  id: EnvironmentId,
  machine: Machine | undefined,
): Promise<void> {
  if (machine !== undefined) await context.machines.end(machine, { graceMs: 0 });
  await context.machines.removeDisk(context.machines.directoryOf(id));
}

async function warmUp(machine: Machine, signal: AbortSignal): Promise<void> {
  // One that fails has warmed the guest all the same; whether it is well is for its own checks to say.
  await machine.agent
    .exec(['/bin/sh', '-c', CHECKS], { timeoutMs: CHECKS_TIMEOUT_MS, signal })
    .catch(() => undefined);
  signal.throwIfAborted();
  await untilIdle(machine.running.process.pid, signal);
}

async function untilIdle(pid: number, signal: AbortSignal): Promise<void> {
  let usedMs = cpuTimeMs(pid) ?? 0;
  for (let waitedMs = 0; waitedMs < QUIET_WITHIN_MS; waitedMs += QUIET_FOR_MS) {
    await sleep(QUIET_FOR_MS, signal);
    const nowMs = cpuTimeMs(pid) ?? 0;
    if ((nowMs - usedMs) / QUIET_FOR_MS < QUIET_SHARE) return;
    usedMs = nowMs;
  }
}
