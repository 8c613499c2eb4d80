import { tailFile, allocatedBytes, cpuTimeMs, memoryUse, mergedBytesNow } from '../host/index.ts';
import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import type { EnvironmentStats, ServiceStatus } from '../model/index.ts';
import type { Context } from './context.ts';
import { noteServices } from './note-services.ts';
import { readServices } from './services.ts';
import type { EnvironmentRecord } from './record.ts';

/** A busy guest may take its time; the rest of the figures are not to wait for it. */
const ASK_TIMEOUT_MS = 1_000;
const CONSOLE_BYTES = 4 * 1024 * 1024;

interface CpuSample {
  readonly pid: number;
  readonly cpuMs: number;
  readonly atMs: number;
}

/** Measures what environments use; remembers the last look at each, for the share of CPU since then. */
export class StatsSampler {
  readonly #samples = new Map<string, CpuSample>();

  /** @throws `not-running` when there is no process */
  async sample(context: Context, record: EnvironmentRecord): Promise<EnvironmentStats> {
    const pid = record.process?.process.pid;
    const [memory, diskBytes, unusedBytes] = await Promise.all([
      pid === undefined ? undefined : memoryUse(pid),
      record.disk === undefined ? 0 : allocatedBytes(record.disk.directory),
      unusedMemory(context, record),
    ]);
    if (pid === undefined || memory === undefined)
      throw berthError('not-running', `environment "${record.name}" is ${record.state}`);
    const cpuMs = cpuTimeMs(pid) ?? 0;
    return {
      id: record.id,
      name: record.name,
      pssBytes: memory.pssBytes,
      ownBytes: memory.privateBytes,
      sharedBytes: memory.sharedBytes,
      mergedBytes: mergedBytesNow(pid),
      ...(unusedBytes === undefined ? {} : { reclaimableBytes: Math.min(unusedBytes, memory.privateBytes) }),
      cpuPercent: this.#cpuPercent(record.id, pid, cpuMs),
      cpuMs,
      diskBytes,
    };
  }

  #cpuPercent(id: string, pid: number, cpuMs: number): number {
    const atMs = performance.now();
    const last = this.#samples.get(id);
    this.#samples.set(id, { pid, cpuMs, atMs });
    if (last?.pid !== pid || atMs - last.atMs < 1) return 0;
    return Math.max(0, Math.round(((cpuMs - last.cpuMs) / (atMs - last.atMs)) * 1000) / 10);
  }
}

/** Undefined when the guest cannot be asked, or does not answer at once. */
async function unusedMemory(context: Context, { id }: EnvironmentRecord): Promise<number | undefined> {
  if (!context.sessions.isReachable(id)) return undefined;
  const agent = context.sessions.find(id)?.machine.agent;
  return agent?.unusedMemory({ timeoutMs: ASK_TIMEOUT_MS }).catch(() => undefined);
}

/** Services as they are now; what was seen is kept for `ls`. */
export async function refreshServices(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<readonly ServiceStatus[]> {
  const services = await readServices(context, record, signal);
  await noteServices(context, record.id, services);
  return services;
}

/** The console's output, also of a machine that has ended. */
export async function readConsole(record: EnvironmentRecord, tailBytes: number | undefined): Promise<string> {
  if (record.disk === undefined)
    throw berthError('not-running', `environment "${record.name}" has never run`);
  return tailFile(join(record.disk.directory, 'console.log'), tailBytes ?? CONSOLE_BYTES).catch(() => '');
}

/** Container of a service. @throws `not-found` naming the services that there are */
export async function containerOf(
  context: Context,
  record: EnvironmentRecord,
  service: string,
  signal: AbortSignal,
): Promise<string> {
  const services = await readServices(context, record, signal);
  const found = services.find(({ name }) => name === service);
  if (found !== undefined) return found.container;
  const names = [...new Set(services.map(({ name }) => name))].join(', ') || 'none';
  throw berthError(
    'not-found',
    `environment "${record.name}" has no service "${service}"; its services: ${names}`,
    {
      remedy: `See them with \`./berth ps ${record.name}\`.`,
    },
  );
}
