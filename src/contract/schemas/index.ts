export * from './daemon.ts';
export * from './environment.ts';
export * from './environment-requests.ts';
export * from './files.ts';
export * from './host.ts';
export * from './image.ts';
export * from './operation.ts';
export * from './template.ts';
