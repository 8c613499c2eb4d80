import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import {
  createCgroup,
  listCgroups,
  listDirectory,
  openCgroup,
  type ProcessIdentity,
  removeTree,
  terminate,
} from '../host/index.ts';
import type { Hypervisor } from '../hypervisor/index.ts';
import type { Layout } from './layout.ts';
import { type CgroupSize, cgroupLimits, cgroupNameOf } from './machine-cgroup.ts';

const KILL_TIMEOUT_MS = 10_000;

/** Where directories of machines lie. */
export type MachinePlace = 'environments' | 'builds';

/** Everything that machines of a home have on the host, whoever they belong to. */
export interface FoundMachines {
  readonly processes: readonly { readonly id: string; readonly process: ProcessIdentity }[];
  readonly directories: readonly { readonly id: string; readonly place: MachinePlace }[];
  /** Control groups; `pids` are those in it. */
  readonly cgroups: readonly { readonly id: string; readonly pids: readonly number[] }[];
}

/** Looks at what machines of a home have left on the host, and takes it away. Knows nothing of what is written down. */
export class Remains {
  readonly #hypervisor: Hypervisor;
  readonly #layout: Layout;
  readonly #homeId: string;

  constructor(o: { readonly hypervisor: Hypervisor; readonly layout: Layout; readonly homeId: string }) {
    this.#hypervisor = o.hypervisor;
    this.#layout = o.layout;
    this.#homeId = o.homeId;
  }

  async find(): Promise<FoundMachines> {
    const [processes, directories, cgroups] = await Promise.all([
      this.#hypervisor.findProcesses(this.#layout.home),
      this.#directories(),
      this.#cgroups(),
    ]);
    return { processes, directories, cgroups };
  }

  /** Ends a process of this home. @throws `machine-unresponsive` when the kernel keeps it */
  async endProcess(process: ProcessIdentity): Promise<void> {
    if (await terminate(process, { signal: 'SIGKILL', timeoutMs: KILL_TIMEOUT_MS })) return;
    throw berthError('machine-unresponsive', `QEMU process ${process.pid} could not be ended`);
  }

  removeDirectory(place: MachinePlace, id: string): Promise<void> {
    return removeTree(join(this.#layout[place], id));
  }

  async removeCgroup(id: string): Promise<void> {
    await (await openCgroup(cgroupNameOf(this.#homeId, id)))?.remove();
  }

  /** Gives a running machine's process a control group with its limits again. */
  async putIntoCgroup(id: string, size: CgroupSize, pid: number): Promise<void> {
    const cgroup = await createCgroup(cgroupNameOf(this.#homeId, id), cgroupLimits(size));
    await cgroup.add(pid);
  }

  async #directories(): Promise<FoundMachines['directories']> {
    const places = ['environments', 'builds'] as const;
    const found = await Promise.all(
      places.map(async (place) =>
        (await listDirectory(this.#layout[place])).map((id) => ({ id, place }) as const),
      ),
    );
    return found.flat();
  }

  async #cgroups(): Promise<FoundMachines['cgroups']> {
    const names = await listCgroups(cgroupNameOf(this.#homeId, ''));
    return Promise.all(
      names.map(async (name) => ({
        id: name.slice(cgroupNameOf(this.#homeId, '').length),
        pids: (await (await openCgroup(name))?.pids()) ?? [],
      })),
    );
  }
}
