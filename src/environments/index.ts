export type { Context, Log } from './context.ts';
export { EnvironmentOperations } from './environment-service.ts';
export { discard } from './fork.ts';
export { reattach, recover } from './recover.ts';
export { EnvironmentRegistry } from './registry.ts';
export type { EnvironmentRecord } from './record.ts';
export { type Session, Sessions } from './sessions.ts';
export { TemplateOperations } from './template-service.ts';
export { mountableDirectories } from './mountable-directories.ts';
