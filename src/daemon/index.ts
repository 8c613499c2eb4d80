export { serve } from './serve.ts';
export { restoreStoreCommand } from './restore-store.ts';
