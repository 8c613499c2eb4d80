import type { CapacityQuery } from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import { type CapacityReport, DEFAULT_SHAPE, parseShape, type Problem } from '../model/index.ts';
import type { HostFacts, MachineKind } from '../placement/index.ts';
import type { Context } from './context.ts';
import type { FrozenWorkload } from './freeze-environment.ts';

const MIB = 1024 ** 2;

/** Answers how many more environments fit. */
export class CapacityOperations {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** @throws `bad-request` with every problem, `not-found` for a source that is not there */
  async report(query: CapacityQuery, signal: AbortSignal): Promise<CapacityReport> {
    const { count, source } = query;
    const problems: Problem[] = [];
    const added = (query.addHost ?? []).map((text, index) => addedHost(text, index, problems));
    const shape = readShape(query.shape, 'shape', problems);
    if (source !== undefined && query.shape !== undefined)
      problems.push({ path: 'shape', message: 'is that of the source; ask for one of the two' });
    if (problems.length > 0) throw berthError('bad-request', 'the question cannot be answered', { problems });
    const kind = source === undefined ? { start: 'fork' as const, shape } : await this.#kindOf(source);
    const question = {
      kind,
      ...(source === undefined ? {} : { source }),
      ...(count === undefined ? {} : { count }),
    };
    return this.#context.admission.report(question, added, signal);
  }

  async #kindOf(source: string): Promise<MachineKind> {
    const record = this.#context.registry.find(source);
    if (record !== undefined) return { start: 'fork', shape: record.shape, project: record.workload.project };
    const template = await this.#context.templates.find(source);
    if (template === undefined)
      throw berthError('not-found', `there is no environment or template "${source}"`);
    const workload = template.workload as FrozenWorkload | undefined;
    if (workload === undefined) return { start: 'up', shape: template.shape };
    return { start: 'fork', shape: template.shape, project: workload.project };
  }
}

function readShape(text: string | undefined, path: string, problems: Problem[]): MachineKind['shape'] {
  if (text === undefined) return DEFAULT_SHAPE;
  const shape = parseShape(text);
  if (shape === undefined) problems.push({ path, message: `"${text}" does not look like 2x1GiB` });
  return shape ?? DEFAULT_SHAPE;
}

function addedHost(text: string, index: number, problems: Problem[]): HostFacts {
  const { vcpus: cpus, memoryMib } = readShape(text, `addHost[${index}]`, problems);
  const memoryTotalBytes = memoryMib * MIB;
  return {
    ...{ name: `added-${index + 1}`, added: true, cpus },
    ...{ memoryTotalBytes, memoryAvailableBytes: memoryTotalBytes },
  };
}
