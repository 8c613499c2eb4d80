export { type CheckedElement, checkCompose, type ComposeCheck } from './check-compose.ts';
export {
  type BerthSettings,
  type ComposeFiles,
  type ComposeOptions,
  type ComposePort,
  type ComposeProblem,
  type ComposeProblemKind,
  type ComposeProject,
  type ComposeReading,
  type ComposeService,
  type FileReference,
  type FileUse,
  MAX_PROBLEMS,
  type WatchAction,
  type WatchRule,
} from './compose-project.ts';
export {
  parseCompose,
  RESERVED_GUEST_PORTS,
  referencedImages,
  referencedVariables,
} from './parse-compose.ts';
export { renderForGuest } from './render-for-guest.ts';
export { mountRefusal } from './mount-sources.ts';
