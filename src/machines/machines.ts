import { join } from 'node:path';
import { UndoStack } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { connectGuestAgent, connectGuestDaemon } from '../guest/index.ts';
import {
  chown,
  copySmallFile,
  ensureDirectory,
  exists,
  listDirectory,
  moveFile,
  openCgroup,
  type ProcessIdentity,
  removeTree,
  syncFile,
  terminate,
} from '../host/index.ts';
import type { EndedBy, GuestChannels, Hypervisor, MachineSpec, MachineStart } from '../hypervisor/index.ts';
import type { HostPort } from '../model/index.ts';
import type { NetworkManager, NetworkSlot } from '../network/index.ts';
import { Holds } from './holds.ts';
import { type Layout, MACHINE_GID, machineUid } from './layout.ts';
import { cgroupNameOf } from './machine-cgroup.ts';
import type { GuestLines, Machine, MachineBoot, MachineDisk, MachineProcess } from './machine.ts';
import { Remains } from './remains.ts';
import { SharedBase } from './shared-base.ts';
import { assertWakeable, isSaved, type SavedState } from './saved-state.ts';
import { isProtected } from './freeze.ts';
import type { TemplateManifest } from './template-manifest.ts';
import type { TemplateStore } from './template-store.ts';

const TERMINATE_TIMEOUT_MS = 1_000;
const KILL_TIMEOUT_MS = 10_000;
const CHANNEL_TIMEOUT_MS = 10_000;
const FIRST_TOP = 'disk-0.qcow2';

/** Steps of a start, so that a caller can measure them: called with the name of the step that ended. */
export type StepListener = (step: string) => void;

/** Starts, clones, ends and adopts machines: process, network slot, disk and guest channel as one. */
export class Machines {
  /** What machines of this home have on the host. */
  readonly remains: Remains;
  /** Machines that have no record, or none yet, and are wanted all the same. */
  readonly holds = new Holds();
  readonly #hypervisor: Hypervisor;
  readonly #network: NetworkManager;
  readonly #templates: TemplateStore;
  readonly #layout: Layout;
  readonly #homeId: string;
  /** What machines stand on and share; looked at before each start. */
  readonly base: SharedBase;

  constructor(o: {
    readonly hypervisor: Hypervisor;
    readonly network: NetworkManager;
    readonly templates: TemplateStore;
    readonly layout: Layout;
    readonly homeId: string;
  }) {
    this.#hypervisor = o.hypervisor;
    this.#network = o.network;
    this.#templates = o.templates;
    this.#layout = o.layout;
    this.#homeId = o.homeId;
    this.remains = new Remains(o);
    this.base = new SharedBase(o.templates);
  }

  /** Directory of an environment's machine. */
  directoryOf(id: string): string {
    return join(this.#layout.environments, id);
  }

  /** Makes a machine's directory with an empty disk over a raw image. */
  async createDisk(directory: string, imagePath: string, sizeGib: number): Promise<MachineDisk> {
    await this.#ensureParents(directory);
    const path = join(directory, FIRST_TOP);
    await this.#hypervisor.createDisk(path, { path: imagePath, format: 'raw' }, sizeGib);
    return { directory, top: FIRST_TOP, layers: [] };
  }

  /** Makes a machine's directory with an empty disk layer, named `top`, over a template's. The directory may be there. */
  async cloneDisk(directory: string, template: TemplateManifest, top = FIRST_TOP): Promise<MachineDisk> {
    await this.#ensureParents(directory);
    await copySmallFile(this.#templates.files(template.id).overlay, join(directory, top));
    return { directory, top, layers: [template.id, ...template.layers] };
  }

  /** Makes a machine's directory with a disk layer that was brought here, over a raw image. The layer moves there. */
  async placeDisk(directory: string, layerPath: string, imagePath: string): Promise<MachineDisk> {
    await this.#ensureParents(directory);
    await this.#hypervisor.moveBase(layerPath, imagePath);
    await syncFile(layerPath);
    await moveFile(layerPath, join(directory, FIRST_TOP));
    await syncFile(directory);
    return { directory, top: FIRST_TOP, layers: [] };
  }

  /**
   * Boots a machine from its kernel and waits until its guest daemon answers.
   * @throws `boot-timeout`, `hypervisor-failed`; then nothing of it runs
   */
  async boot(
    id: string,
    boot: MachineBoot,
    disk: MachineDisk,
    o: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Machine> {
    const machine = await this.#start(id, boot, disk, { kind: 'boot' }, o.signal);
    try {
      await machine.link.waitReady({ timeoutMs: o.timeoutMs, signal: o.signal });
      return machine;
    } catch (error) {
      await this.end(machine);
      throw o.signal.aborted
        ? error
        : berthError('boot-timeout', `the guest of ${id} did not report ready within ${o.timeoutMs} ms`, {
            cause: error,
          });
    }
  }

  /** Starts a machine from a template. Its vCPUs stand still until the caller resumes it. */
  async restore(
    id: string,
    boot: MachineBoot,
    disk: MachineDisk,
    template: TemplateManifest,
    o: { signal: AbortSignal; onStep?: StepListener },
  ): Promise<Machine> {
    if (template.diskOnly)
      throw berthError('template-invalid', `template "${template.name}" keeps a disk layer only`);
    await this.#templates.verify(template, o.signal);
    o.onStep?.('verify');
    const statePath = this.#templates.files(template.id).state;
    const start = { kind: 'restore', statePath, memoryOffset: template.memoryOffset } as const;
    return { ...(await this.#start(id, boot, disk, start, o.signal, o.onStep)), maps: template.id };
  }

  /**
   * Starts a machine from what was saved of it, in the network slot that it had. Its vCPUs stand still until the caller resumes it;
   * what was saved must not be used again once they have run.
   * @throws `saved-state-invalid` when another hypervisor saved it; `image-corrupt`; `hypervisor-failed`
   */
  async wake(
    id: string,
    boot: MachineBoot,
    disk: MachineDisk,
    { saved, slot }: { readonly saved: SavedState; readonly slot: NetworkSlot },
    signal: AbortSignal,
  ): Promise<Machine> {
    await assertWakeable(this.#hypervisor, boot, saved);
    const statePath = join(disk.directory, saved.file);
    const start = { kind: 'restore', statePath, memoryOffset: saved.memoryOffset } as const;
    return { ...(await this.#start(id, boot, disk, start, signal, undefined, slot)), origin: 'saved' };
  }

  /** The network slot of a machine that is to be started in it, if it is still there, else another one. */
  async slotFor(id: string, known: NetworkSlot): Promise<NetworkSlot> {
    return this.#network.holds(known) ? known : this.#network.acquire(id);
  }

  /** Finds a machine that an earlier daemon started; undefined when its process is gone. With `paused` it is left standing still. */
  async adopt(
    id: string,
    boot: MachineBoot,
    disk: MachineDisk,
    known: MachineProcess,
    o: { readonly paused?: boolean } = {},
  ): Promise<Machine | undefined> {
    const { directory } = disk;
    const running = await this.#hypervisor.adopt(
      { id, directory, memoryMib: boot.shape.memoryMib },
      known.process,
      o,
    );
    if (running === undefined) return undefined;
    const lines = linesInto(running);
    // A guest that cannot be reached now is tried again with the first request.
    lines.agent.connect({ timeoutMs: CHANNEL_TIMEOUT_MS }).catch(() => undefined);
    const maps = known.maps === undefined ? {} : { maps: known.maps };
    return { id, running, slot: known.slot, ...lines, origin: known.origin ?? 'template', ...maps };
  }

  /** Sets which ports of the host a machine may reach at its gateway: these and no others. */
  allowHost(machine: Machine, ports: readonly HostPort[]): Promise<void> {
    return this.#network.allowHost(machine.slot, ports);
  }

  /** Ends the process and gives its cgroup and, unless it is kept, its network slot back; the disk stays. Idempotent. Gives what ended it. */
  async end(machine: Machine, o: { graceMs?: number; keepSlot?: boolean } = {}): Promise<EndedBy> {
    closeLines(machine);
    const by = await machine.running.terminate(o);
    if (by === undefined)
      throw berthError(
        'machine-unresponsive',
        `QEMU process ${machine.running.process.pid} of ${machine.id} could not be ended`,
      );
    machine.running.detach();
    if (o.keepSlot === true) await this.#removeCgroup(machine.id);
    else await this.release(machine.id, machine.slot);
    return by;
  }

  /** Ends a process to which there is no connection, and gives back what it held, unless the network slot is kept. Idempotent. */
  async endProcess(id: string, known: MachineProcess, o: { keepSlot?: boolean } = {}): Promise<void> {
    const gone =
      (await terminate(known.process, { signal: 'SIGTERM', timeoutMs: TERMINATE_TIMEOUT_MS })) ||
      (await terminate(known.process, { signal: 'SIGKILL', timeoutMs: KILL_TIMEOUT_MS }));
    if (!gone)
      throw berthError(
        'machine-unresponsive',
        `QEMU process ${known.process.pid} of ${id} could not be ended`,
      );
    if (o.keepSlot === true) await this.#removeCgroup(id);
    else await this.release(id, known.slot);
  }

  /** Ends a process of a machine that is not the one on record; its control group goes with it, unless another is in there. */
  async endDouble(id: string, process: ProcessIdentity, o: { readonly isOnly: boolean }): Promise<void> {
    const gone = await terminate(process, { signal: 'SIGKILL', timeoutMs: KILL_TIMEOUT_MS });
    if (gone && o.isOnly) await this.#removeCgroup(id);
  }

  /** Whether the kernel has ended the machine's process since it needed more memory than it may have. To be asked before {@link release}. */
  async ranOutOfMemory(id: string): Promise<boolean> {
    const cgroup = await openCgroup(cgroupNameOf(this.#homeId, id));
    return ((await cgroup?.memoryKills()) ?? 0) > 0;
  }

  /** Gives back what a machine held whose process has ended already. */
  async release(id: string, slot: NetworkSlot): Promise<void> {
    await Promise.all([this.#network.release(slot), this.#removeCgroup(id)]);
  }

  /** Removes a machine's directory with its disk. */
  async removeDisk(directory: string): Promise<void> {
    await removeTree(directory);
  }

  async #ensureParents(directory: string): Promise<void> {
    await ensureDirectory(join(directory, '..'), { mode: 0o711 });
    // It will belong to the machine's own user: no other machine looks into it.
    await ensureDirectory(directory, { mode: 0o700 });
  }

  async #start(
    id: string,
    boot: MachineBoot,
    disk: MachineDisk,
    start: MachineStart,
    signal: AbortSignal,
    onStep?: StepListener,
    kept?: NetworkSlot,
  ): Promise<Machine> {
    await this.base.assertRight(boot, disk.layers, { signal });
    const undo = new UndoStack();
    try {
      const slot = kept ?? (await this.#network.acquire(id, signal));
      if (kept === undefined) undo.defer('network slot', () => this.#network.release(slot));
      onStep?.('network');
      const spec = this.#specOf(id, boot, disk, slot, start);
      await this.#handOver(spec);
      undo.defer('cgroup', () => this.#removeCgroup(id));
      let lines: GuestLines | undefined;
      undo.defer('lines into the guest', () => closeLines(lines));
      const running = await this.#hypervisor.start(spec, {
        signal,
        onChannels: async (channels) => {
          lines = linesInto(channels);
          const o = { timeoutMs: CHANNEL_TIMEOUT_MS, signal };
          await Promise.all([lines.link.connect(o), lines.agent.connect(o)]);
        },
      });
      onStep?.('restore');
      undo.dispose();
      const origin = start.kind === 'restore' ? 'template' : 'disk';
      return { id, running, slot, ...(lines ?? linesInto(running)), origin };
    } catch (error) {
      await undo.unwind();
      throw error;
    }
  }

  #specOf(
    id: string,
    boot: MachineBoot,
    disk: MachineDisk,
    slot: NetworkSlot,
    start: MachineStart,
  ): MachineSpec {
    return {
      id,
      directory: disk.directory,
      vcpus: boot.shape.vcpus,
      memoryMib: boot.shape.memoryMib,
      accelerator: boot.accelerator,
      diskPath: join(disk.directory, disk.top),
      diskGib: boot.shape.diskGib,
      standsOn: disk.layers.map((layer) => this.#templates.files(layer).directory),
      kernelPath: boot.kernelPath,
      initrdPath: boot.initrdPath,
      kernelArguments: boot.kernelArguments,
      network: slot,
      uid: machineUid(slot.index),
      gid: MACHINE_GID,
      start,
    };
  }

  /** The machine's user changes with its network slot; its directory and its own layers go along. */
  async #handOver(spec: MachineSpec): Promise<void> {
    await chown(spec.directory, spec.uid, spec.gid);
    for (const name of await listDirectory(spec.directory)) {
      if (name.endsWith('.sock')) await removeTree(join(spec.directory, name));
      else if (name.endsWith('.qcow2') || isSaved(name) || name === 'console.log')
        await this.#handOverFile(join(spec.directory, name), spec);
    }
  }

  /** What a snapshot has, too, is only to be read: its group may do that. */
  async #handOverFile(path: string, { uid, gid }: MachineSpec): Promise<void> {
    if (!(await isProtected(path))) await chown(path, uid, gid);
  }

  async #removeCgroup(id: string): Promise<void> {
    await (await openCgroup(cgroupNameOf(this.#homeId, id)))?.remove();
  }
}

function linesInto(channels: GuestChannels): GuestLines {
  return {
    link: connectGuestDaemon(channels.guestSocketPath),
    agent: connectGuestAgent(channels.agentSocketPath),
  };
}

/** Lets go of the guest; done already is fine. */
export function closeLines(lines: GuestLines | undefined): void {
  lines?.link.close();
  lines?.agent.close();
}

/** True when the machine's disk is where it should be. */
export function hasDisk(disk: MachineDisk): Promise<boolean> {
  return exists(join(disk.directory, disk.top));
}
