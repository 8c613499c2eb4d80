export {
  type BerthSettings,
  type ComposeOptions,
  type ComposePort,
  type ComposeProblem,
  type ComposeProblemKind,
  type ComposeProject,
  type ComposeReading,
  type ComposeService,
  MAX_PROBLEMS,
} from './compose-project.ts';
export { parseCompose, RESERVED_GUEST_PORTS, referencedVariables } from './parse-compose.ts';
export { renderForGuest } from './render-for-guest.ts';
export { mountRefusal } from './mount-sources.ts';
