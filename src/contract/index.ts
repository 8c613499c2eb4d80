export * from './messages.ts';
export * from './route.ts';
export { type RouteId, type Routes, routes } from './routes/index.ts';
export * from './schemas/index.ts';
