export type { BuiltImage } from './image-manifest.ts';
export {
  createImageStore,
  type ImageBuildOptions,
  type ImageStore,
  type ImageStoreOptions,
} from './image-store.ts';
export { imageFilesIn } from './image-manifest.ts';
