export {
  type AcceleratorReport,
  type ProbeOptions,
  probeAccelerator,
  requireAccelerator,
} from './accelerator/probe-accelerator.ts';
export { type DoctorOptions, doctor, probeCacheFile } from './doctor.ts';
export type { PlannedPackage } from './packages/plan-packages.ts';
export {
  describePackage,
  planSetup,
  type SetupOptions,
  type SetupProgress,
  type SetupResult,
  setup,
} from './setup.ts';
export { endMemoryMerging, keepMemoryMerging } from './memory-merging.ts';
