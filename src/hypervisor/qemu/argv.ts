import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Accelerator, MachineSpec } from '../hypervisor.ts';
import { confineArgv, type Confinement } from './confine.ts';

/** Id of guest memory, in the argv and in saved states. */
export const MEMORY_ID = 'mem';
/** Where QEMU has its object for guest memory. */
export const MEMORY_PATH = `/objects/${MEMORY_ID}`;

/** Files that a machine keeps in its directory. */
export interface MachinePaths {
  readonly qmp: string;
  readonly guest: string;
  readonly agent: string;
  readonly console: string;
  readonly stdout: string;
  readonly stderr: string;
}

export function machinePaths(directory: string): MachinePaths {
  return {
    qmp: join(directory, 'qmp.sock'),
    guest: join(directory, 'guest.sock'),
    agent: join(directory, 'agent.sock'),
    console: join(directory, 'console.log'),
    stdout: join(directory, 'qemu.out'),
    stderr: join(directory, 'qemu.log'),
  };
}

/** What the argv needs beside the machine's own spec. */
export interface QemuInstallation extends Confinement {
  readonly machineType: string;
}

/** The whole command line of one machine: confine it, then run QEMU. */
export function qemuArgv(spec: MachineSpec, installation: QemuInstallation): string[] {
  return [
    ...confineArgv(spec, installation),
    installation.qemuPath,
    ...processArgv(spec),
    ...hardwareArgv(spec, installation.machineType),
  ];
}

/** The order of devices must not change between a template and its forks: it fixes their PCI addresses. */
function hardwareArgv(spec: MachineSpec, machineType: string): string[] {
  return [
    ...machineArgv(spec, machineType),
    ...memoryArgv(spec),
    ...kernelArgv(spec),
    ...channelArgv(machinePaths(spec.directory)),
    ...diskArgv(spec),
    ...networkArgv(spec),
    ...panicArgv(),
    ...startArgv(spec),
  ];
}

/** Stands for any machine, in the command line whose hash tells one set of devices from another. */
const ANY_MACHINE: MachineSpec = {
  ...{ id: 'any', directory: '/any', vcpus: 1, memoryMib: 512, accelerator: 'tcg', diskPath: '/any/disk' },
  ...{ diskGib: 1, standsOn: [] },
  ...{ kernelPath: '/any/kernel', initrdPath: '/any/initrd', kernelArguments: [] },
  ...{ network: { namespace: 'any', tap: 'any', mac: 'any' }, uid: 0, gid: 0, start: { kind: 'boot' } },
};

/** Hash of the devices and settings that every guest gets: a state that was saved with others must not be loaded. */
export function hardwareOf(machineType: string): string {
  const { accelerator: _accelerator, ...machine } = ANY_MACHINE;
  const both = (['tcg', 'kvm'] as const).map((accelerator) =>
    hardwareArgv({ ...machine, accelerator }, machineType),
  );
  return createHash('sha256').update(JSON.stringify(both)).digest('hex');
}

function processArgv(spec: MachineSpec): string[] {
  return [
    ...['-name', `guest=${spec.id}`, '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-msg', 'timestamp=on'],
  ];
}

function machineArgv(spec: MachineSpec, machineType: string): string[] {
  // Whatever the guest does not use costs idle time under emulation (HPET, SMBus, USB, SATA, graphics).
  // Equal pages tell one guest by time what another holds: they are merged where that was asked for (`mergeMemory`), not by default.
  const machine = `${machineType},memory-backend=${MEMORY_ID},mem-merge=off,usb=off,sata=off,smbus=off,vmport=off,hpet=off,graphics=off`;
  return [
    ...['-machine', machine, ...acceleratorArgv(spec.accelerator)],
    ...['-smp', String(spec.vcpus), '-m', `${spec.memoryMib}M`],
    ...['-rtc', 'base=utc,clock=host'],
    ...device({ driver: 'vmgenid', guid: 'auto', id: 'generation' }),
  ];
}

function acceleratorArgv(accelerator: Accelerator): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  // Translated code is kept up to `tb-size` MiB and then made anew; by itself QEMU lets it grow to a gigabyte.
  // Five-level paging would make each page walk of an emulated guest longer for memory it does not have.
  return ['-accel', 'tcg,thread=multi,tb-size=128', '-cpu', 'max,la57=off'];
}

function memoryArgv(spec: MachineSpec): string[] {
  const size = spec.memoryMib * 1024 * 1024;
  const memory = { id: MEMORY_ID, size, merge: false };
  if (spec.start.kind === 'boot') return object({ 'qom-type': 'memory-backend-ram', ...memory });
  return object({
    'qom-type': 'memory-backend-file',
    ...memory,
    'mem-path': spec.start.statePath,
    offset: spec.start.memoryOffset,
    share: false,
    // Nothing a fork does may reach the template's file; `rom: off` lets it write to its private copy all the same.
    readonly: true,
    rom: 'off',
  });
}

function kernelArgv(spec: MachineSpec): string[] {
  return ['-kernel', spec.kernelPath, '-initrd', spec.initrdPath, '-append', spec.kernelArguments.join(' ')];
}

function channelArgv(paths: MachinePaths): string[] {
  // `-chardev` takes no JSON; the paths are Berth's own and are checked to hold no comma (see `assertPlainPath`).
  return [
    ...['-qmp', `unix:${paths.qmp},server=on,wait=off`],
    ...['-chardev', `file,id=console,path=${paths.console},append=on`, '-serial', 'chardev:console'],
    ...device({ driver: 'virtio-serial-pci', id: 'channels' }),
    ...['-chardev', `socket,id=agent,path=${paths.agent},server=on,wait=off`],
    ...device({
      driver: 'virtserialport',
      bus: 'channels.0',
      chardev: 'agent',
      name: 'org.qemu.guest_agent.0',
    }),
    ...['-chardev', `socket,id=guest,path=${paths.guest},server=on,wait=off`],
    ...device({ driver: 'virtserialport', bus: 'channels.0', chardev: 'guest', name: 'berth.0' }),
  ];
}

function diskArgv(spec: MachineSpec): string[] {
  return [
    ...['-blockdev', JSON.stringify(diskNode(spec.diskPath))],
    ...device({
      ...{ driver: 'virtio-blk-pci', drive: layerName(spec.diskPath), id: 'root' },
      // What the host cannot read or write now is tried again; the guest would take its disk for broken.
      ...{ werror: 'stop', rerror: 'stop' },
    }),
  ];
}

/** A layer's node is named after its file, so that the machine can be asked which one it writes to. */
export function layerName(path: string): string {
  return basename(path);
}

/** A writable qcow2 layer as a block node; deleted data are given back to the host's file system. */
export function diskNode(path: string): Record<string, unknown> {
  return {
    driver: 'qcow2',
    'node-name': layerName(path),
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    file: { driver: 'file', filename: path, discard: 'unmap' },
  };
}

function networkArgv(spec: MachineSpec): string[] {
  const { tap, mac } = spec.network;
  return [
    ...['-netdev', JSON.stringify({ type: 'tap', id: 'net0', ifname: tap, script: 'no', downscript: 'no' })],
    ...device({ driver: 'virtio-net-pci', netdev: 'net0', mac, romfile: '', id: 'nic' }),
  ];
}

/** The guest's kernel tells of a panic by it. What then becomes of the guest is its own affair: it restarts. */
function panicArgv(): string[] {
  return [...device({ driver: 'pvpanic-pci', id: 'panic' }), '-action', 'panic=none'];
}

function startArgv(spec: MachineSpec): string[] {
  return spec.start.kind === 'restore' ? ['-incoming', 'defer'] : [];
}

function device(properties: Record<string, unknown>): string[] {
  return ['-device', JSON.stringify(properties)];
}

function object(properties: Record<string, unknown>): string[] {
  return ['-object', JSON.stringify(properties)];
}
