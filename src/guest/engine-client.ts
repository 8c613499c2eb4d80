import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { LineFramer, MAX_TIMEOUT_MS } from '../base/index.ts';
import { BerthError, berthError } from '../errors/index.ts';
import type {
  Engine,
  EngineContainer,
  EngineDiskUse,
  EngineEvent,
  EngineImage,
  LogLine,
  LogOptions,
} from './engine.ts';
import { containerFrom, projectFilter } from './engine-containers.ts';
import { startExec } from './engine-exec.ts';
import { bytesOf, EngineHttp, type EngineTransport } from './engine-http.ts';
import { logQuery, readLog } from './engine-logs.ts';
import { pullImage } from './engine-pull.ts';
import { PUBLISHERS_PATH, publishersFrom } from './engine-publishers.ts';
import { createVolume, listVolumes, listVolumeUsers, removeVolume } from './engine-volumes.ts';
import { entriesAt, field, listAt, numberAt, parseJson, textAt } from './json-reading.ts';
import type { WaitOptions } from './wait-options.ts';

const MAX_EVENT_LENGTH = 1024 * 1024;

/** Speaks to the container engine behind `transport`, a {@link GuestShell} as a rule. Nothing is connected before the first call. */
export function connectEngine(transport: EngineTransport): Engine {
  const http = new EngineHttp(transport);
  const inspect = (container: string, o?: Partial<WaitOptions>) =>
    http.call({ method: 'GET', path: `/containers/${encodeURIComponent(container)}/json` }, o);
  return {
    ping: async (o) => void (await http.call({ method: 'GET', path: '/_ping' }, o)),
    loadImage: async (archive, o) =>
      loadedReferences(await http.call({ method: 'POST', path: '/images/load?quiet=1', upload: archive }, o)),
    pullImage: (reference, o) => pullImage(http, reference, o),
    hasImage: async (reference, o) => {
      const found = await http
        .call({ method: 'GET', path: `/images/${reference}/json` }, o)
        .catch((error: unknown) => ignoreMissing(error));
      return found !== undefined;
    },
    images: async (o) =>
      listAt({ all: await http.call({ method: 'GET', path: '/images/json' }, o) }, 'all').map(imageFrom),
    containers: (project, o) => listContainers(http, inspect, project, o),
    publishers: async (o) => publishersFrom(await http.call({ method: 'GET', path: PUBLISHERS_PATH }, o)),
    logs: (container, o = {}) => followLogs(http, inspect, container, o),
    exec: (container, argv, o) => startExec(http, container, argv, o),
    events: (o) => followEvents(http, o),
    inspect,
    diskUse: async (o) => diskUseFrom(await http.call({ method: 'GET', path: '/system/df' }, o)),
    volumes: (o) => listVolumes(http, o),
    volumeUsers: (o) => listVolumeUsers(http, o),
    createVolume: (volume, o) => createVolume(http, volume, o),
    removeVolume: (name, o) => removeVolume(http, name, o),
    close: () => http.close(),
  };
}

async function listContainers(
  http: EngineHttp,
  inspect: (id: string, o?: Partial<WaitOptions>) => Promise<unknown>,
  project: string,
  o: Partial<WaitOptions> | undefined,
): Promise<EngineContainer[]> {
  const listed = await http.call(
    { method: 'GET', path: `/containers/json?all=1&filters=${projectFilter(project)}` },
    o,
  );
  const ids = listAt({ all: listed }, 'all').flatMap((container) => textAt(container, 'Id') ?? []);
  // The list knows neither health nor exit codes. A container that goes meanwhile is no failure.
  const inspected = await Promise.all(
    ids.map((id) => inspect(id, o).catch((error: unknown) => ignoreMissing(error))),
  );
  return inspected
    .filter((container) => container !== undefined)
    .map(containerFrom)
    .toSorted((a, b) => compare(a.service, b.service) || a.number - b.number);
}

function ignoreMissing(error: unknown): undefined {
  if (field(error, 'code') === 'not-found') return undefined;
  throw error;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function imageFrom(image: unknown): EngineImage {
  return {
    id: textAt(image, 'Id') ?? '',
    tags: listAt(image, 'RepoTags').filter((tag) => typeof tag === 'string'),
    sizeBytes: numberAt(image, 'Size') ?? 0,
  };
}

/** `Loaded image: NAME` per image, in JSON lines or in one object; Podman puts several names into one, separated by commas. */
function loadedReferences(answer: unknown): string[] {
  const lines = typeof answer === 'string' ? answer.split('\n').map(parseJson) : [answer];
  const failure = lines.map((line) => textAt(line, 'error')).find((error) => error !== undefined);
  if (failure !== undefined)
    throw berthError('engine-failed', `the container engine says: ${failure.slice(0, 2_000)}`);
  return lines.flatMap((line) =>
    [...(textAt(line, 'stream') ?? '').matchAll(/Loaded images?(?: ID)?(?:\(s\))?: (.*)/g)].flatMap((match) =>
      (match[1] ?? '').trim().split(/,\s*/),
    ),
  );
}

async function* followLogs(
  http: EngineHttp,
  inspect: (id: string, o?: Partial<WaitOptions>) => Promise<unknown>,
  container: string,
  o: LogOptions,
): AsyncGenerator<LogLine> {
  const wait = o.signal === undefined ? {} : { signal: o.signal };
  // A container that says nothing yet keeps the engine from answering at all.
  const patient = o.follow === true ? { ...wait, timeoutMs: MAX_TIMEOUT_MS } : wait;
  let answer: IncomingMessage | undefined;
  try {
    const hasTerminal = field(await inspect(container, wait), 'Config', 'Tty') === true;
    const path = `/containers/${encodeURIComponent(container)}/logs?${logQuery(o)}`;
    answer = await http.stream({ method: 'GET', path }, patient);
    yield* readLog(answer, hasTerminal, o.timestamps === true);
  } catch (error) {
    if (o.signal?.aborted !== true) throw lostUnless(error, 'the log stream was lost');
  } finally {
    answer?.destroy();
  }
}

async function* followEvents(
  http: EngineHttp,
  o: { readonly signal: AbortSignal; readonly since?: string },
): AsyncGenerator<EngineEvent> {
  const since = o.since === undefined ? '' : `?since=${Date.parse(o.since) / 1_000}`;
  const framer = new LineFramer({ maxLineLength: MAX_EVENT_LENGTH });
  const decoder = new StringDecoder('utf8');
  let answer: IncomingMessage | undefined;
  try {
    answer = await http.stream(
      { method: 'GET', path: `/events${since}` },
      { signal: o.signal, timeoutMs: MAX_TIMEOUT_MS },
    );
    for await (const chunk of answer) {
      for (const line of framer.push(decoder.write(bytesOf(chunk)))) {
        const event = eventFrom(parseJson(line));
        if (event !== undefined) yield event;
      }
    }
  } catch (error) {
    if (!o.signal.aborted) throw lostUnless(error, 'the event stream was lost');
  } finally {
    answer?.destroy();
  }
}

function lostUnless(error: unknown, message: string): BerthError {
  return error instanceof BerthError ? error : berthError('guest-unreachable', message, { cause: error });
}

function eventFrom(event: unknown): EngineEvent | undefined {
  const action = textAt(event, 'Action');
  if (action === undefined) return undefined;
  const seconds = numberAt(event, 'time') ?? 0;
  const nanos = numberAt(event, 'timeNano');
  const attributes = entriesAt(event, 'Actor', 'Attributes').flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, value] as const] : [],
  );
  return {
    at: new Date(nanos === undefined ? seconds * 1_000 : nanos / 1_000_000).toISOString(),
    type: textAt(event, 'Type') ?? '',
    action,
    id: textAt(event, 'Actor', 'ID') ?? '',
    attributes: Object.fromEntries(attributes),
  };
}

function diskUseFrom(answer: unknown): EngineDiskUse {
  const sum = (list: string, ...path: string[]) =>
    listAt(answer, list).reduce(
      (total: number, item) => total + Math.max(0, numberAt(item, ...path) ?? 0),
      0,
    );
  return {
    imageBytes: sum('Images', 'Size'),
    containerBytes: sum('Containers', 'SizeRw'),
    volumeBytes: sum('Volumes', 'UsageData', 'Size'),
  };
}
