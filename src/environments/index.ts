export type { Context, Log } from './context.ts';
export { EnvironmentOperations } from './environment-service.ts';
export { discard } from './fork.ts';
export { recover } from './recover.ts';
export { EnvironmentRegistry } from './registry.ts';
export { Sessions } from './sessions.ts';
export { TemplateOperations } from './template-service.ts';
