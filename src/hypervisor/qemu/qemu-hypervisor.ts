import { join } from 'node:path';
import { deadlineSignal } from '../../base/index.ts';
import { asBerthError, type BerthError, berthError } from '../../errors/index.ts';
import {
  type Cgroup,
  commandLine,
  findProgram,
  listProcesses,
  permissions,
  type ProcessIdentity,
  run,
  startInNamespace,
  tailFile,
  terminate,
} from '../../host/index.ts';
import type {
  Hypervisor,
  HypervisorVersion,
  MachineSpec,
  RunningMachine,
  StartOptions,
} from '../hypervisor.ts';
import { machinePaths, qemuArgv } from './argv.ts';
import type { ConfinedPrograms } from './confine.ts';
import { checkDisk, convertDisk, copyLayers, moveBase } from './disk-image.ts';
import { backingOf, extentsOf, mergeDisk, readDisk } from './disk-tool.ts';
import { mayRaiseLimits } from './file-limit.ts';
import { goOn } from './freeze.ts';
import { type ChildExit, openMonitor, QemuMachine } from './qemu-machine.ts';
import type { QmpClient } from './qmp/client.ts';
import { DEFAULT_QEMU, readHypervisorVersion } from './version.ts';

const MONITOR_TIMEOUT_MS = 15_000;
/** A machine that answers does so at once; one that hangs must not hold up the others. */
const ADOPT_TIMEOUT_MS = 3_000;
const RESTORE_TIMEOUT_MS = 30_000;
/** When the host is out of memory one machine ends, and never what looks after all of them. */
const OOM_SCORE = 300;

export interface QemuOptions {
  /** Default `qemu-system-x86_64`, looked up on the PATH. */
  readonly qemuPath?: string;
  /** Makes the cgroup that a machine's process is put into. */
  readonly cgroupFor: (spec: MachineSpec) => Promise<Cgroup | undefined>;
}

/** The embedded default driver: one QEMU process per machine. */
export function createQemuHypervisor(options: QemuOptions): Hypervisor {
  const qemuPath = options.qemuPath ?? DEFAULT_QEMU;
  let known: Promise<HypervisorVersion> | undefined;
  const version = () => {
    known ??= readHypervisorVersion(qemuPath);
    // A failed look is not remembered: QEMU may be installed meanwhile.
    known.catch(() => {
      known = undefined;
    });
    return known;
  };
  return {
    name: 'qemu',
    capabilities: { fork: true, sharedMemory: true, consoleLog: true },
    version,
    start: async (spec, o) => startMachine(spec, { qemuPath, ...(await version()) }, options, o),
    adopt: adoptMachine,
    findProcesses,
    createDisk,
    ...{ readDisk, mergeDisk, backingOf, extentsOf },
    growDisk,
    ...{ copyLayers, moveBase, convertDisk, checkDisk },
  };
}

async function startMachine(
  spec: MachineSpec,
  installation: HypervisorVersion & { qemuPath: string },
  options: QemuOptions,
  { signal, onChannels }: StartOptions,
): Promise<RunningMachine> {
  const paths = machinePaths(spec.directory);
  const ended = Promise.withResolvers<ChildExit>();
  const process = await startProcess(spec, installation, options, (exit) => ended.resolve(exit));
  try {
    const client = await firstOf(
      openMonitor(paths.qmp, MONITOR_TIMEOUT_MS, signal),
      ended.promise,
      paths.stderr,
    );
    await onChannels?.({ guestSocketPath: paths.guest, agentSocketPath: paths.agent });
    if (spec.start.kind === 'restore') await restore(client, spec.start.statePath, signal);
    return new QemuMachine({ ...spec, process, client, childExit: ended.promise });
  } catch (error) {
    await terminate(process, { signal: 'SIGKILL', timeoutMs: 10_000 });
    throw await withLog(asBerthError(error), paths.stderr);
  }
}

async function startProcess(
  spec: MachineSpec,
  installation: HypervisorVersion & { qemuPath: string },
  options: QemuOptions,
  onExit: (exit: ChildExit) => void,
): Promise<ProcessIdentity> {
  const { stdout: stdoutPath, stderr: stderrPath } = machinePaths(spec.directory);
  const kvmGid = spec.accelerator === 'kvm' ? await kvmGroup() : undefined;
  const confinement = {
    ...(await findPrograms(installation.qemuPath)),
    ...(kvmGid === undefined ? {} : { kvmGid }),
    raisesOwnLimits: !(await mayRaiseLimits()),
  };
  const cgroup = await options.cgroupFor(spec);
  const { machineType } = installation;
  return startInNamespace(qemuArgv(spec, { ...confinement, machineType }), {
    ...{ stdoutPath, stderrPath, cwd: '/', oomScore: OOM_SCORE },
    keep: () => false,
    ...(cgroup === undefined ? {} : { cgroup }),
    onExit: (code, signal) => onExit({ code, signal }),
  });
}

/** Within its own root directory a machine has no search path. @throws `tool-missing` */
async function findPrograms(qemuPath: string): Promise<ConfinedPrograms> {
  const [qemu, setpriv] = await Promise.all([qemuPath, 'setpriv', 'bwrap'].map(programPath));
  return { qemuPath: qemu ?? qemuPath, setprivPath: setpriv ?? 'setpriv' };
}

async function programPath(name: string): Promise<string> {
  const found = await findProgram(name);
  if (found !== undefined) return found;
  throw berthError('tool-missing', `${name} is not installed`);
}

/** The group without which `/dev/kvm` cannot be opened. */
async function kvmGroup(): Promise<number | undefined> {
  const device = await permissions('/dev/kvm');
  return device === undefined || (device.mode & 0o006) === 0o006 ? undefined : device.gid;
}

/** Settles as `work` does, but fails at once when the process ends first. */
async function firstOf<T>(work: Promise<T>, ended: Promise<ChildExit>, logPath: string): Promise<T> {
  work.catch(() => undefined);
  return Promise.race([
    work,
    ended.then(async ({ code, signal }) => {
      const log = await lastWords(logPath);
      throw berthError('hypervisor-failed', `QEMU ended at once (${signal ?? `exit code ${code}`}): ${log}`);
    }),
  ]);
}

async function restore(client: QmpClient, statePath: string, signal: AbortSignal): Promise<void> {
  const within = deadlineSignal(RESTORE_TIMEOUT_MS, signal);
  await client.send('migrate-set-capabilities', {
    capabilities: [
      { capability: 'mapped-ram', state: true },
      { capability: 'events', state: true },
    ],
  });
  const done = client.waitFor(
    ({ event, data }) => event === 'MIGRATION' && ['completed', 'failed'].includes(String(data['status'])),
    within,
  );
  done.catch(() => undefined);
  await client.send('migrate-incoming', { uri: `file:${statePath}` });
  const { data } = await done;
  if (data['status'] === 'completed') return;
  throw berthError('hypervisor-failed', 'QEMU could not restore the saved state');
}

async function withLog(error: BerthError, logPath: string): Promise<BerthError> {
  if (error.code !== 'machine-crashed' && error.code !== 'timeout') return error;
  return berthError('hypervisor-failed', `${error.message}: ${await lastWords(logPath)}`, { cause: error });
}

async function lastWords(logPath: string): Promise<string> {
  const text = await tailFile(logPath, 1000).catch(() => '');
  return text.trim().split('\n').slice(-3).join(' ') || 'it left no message';
}

async function adoptMachine(
  spec: Pick<MachineSpec, 'id' | 'directory' | 'memoryMib'>,
  process: ProcessIdentity,
  { paused = false }: { readonly paused?: boolean } = {},
): Promise<RunningMachine | undefined> {
  if (!isMachineOf(commandLine(process.pid), spec.directory)) return undefined;
  const client = await openMonitor(machinePaths(spec.directory).qmp, ADOPT_TIMEOUT_MS);
  // The earlier daemon may have died in the middle of a freeze.
  try {
    await goOn(client, paused ? 'stop' : 'cont');
  } catch (error) {
    // The monitor serves one connection at a time: a later try needs it free.
    client.close();
    throw error;
  }
  return new QemuMachine({ ...spec, process, client });
}

async function findProcesses(directory: string): Promise<{ id: string; process: ProcessIdentity }[]> {
  const found: { id: string; process: ProcessIdentity }[] = [];
  for (const process of listProcesses()) {
    const argv = commandLine(process.pid);
    if (!isMachineOf(argv, directory)) continue;
    found.push({
      id: argv?.find((word) => word.startsWith('guest='))?.slice('guest='.length) ?? '',
      process,
    });
  }
  return found;
}

/** True when the command line is a QEMU whose monitor lies below `directory`; what waits for its end has the same words. */
function isMachineOf(argv: readonly string[] | undefined, directory: string): boolean {
  if (argv === undefined || argv[0] === 'bwrap') return false;
  return (
    argv.some((word) => word.startsWith('guest=')) &&
    argv.some((word) => word.startsWith(`unix:${join(directory, '/')}`))
  );
}

async function createDisk(
  path: string,
  backing: { readonly path: string; readonly format: 'raw' | 'qcow2' },
  sizeGib: number,
): Promise<void> {
  const size = String(sizeGib * 1024 ** 3);
  // `-u`: the backing file may be in use by a running machine, and need not be looked at as the size is given.
  await run([
    'qemu-img',
    'create',
    '-q',
    '-u',
    '-f',
    'qcow2',
    '-b',
    backing.path,
    '-F',
    backing.format,
    path,
    size,
  ]);
}

async function growDisk(path: string, sizeGib: number): Promise<void> {
  await run(['qemu-img', 'resize', '-q', '-f', 'qcow2', path, String(sizeGib * 1024 ** 3)]);
}
