import type { GuestAgent, GuestDaemonLink } from '../guest/index.ts';
import type { Accelerator, RunningMachine } from '../hypervisor/index.ts';
import type { ProcessIdentity } from '../host/index.ts';
import type { Shape, TemplateId } from '../model/index.ts';
import type { NetworkSlot } from '../network/index.ts';

/** What is kept of a machine's disk, whether it runs or not. */
export interface MachineDisk {
  /** Directory of the machine; everything in it goes with it. */
  readonly directory: string;
  /** Name of the writable top layer within the directory. */
  readonly top: string;
  /** Templates whose disk layers lie below, nearest first; below them all is the image. */
  readonly layers: readonly TemplateId[];
}

/** What a machine boots: the same through its whole life. */
export interface MachineBoot {
  readonly shape: Shape;
  readonly accelerator: Accelerator;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly kernelArguments: readonly string[];
}

/**
 * What a machine began its life from: a template, whose `state` file it maps as long as it runs, its own disk, or what was saved of
 * itself. A guest that restarts within its machine changes nothing of that.
 */
export type MachineOrigin = 'template' | 'disk' | 'saved';

/** What must be written down of a running machine to find it again after the daemon was restarted. */
export interface MachineProcess {
  readonly process: ProcessIdentity;
  readonly slot: NetworkSlot;
  /** Absent in what was written before this was noted: then it may be either. */
  readonly origin?: MachineOrigin;
  /** Template whose `state` it maps, where that is not the one that its environment was made from. */
  readonly maps?: TemplateId;
  /** The host's boot in which it was started. Absent in what was written before this was noted. */
  readonly boot?: string;
}

/** A machine with a process, and the channel into it. */
/** The lines into a running guest. They stay connected: a guest polls a line whose other end is closed. */
export interface GuestLines {
  readonly link: GuestDaemonLink;
  readonly agent: GuestAgent;
}

export interface Machine extends GuestLines {
  readonly id: string;
  readonly running: RunningMachine;
  readonly slot: NetworkSlot;
  readonly link: GuestDaemonLink;
  readonly origin: MachineOrigin;
  /** Template whose `state` it maps. */
  readonly maps?: TemplateId;
}
