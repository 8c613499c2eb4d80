import { isEnded, type Operation } from '../model/index.ts';
import { berthError } from '../errors/index.ts';
import type { Client, DoctorApi, EnvironmentsApi, TerminalQuery, VolumesApi, WaitOptions } from './api.ts';
import { Caller } from './caller.ts';
import { errorOf } from './failure.ts';
import { followEvents, followOperation } from './follow.ts';
import { readLogs } from './read-logs.ts';
import { fileExchange } from './file-exchange.ts';
import { remoteProcess } from './remote-process.ts';
import type { Transport } from './transport.ts';

/** A client of the daemon that `transport` reaches. Makes no connection until it is used. */
export function createClient(transport: Transport): Client {
  const caller = new Caller(transport);
  const wait = (id: string, options?: WaitOptions) => waitOperation(caller, id, options);
  return {
    version: (options) => caller.call('version.get', {}, options),
    waitOperation: wait,
    finishOperation: async (id, options) => orThrow(await wait(id, options)),
    environments: environmentsApi(caller, transport),
    volumes: volumesApi(caller, transport),
    doctor: doctorApi(caller, transport),
    ...smallApis(caller),
  };
}

function smallApis(
  caller: Caller,
): Omit<Client, 'version' | 'waitOperation' | 'finishOperation' | 'environments' | 'volumes' | 'doctor'> {
  return {
    daemon: {
      status: (options) => caller.call('daemon.get', {}, options),
      stop: (options) => caller.call('daemon.stop', {}, options),
      purge: (body = {}, options) => caller.call('purge.create', { body }, options),
    },
    host: {
      report: (options) => caller.call('host.report', {}, options),
      setupPlan: (options) => caller.call('host.setup-plan', {}, options),
      setup: (options) => caller.call('host.setup', { body: {} }, options),
    },
    capacity: { report: (query = {}, options) => caller.call('capacity.get', { query }, options) },
    images: {
      list: (options) => caller.call('images.list', {}, options),
      get: (ref, options) => caller.call('images.get', { params: { ref } }, options),
      build: (ref, body = {}, options) => caller.call('images.build', { params: { ref }, body }, options),
      remove: (ref, options) => caller.call('images.remove', { params: { ref } }, options),
    },
    cache: {
      list: (options) => caller.call('cache.list', {}, options),
      prune: (body = {}, options) => caller.call('cache.prune', { body }, options),
      needed: (body, options) => caller.call('cache.needed', { body }, options),
    },
    templates: {
      list: (options) => caller.call('templates.list', {}, options),
      create: (body, options) => caller.call('templates.create', { body }, options),
      warm: (ref, body, options) => caller.call('templates.warm', { params: { ref }, body }, options),
      remove: (ref, options) => caller.call('templates.remove', { params: { ref } }, options),
    },
    operations: {
      list: (options) => caller.call('operations.list', {}, options),
      get: (id, options) => caller.call('operations.get', { params: operationParams(id) }, options),
      cancel: (id, options) => caller.call('operations.cancel', { params: operationParams(id) }, options),
      watch: (id, options = {}) => followOperation(caller, id, options),
    },
    events: { stream: (query = {}) => followEvents(caller, query) },
  };
}

function doctorApi(caller: Caller, transport: Transport): DoctorApi {
  return {
    report: (options) => caller.call('doctor.get', {}, options),
    repair: (options) => caller.call('doctor.repair', { body: {} }, options),
    bundle: async ({ signal } = {}) =>
      remoteProcess(await transport.openSocket(caller.socketPath('doctor.bundle', {}), signal)),
  };
}

function keptQuery(kept: boolean | undefined): { readonly kept?: boolean } {
  return kept === undefined ? {} : { kept };
}

function volumesApi(caller: Caller, transport: Transport): VolumesApi {
  const params = (name: string, volume: string) => ({ params: { name, volume } });
  const open = async (path: string, signal?: AbortSignal) =>
    remoteProcess(await transport.openSocket(path, signal));
  return {
    list: (query = {}, options) => caller.call('volumes.list', { query }, options),
    get: (name, volume, { kept, ...options } = {}) =>
      caller.call('volumes.get', { ...params(name, volume), query: keptQuery(kept) }, options),
    remove: (name, volume, { kept, ...options } = {}) =>
      caller.call('volumes.remove', { ...params(name, volume), query: keptQuery(kept) }, options),
    export: (name, volume, { kept, signal } = {}) => {
      const parts = { ...params(name, volume), query: keptQuery(kept) };
      return open(caller.socketPath('volumes.export', parts), signal);
    },
    import: (name, volume, { signal, ...query } = {}) =>
      open(caller.socketPath('volumes.import', { ...params(name, volume), query }), signal),
  };
}

function environmentsApi(caller: Caller, transport: Transport): EnvironmentsApi {
  const open = async (path: string, signal?: AbortSignal) =>
    remoteProcess(await transport.openSocket(path, signal));
  return {
    list: (options) => caller.call('environments.list', {}, options),
    get: (name, options) => caller.call('environments.get', { params: { name } }, options),
    up: (body, options) => caller.call('environments.up', { body }, options),
    fork: (body, options) => caller.call('forks.create', { body }, options),
    start: (name, body = {}, options) =>
      caller.call('environments.start', { params: { name }, body }, options),
    stop: (name, body = {}, options) => caller.call('environments.stop', { params: { name }, body }, options),
    restart: (name, body = {}, options) =>
      caller.call('environments.restart', { params: { name }, body }, options),
    sleep: (name, body = {}, options) =>
      caller.call('environments.sleep', { params: { name }, body }, options),
    scale: (name, body, options) => caller.call('environments.scale', { params: { name }, body }, options),
    wake: (name, options) => caller.call('environments.wake', { params: { name } }, options),
    remove: (name, { keepVolumes, ...options } = {}) =>
      caller.call(
        'environments.remove',
        { params: { name }, query: keepVolumes === undefined ? {} : { keepVolumes } },
        options,
      ),
    resize: (name, body, options) => caller.call('environments.resize', { params: { name }, body }, options),
    trim: (name, options) => caller.call('environments.trim', { params: { name } }, options),
    stats: (name, options) => caller.call('environments.stats', { params: { name } }, options),
    allStats: (options) => caller.call('stats.list', {}, options),
    services: (name, options) => caller.call('environments.services', { params: { name } }, options),
    logs: (name, query = {}) => readLogs(caller, name, query),
    console: (name, tail, options) =>
      caller.text(
        'environments.console',
        { params: { name }, query: tail === undefined ? {} : { tail } },
        options,
      ),
    exec: (name, service, argv, query = {}) => {
      const { signal, ...terminal } = query;
      const parts = { params: { name }, query: { service, cmd: argv, ...terminal } };
      return open(caller.socketPath('environments.exec', parts), signal);
    },
    files: async (name, query = {}) => {
      const { signal, ...parameters } = query;
      const parts = { params: { name }, query: parameters };
      return fileExchange(await open(caller.socketPath('environments.files', parts), signal));
    },
    shell: (name, argv, query: TerminalQuery = {}) => {
      const { signal, ...terminal } = query;
      const command = argv === undefined || argv.length === 0 ? {} : { cmd: argv };
      const parts = { params: { name }, query: { ...command, ...terminal } };
      return open(caller.socketPath('environments.shell', parts), signal);
    },
  };
}

async function waitOperation(caller: Caller, id: string, options: WaitOptions = {}): Promise<Operation> {
  const { signal, onUpdate } = options;
  for await (const operation of followOperation(caller, id, signal === undefined ? {} : { signal })) {
    onUpdate?.(operation);
    if (isEnded(operation)) return operation;
  }
  throw signal?.reason ?? berthError('internal', `Operation ${id} was not followed to its end`);
}

function orThrow(operation: Operation): Operation {
  if (operation.state === 'succeeded') return operation;
  if (operation.error !== undefined) throw errorOf(operation.error);
  throw berthError('internal', `Operation ${operation.id} is ${operation.state} without saying why`);
}

function operationParams(id: string): { readonly id: Operation['id'] } {
  return { id: id as Operation['id'] };
}
