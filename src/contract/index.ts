export { apiDocument } from './documents/markdown.ts';
export { openApi } from './documents/openapi.ts';
export * from './frames.ts';
export * from './messages.ts';
export { readQuery } from './query.ts';
export * from './route.ts';
export { type RouteId, type Routes, routes } from './routes/index.ts';
export * from './schemas/index.ts';
export { createValidator, type Validator } from './validate.ts';
