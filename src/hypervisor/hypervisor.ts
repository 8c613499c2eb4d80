import type { ProcessIdentity } from '../host/index.ts';

export type Accelerator = 'kvm' | 'tcg';

/** How a machine begins its life. */
export type MachineStart =
  /** From its kernel, with empty memory. */
  | { readonly kind: 'boot' }
  /** From a frozen state: memory is mapped copy-on-write from the same file. The machine is left paused. */
  | { readonly kind: 'restore'; readonly statePath: string; readonly memoryOffset: number };

/** Everything a driver needs to start one machine. All paths are absolute. */
export interface MachineSpec {
  /** Unique among all machines of the host: `env-…` or `tpl-…`; part of the command line, so that it can be found again. */
  readonly id: string;
  /** Directory of its own; the driver keeps its sockets and logs there. */
  readonly directory: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly accelerator: Accelerator;
  /** Writable top layer of its disk, in the driver's own format; it names its backing file itself. */
  readonly diskPath: string;
  /** Size of its disk as the guest sees it. */
  readonly diskGib: number;
  /** Directories of what its disk stands on, all layers below its own; it sees these and nothing else of the host's files. */
  readonly standsOn: readonly string[];
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly kernelArguments: readonly string[];
  readonly network: { readonly namespace: string; readonly tap: string; readonly mac: string };
  /** Numeric user and group that the process runs as. */
  readonly uid: number;
  readonly gid: number;
  readonly start: MachineStart;
}

/** What a driver can do; callers ask before they offer it. */
export interface HypervisorCapabilities {
  /** A running machine can be frozen into a state from which others start. */
  readonly fork: boolean;
  /** Forks share the memory of their template until they write. */
  readonly sharedMemory: boolean;
  /** The console's output is kept in a file. */
  readonly consoleLog: boolean;
}

/** What the driver is, for manifests: a saved state is only trusted by the same one. */
export interface HypervisorVersion {
  /** For example `10.0.2`. */
  readonly version: string;
  /** Versioned machine type, for example `pc-q35-10.0`. */
  readonly machineType: string;
  /** Hash (sha256, hex) of what the driver builds around every guest: it differs when the devices do. */
  readonly hardware: string;
}

/** Result of {@link RunningMachine.freeze}. */
export interface FreezeReport {
  /** How long the machine stood still, in ms, by the hypervisor's own clock. */
  readonly pausedMs: number;
  /** Where guest memory starts in the state file, in bytes. */
  readonly memoryOffset: number;
  /** Bytes that the state file occupies on disk. */
  readonly stateBytes: number;
}

export interface FreezeOptions {
  /** File for device state and memory, in the machine's directory; it exists, is empty and may be written by the machine's user. */
  readonly statePath: string;
  /**
   * New top layer for the machine's disk, in its directory: exists, names the current top layer as its backing file and may be written by the
   * machine's user. The machine writes there from the freeze on; the former top layer changes no more.
   */
  readonly overlayPath: string;
  readonly signal: AbortSignal;
}

/** Result of {@link RunningMachine.save}. */
export type SaveReport = Omit<FreezeReport, 'pausedMs'>;

export interface SaveOptions {
  /** File for device state and memory, in the machine's directory; it exists, is empty and may be written by the machine's user. */
  readonly statePath: string;
  readonly signal: AbortSignal;
}

/** A part of a disk, in bytes. */
export interface DiskExtent {
  readonly offset: number;
  readonly length: number;
}

export interface MergeOptions {
  /** How many layers are left below the top one: the lowest. */
  readonly keep: number;
  /** The uppermost of them, as a machine that is started later finds it. */
  readonly basePath: string;
  /** How fast the others are copied; default: as fast as it goes. */
  readonly bytesPerSecond?: number;
  readonly signal: AbortSignal;
}

/** Why a machine's process ended. */
export interface MachineExit {
  /** Exit code, absent when a signal ended it or when it is not known (the daemon had been restarted meanwhile). */
  readonly code?: number;
  readonly signal?: string;
  /** Last lines of the hypervisor's own messages. */
  readonly message: string;
  /** The guest powered itself off; then it is no crash. */
  readonly poweredOff: boolean;
}

/** A machine that has a process. */
/** What ended a hypervisor's process: it had ended by itself, it was asked to, or by a signal. */
export type EndedBy = 'itself' | 'quit' | 'SIGTERM' | 'SIGKILL';

export interface RunningMachine {
  readonly id: string;
  readonly process: ProcessIdentity;
  /** Unix socket of the guest daemon's channel. */
  readonly guestSocketPath: string;
  /** Unix socket of the QEMU guest agent's channel. */
  readonly agentSocketPath: string;
  /** File with the console's output. */
  readonly consolePath: string;
  /** Resolves once, when the process has ended. */
  readonly exited: Promise<MachineExit>;
  /**
   * Calls `listener` each time the guest has restarted by itself, after a panic or a reboot, within the same process: its
   * memory is as after power on. The result ends that. Not told while nobody is connected.
   */
  onGuestRestart(listener: () => void): () => void;
  /** Calls `listener` when the guest's kernel tells of its panic, before the guest restarts. The result ends that. */
  onGuestPanic(listener: () => void): () => void;
  /** Lets the vCPUs run. May be called when they run already. */
  resume(): Promise<void>;
  /** Stops the vCPUs. */
  pause(): Promise<void>;
  isResponsive(timeoutMs: number): Promise<boolean>;
  /**
   * Saves the machine while it runs, with a short pause at the end, and lets it go on. When it fails the machine goes on
   * and its disk is unchanged or has one layer more.
   */
  freeze(options: FreezeOptions): Promise<FreezeReport>;
  /**
   * Stops the vCPUs and saves the machine; its disk gets no new layer. The process is to be ended then, before another goes on from what
   * was saved. When it fails or is aborted the vCPUs run, also when they stood still before.
   */
  save(options: SaveOptions): Promise<SaveReport>;
  /**
   * Puts a new top layer on the machine's disk, which goes on being written there; the former top layer changes no more. It stands still for
   * some milliseconds at most. @param overlayPath as in {@link FreezeOptions}
   */
  addLayer(overlayPath: string): Promise<void>;
  /**
   * Copies what the upper layers below the top one hold into that, and has it stand on the lower ones, while the guest runs; {@link flushDisk} is to
   * follow before what was merged may go. What fails or is aborted leaves the disk as it was, and so does whatever else is done with the disk meanwhile: then it throws `cancelled`.
   */
  mergeLayers(options: MergeOptions): Promise<void>;
  /** Writes what the hypervisor holds back of the disk's top layer; it is on the host's disk then. */
  flushDisk(): Promise<void>;
  /** How many layers the top one stands on; the image below them is none. */
  layersBelow(): Promise<number>;
  /** Name (without directory) of the disk layer that the machine writes to now. */
  topLayer(): Promise<string>;
  /** Makes the machine's disk larger while it runs; the guest sees that at once. The same size again changes nothing. */
  growDisk(sizeGib: number): Promise<void>;
  /** Whether it stands still because its disk could not be written or read on the host; `resume` tries again. */
  isStalled(): Promise<boolean>;
  /** Bytes that the guest has written to its disk since the process started; the guest is not asked. */
  writtenBytes(): Promise<number>;
  /** Lets the host's kernel keep equal pages of this machine and of others that allow it once, or ends that. */
  mergeMemory(allowed: boolean): Promise<void>;
  /** Presses the power button; the guest may ignore it. */
  powerDown(): Promise<void>;
  /** Ends the process: asks, then SIGTERM, then SIGKILL, each with a deadline. Always ends; gives what did it, undefined when it could not be killed. */
  terminate(options?: { readonly graceMs?: number }): Promise<EndedBy | undefined>;
  /** Drops the connection without touching the machine. */
  detach(): void;
}

/** Where the lines into a guest begin on the host. */
export interface GuestChannels {
  /** Unix socket of the guest daemon's line. */
  readonly guestSocketPath: string;
  /** Unix socket of the guest agent's line. */
  readonly agentSocketPath: string;
}

export interface StartOptions {
  readonly signal: AbortSignal;
  /**
   * Called when the lines into the guest can be connected and before anything runs or is loaded: to a guest that was saved
   * with connected lines, they then have never been closed.
   */
  readonly onChannels?: (channels: GuestChannels) => Promise<void>;
}

/** One hypervisor. */
export interface Hypervisor {
  readonly name: string;
  readonly capabilities: HypervisorCapabilities;
  /** @throws `qemu-missing`, `qemu-too-old` */
  version(): Promise<HypervisorVersion>;
  /**
   * Starts a machine. A restored machine is complete but paused when this resolves.
   * @throws `hypervisor-failed` with the hypervisor's last words; then no process is left.
   */
  start(spec: MachineSpec, o: StartOptions): Promise<RunningMachine>;
  /**
   * Connects to the process of a machine that was started by an earlier daemon, and lets it run if it stood still, or stand still
   * where that is wanted; undefined when there is none. @throws `machine-unresponsive` or `timeout` when it does not answer
   */
  adopt(
    spec: Pick<MachineSpec, 'id' | 'directory' | 'memoryMib'>,
    process: ProcessIdentity,
    o?: { readonly paused?: boolean },
  ): Promise<RunningMachine | undefined>;
  /** Processes of machines below `directory`, known or not. */
  findProcesses(directory: string): Promise<{ readonly id: string; readonly process: ProcessIdentity }[]>;
  /** Makes an empty disk layer over `backing`, which need not exist yet. `sizeGib` is that of the backing file or more. */
  createDisk(
    path: string,
    backing: { readonly path: string; readonly format: 'raw' | 'qcow2' },
    sizeGib: number,
  ): Promise<void>;
  /** Bytes of a disk as its guest sees them, by its top layer; no machine runs on it. */
  readDisk(path: string, range: { readonly offset: number; readonly bytes: number }): Promise<Buffer>;
  /** As {@link RunningMachine.mergeLayers}, on a disk that no machine runs on, by its top layer. Aborted it is as it was. */
  mergeDisk(path: string, basePath: string, o: { readonly signal: AbortSignal }): Promise<void>;
  /** What a disk layer stands on, by its own header; undefined when it stands on nothing. */
  backingOf(path: string): Promise<string | undefined>;
  /** Bytes of a disk that its uppermost `layers` layers hold, by where they are: pairs of offset and length, in order. */
  extentsOf(path: string, layers: number): Promise<readonly DiskExtent[]>;
  /** Makes a disk larger that no machine runs on, by its top layer. The same size again changes nothing. */
  growDisk(path: string, sizeGib: number): Promise<void>;
  /**
   * Writes what the layers of a disk, the topmost first, hold above `base`, which is raw, into one new layer over it. Nothing may write to them
   * meanwhile. Throws `image-corrupt` when one of them leads anywhere else.
   */
  copyLayers(
    o: {
      readonly layers: readonly string[];
      readonly base: string;
      readonly to: string;
      readonly sizeGib: number;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /** Notes in a layer that the same base, which is raw, lies elsewhere now. */
  moveBase(path: string, base: string): Promise<void>;
  /** Writes a disk in another format; empty parts stay empty. */
  convertDisk(
    from: { readonly path: string; readonly format: 'raw' | 'qcow2' },
    to: { readonly path: string; readonly format: 'raw' | 'qcow2' },
    signal: AbortSignal,
  ): Promise<void>;
  /** Looks whether the books of a disk layer are right, without changing it. What they lead to is not looked at. */
  checkDisk(path: string, signal: AbortSignal): Promise<DiskVerdict>;
}

/** Whether the books of a disk layer are right. */
export type DiskVerdict = { readonly sound: true } | { readonly sound: false; readonly why: string };
