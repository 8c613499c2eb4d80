export * from './environment.ts';
export * from './event.ts';
export * from './host-report.ts';
export * from './ids.ts';
export * from './image.ts';
export * from './operation.ts';
export * from './shape.ts';
export * from './template.ts';
