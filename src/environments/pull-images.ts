import type { ComposeProject } from '../compose/index.ts';
import { asBerthError, BerthError, berthError } from '../errors/index.ts';
import type { Problem } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import {
  GUEST_CONFIGURATION,
  type PullFailure,
  pullError,
  type RegistryCredential,
} from '../registries/index.ts';
import type { Context } from './context.ts';
import { explainEngine } from './plan/explain-pull.ts';
import { isAmong, type WantedImage, wantedImages } from './plan/pulls.ts';
import type { EnvironmentRecord } from './record.ts';

const PULL_TIMEOUT_MS = 3_600_000;
const WRITE_TIMEOUT_MS = 30_000;
const PARALLEL_PULLS = 2;

/**
 * Shows the machine's container engine the way to the caches. Where they cannot be reached it goes to the registries itself.
 * @throws `registries-invalid`
 */
export async function openCaches(
  context: Context,
  record: EnvironmentRecord,
  credentials: readonly RegistryCredential[],
  signal: AbortSignal,
): Promise<void> {
  const { registries = [] } = record.workload;
  try {
    await context.registries.ensure(registries, credentials);
  } catch (error) {
    if (error instanceof BerthError && error.code === 'registries-invalid') throw error;
    context.log.warn({ environment: record.name, err: error }, 'the caches of images cannot be reached');
    return;
  }
  const shell = context.sessions.shell(record);
  const wait = { timeoutMs: WRITE_TIMEOUT_MS, signal };
  await shell.putFile(GUEST_CONFIGURATION, context.registries.guestConfiguration(registries), wait);
  // The engine has read its configuration when it started, or before it was frozen.
  await shell.exec(['systemctl', 'kill', '--kill-whom=main', '--signal=HUP', 'podman.service'], {
    ...wait,
    okExitCodes: 'any',
  });
}

/**
 * Pulls what the services need and the machine does not have, each image a step of its own.
 * @throws `registry-denied`, `registry-missing`, `registry-limited`, … naming images, services and lines
 */
export async function pullImages(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  operation: OperationContext,
): Promise<void> {
  const missing = await missingImages(context, record, project, operation.signal);
  if (missing.length === 0) return;
  if (!(await context.registries.keepsImages())) {
    const title =
      'note: images are not kept for the next environment: `./berth host setup` installs what keeps them';
    await operation.step('note', title, async () => undefined);
  }
  const queue = [...missing];
  const failures: { readonly wanted: WantedImage; readonly error: BerthError }[] = [];
  const work = async (): Promise<void> => {
    for (let wanted = queue.shift(); wanted !== undefined; wanted = queue.shift()) {
      const error = await pull(context, record, wanted, operation);
      if (error !== undefined) failures.push({ wanted, error });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_PULLS }, work));
  operation.signal.throwIfAborted();
  const [first] = failures;
  if (first === undefined) return;
  const { code, message, remedy } = first.error;
  const count = failures.length === 1 ? '' : ` (and ${failures.length - 1} more)`;
  const problems = failures.flatMap(({ wanted, error }) => problemsOf(wanted, error));
  throw berthError(code, `${message}${count}`, { remedy, problems, cause: first.error });
}

async function missingImages(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  signal: AbortSignal,
): Promise<WantedImage[]> {
  const wanted = wantedImages(project);
  if (wanted.length === 0) return [];
  const engine = context.sessions.engine(record);
  const tags = new Set((await engine.images({ signal })).flatMap((image) => image.tags));
  const isPresent = async (one: WantedImage): Promise<boolean> =>
    isAmong(one, tags) || engine.hasImage(one.image, { signal });
  const missing = await Promise.all(wanted.map(async (one) => one.always || !(await isPresent(one))));
  return wanted.filter((_, index) => missing[index]);
}

/** Pulls one image; what goes wrong is returned, so that the others are pulled all the same. */
async function pull(
  context: Context,
  record: EnvironmentRecord,
  wanted: WantedImage,
  operation: OperationContext,
): Promise<BerthError | undefined> {
  const { image, platform, reference } = wanted;
  const subject = `image "${image}" of ${servicesOf(wanted)}`;
  const cache = record.workload.registries?.find(({ registry }) => registry === reference.registry)?.cache;
  const startedAt = performance.now();
  const failed = (): PullFailure | undefined =>
    cache === undefined ? undefined : context.registries.failureSince(cache, reference.repository, startedAt);
  // The engine would try the registry itself next, and would not say what the cache found out.
  const giveUp = new AbortController();
  const stopWatching =
    cache === undefined
      ? () => undefined
      : context.registries.watchFailures(cache, reference.repository, () => giveUp.abort());
  try {
    await operation.step(`pull-${image}`, `pull ${image}`, (step) =>
      context.sessions.engine(record).pullImage(image, {
        timeoutMs: PULL_TIMEOUT_MS,
        signal: AbortSignal.any([operation.signal, giveUp.signal]),
        onProgress: (text) => step.detail(text),
        ...(platform === undefined ? {} : { platform }),
      }),
    );
    return undefined;
  } catch (error) {
    if (operation.signal.aborted) return asBerthError(operation.signal.reason);
    const failure = failed() ?? explainEngine(asBerthError(error), reference.registry);
    return failure === undefined ? asBerthError(error) : pullError(subject, failure);
  } finally {
    stopWatching();
  }
}

function servicesOf({ services }: WantedImage): string {
  const names = services.map((name) => `"${name}"`).join(', ');
  return services.length === 1 ? `service ${names}` : `services ${names}`;
}

function problemsOf({ services, line }: WantedImage, error: BerthError): Problem[] {
  return services.map((service) => ({
    path: `services.${service}.image`,
    message: error.message,
    ...(line === undefined ? {} : { line }),
  }));
}
