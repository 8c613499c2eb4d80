import { type ComposeProject, referencedImages } from '../../compose/index.ts';
import { type ImageReference, parseImageReference } from '../../model/index.ts';

/** An image that a project's services need from a registry. */
export interface WantedImage {
  /** As the file names it. */
  readonly image: string;
  readonly reference: ImageReference;
  /** Services that run it, in the file's order. */
  readonly services: readonly string[];
  /** Where the first of them names it. */
  readonly line?: number;
  readonly platform?: string;
  /** It is pulled even if the machine has it. */
  readonly always: boolean;
}

/**
 * The images that may have to be pulled, each once. What is built is not pulled; what is no reference is left to
 * Compose, which says so.
 */
export function wantedImages(project: ComposeProject): WantedImage[] {
  const wanted = new Map<string, WantedImage>();
  for (const { name, image, imageLine, pullPolicy, platform, replicas, build } of project.services) {
    const reference = image === undefined ? undefined : parseImageReference(image);
    if (image === undefined || reference === undefined || replicas === 0) continue;
    if (pullPolicy === 'never' || pullPolicy === 'build' || (build && pullPolicy !== 'always')) continue;
    const key = `${image} ${platform ?? ''}`;
    const known = wanted.get(key);
    const line = known?.line ?? imageLine;
    wanted.set(key, {
      ...{ image, reference, services: [...(known?.services ?? []), name] },
      ...(line === undefined ? {} : { line }),
      ...(platform === undefined ? {} : { platform }),
      always: (known?.always ?? false) || pullPolicy === 'always',
    });
  }
  return [...wanted.values()];
}

/** Hosts of the registries that Compose files name, whatever else is wrong with them; sorted. */
export function registriesOf(
  texts: readonly string[],
  variables: Readonly<Record<string, string>>,
): string[] {
  const images = texts.flatMap((text) => referencedImages(text, variables));
  return [...new Set(images.flatMap((image) => parseImageReference(image)?.registry ?? []))].toSorted();
}

/** True when one of these names, which the engine gives its images, is the image. */
export function isAmong(image: WantedImage, tags: ReadonlySet<string>): boolean {
  const { registry, repository, tag, digest } = image.reference;
  if (digest !== undefined) return false;
  return tags.has(`${registry}/${repository}:${tag ?? 'latest'}`);
}
