/**
 * Measures what decision 0002 rests on: the machine types `q35` and `microvm`, with the same guest image, as far as possible the
 * same devices, and without Berth around them. Needs root for nothing but reading other processes' memory maps.
 *
 *     node tools/compare-machine-types.ts IMAGE_DIRECTORY [FORKS [TYPE...]]
 *
 * IMAGE_DIRECTORY is one of `images/` in Berth's home. Prints one line of JSON for each type.
 */
import { join, resolve } from 'node:path';
import { sleep } from '../src/base/index.ts';
import { connectGuestDaemon } from '../src/guest/index.ts';
import {
  cpuTimeMs,
  createEmptyFile,
  memoryUse,
  type ProcessIdentity,
  readJson,
  readText,
  removeTree,
  run,
  startDetached,
  temporaryDirectory,
  terminate,
} from '../src/host/index.ts';
import type { MachineSpec, MachineStart } from '../src/hypervisor/index.ts';
import { machinePaths, qemuArgv } from '../src/hypervisor/qemu/argv.ts';
import { freezeMachine } from '../src/hypervisor/qemu/freeze.ts';
import { openMonitor } from '../src/hypervisor/qemu/qemu-machine.ts';
import type { QmpClient } from '../src/hypervisor/qemu/qmp/client.ts';

const QEMU = 'qemu-system-x86_64';
const MEMORY_MIB = 512;
const SETTLE_MS = 20_000;
const IDLE_MS = 30_000;
const TIMEOUT_MS = 180_000;

interface Machine {
  readonly spec: MachineSpec;
  readonly process: ProcessIdentity;
  readonly client: QmpClient;
}

/** Turns the command line that Berth uses into one of the other type: other machine, the same devices on MMIO. */
function asMicrovm(argv: readonly string[]): string[] {
  const machine = 'microvm,memory-backend=mem,pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=on';
  const words = argv.map((word, index) => (argv[index - 1] === '-machine' ? machine : word));
  return words
    .map((word) => word.replaceAll(/"(virtio-[a-z]+)-pci"/g, '"$1-device"').replace('"romfile":"",', ''))
    .filter((word, index) => ![word, words[index + 1] ?? ''].some((each) => each.includes('"vmgenid"')));
}

function argvOf(spec: MachineSpec, type: string): string[] {
  const whole = qemuArgv(spec, { qemuPath: QEMU, setprivPath: 'setpriv', machineType: 'q35' });
  const network = JSON.stringify({ type: 'user', id: 'net0', restrict: true });
  const argv = whole
    .slice(whole.indexOf(QEMU))
    .map((word, index, all) => (all[index - 1] === '-netdev' ? network : word));
  return type === 'microvm' ? asMicrovm(argv) : argv;
}

async function launch(spec: MachineSpec, type: string): Promise<Machine> {
  const { stdout, stderr, qmp } = machinePaths(spec.directory);
  const process = await startDetached(argvOf(spec, type), { stdoutPath: stdout, stderrPath: stderr });
  try {
    return { spec, process, client: await openMonitor(qmp, 15_000) };
  } catch (error) {
    await terminate(process, { signal: 'SIGKILL', timeoutMs: 5_000 });
    throw error;
  }
}

async function ready({ spec }: Machine): Promise<void> {
  const link = connectGuestDaemon(machinePaths(spec.directory).guest);
  try {
    await link.waitReady({ timeoutMs: TIMEOUT_MS });
  } finally {
    link.close();
  }
}

async function restore({ client }: Machine, statePath: string): Promise<void> {
  const capabilities = ['mapped-ram', 'events'] as const;
  await client.send('migrate-set-capabilities', {
    capabilities: capabilities.map((capability) => ({ capability, state: true })),
  });
  const done = client.waitFor(
    ({ event, data }) => event === 'MIGRATION' && ['completed', 'failed'].includes(String(data['status'])),
    AbortSignal.timeout(TIMEOUT_MS),
  );
  await client.send('migrate-incoming', { uri: `file:${statePath}` });
  const { data } = await done;
  if (data['status'] !== 'completed') throw new Error('the state could not be restored');
}

/** Percent of one core that a process uses while nobody asks anything of it. */
async function idleCpuPercent(process: ProcessIdentity): Promise<number> {
  const before = cpuTimeMs(process.pid) ?? 0;
  const start = performance.now();
  await sleep(IDLE_MS);
  return (((cpuTimeMs(process.pid) ?? 0) - before) / (performance.now() - start)) * 100;
}

async function diskOver(path: string, backing: string, format: string): Promise<void> {
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', backing, '-F', format, path, '2G']);
}

/** `microvm` has no timer against which a kernel could measure its time stamp counter, so it is told the host's rate. */
async function timeStampRate(): Promise<string> {
  const mhz = /^cpu MHz\s*:\s*([\d.]+)$/m.exec((await readText('/proc/cpuinfo')) ?? '')?.[1];
  return `tsc_early_khz=${Math.round(Number(mhz) * 1000)}`;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const rounded = (value: number): number => Math.round(value * 10) / 10;

class Comparison {
  readonly #top: string;
  readonly #image: string;
  readonly #kernelArguments: readonly string[];
  readonly #running: Machine[] = [];

  constructor(top: string, image: string, kernelArguments: readonly string[]) {
    this.#top = top;
    this.#image = image;
    this.#kernelArguments = kernelArguments;
  }

  async measure(type: string, forks: number): Promise<Record<string, unknown>> {
    const parent = await this.#make(`${type}-parent`, join(this.#image, 'disk.raw'), 'raw', { kind: 'boot' });
    const bootStart = performance.now();
    const machine = await this.#launch(parent, type);
    await ready(machine);
    const bootMs = performance.now() - bootStart;
    await sleep(SETTLE_MS);
    const parentCpu = await idleCpuPercent(machine.process);
    const statePath = join(this.#top, `${type}-state`);
    const overlayPath = join(parent.directory, 'disk-1.qcow2');
    await createEmptyFile(statePath, 0o600);
    await diskOver(overlayPath, parent.diskPath, 'qcow2');
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { memoryOffset } = await freezeMachine(machine.client, MEMORY_MIB * 1024 * 1024, {
      ...{ statePath, overlayPath, signal },
    });
    const restored = [];
    for (let index = 0; index < forks; index += 1) {
      const start: MachineStart = { kind: 'restore', statePath, memoryOffset };
      const spec = await this.#make(`${type}-fork-${index}`, parent.diskPath, 'qcow2', start);
      const begin = performance.now();
      const fork = await this.#launch(spec, type);
      await restore(fork, statePath);
      const restoredMs = performance.now() - begin;
      await fork.client.send('cont');
      await ready(fork);
      restored.push({ fork, restoredMs, answeredMs: performance.now() - begin });
    }
    await sleep(SETTLE_MS);
    const cpu = await Promise.all(restored.map(({ fork }) => idleCpuPercent(fork.process)));
    const memory = await Promise.all(restored.map(({ fork }) => memoryUse(fork.process.pid)));
    return {
      ...{ type, forks, bootMs: Math.round(bootMs), parentIdleCpuPercent: rounded(parentCpu) },
      restoreMsP50: rounded(median(restored.map(({ restoredMs }) => restoredMs))),
      firstAnswerMsP50: rounded(median(restored.map(({ answeredMs }) => answeredMs))),
      forkIdleCpuPercentP50: rounded(median(cpu)),
      forkPssMibP50: rounded(median(memory.map((use) => (use?.pssBytes ?? 0) / 1024 ** 2))),
      forkPrivateMibP50: rounded(median(memory.map((use) => (use?.privateBytes ?? 0) / 1024 ** 2))),
    };
  }

  async end(): Promise<void> {
    for (const { process, client } of this.#running.splice(0)) {
      client.close();
      await terminate(process, { signal: 'SIGKILL', timeoutMs: 5_000 });
    }
  }

  async #launch(spec: MachineSpec, type: string): Promise<Machine> {
    const machine = await launch(spec, type);
    this.#running.push(machine);
    return machine;
  }

  async #make(id: string, backing: string, format: string, start: MachineStart): Promise<MachineSpec> {
    const directory = join(this.#top, id);
    await run(['mkdir', directory]);
    const diskPath = join(directory, 'disk-0.qcow2');
    await diskOver(diskPath, backing, format);
    return {
      ...{ id, directory, diskPath, start, vcpus: 1, memoryMib: MEMORY_MIB, accelerator: 'tcg' },
      ...{ kernelPath: join(this.#image, 'vmlinuz'), initrdPath: join(this.#image, 'initrd.img') },
      kernelArguments: this.#kernelArguments,
      ...{ diskGib: 8, standsOn: [] },
      network: { namespace: '', tap: '', mac: '52:54:00:62:74:68' },
      ...{ uid: 0, gid: 0 },
    };
  }
}

const [imageDirectory = '', forks = '7', ...types] = process.argv.slice(2);
const manifest = await readJson<{ kernelArguments: string[] }>(join(imageDirectory, 'manifest.json'));
if (manifest === undefined) throw new Error(`there is no image in "${imageDirectory}"`);
await using top = await temporaryDirectory();
for (const type of types.length > 0 ? types : ['q35', 'microvm']) {
  const kernelArguments =
    type === 'microvm' ? [...manifest.kernelArguments, await timeStampRate()] : manifest.kernelArguments;
  const comparison = new Comparison(top.path, resolve(imageDirectory), kernelArguments);
  try {
    console.log(JSON.stringify(await comparison.measure(type, Number(forks))));
  } finally {
    await comparison.end();
    await removeTree(join(top.path, `${type}-state`));
  }
}
