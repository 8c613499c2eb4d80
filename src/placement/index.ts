export { type AdmissionRequest, judgeAdmission, type Refusal } from './admission.ts';
export { checkFits, type HostResources } from './check-fits.ts';
export { expectedUse, usesOf } from './expected-use.ts';
export type {
  Admitted,
  CapacitySettings,
  Counted,
  Facts,
  HostFacts,
  MachineKind,
  MachineStartKind,
  MeasuredUse,
  Resident,
} from './facts.ts';
export { type CapacityQuestion, capacityReport } from './report.ts';
export { withoutPools } from './without-pools.ts';
