export { checkFits, type HostResources } from './check-fits.ts';
