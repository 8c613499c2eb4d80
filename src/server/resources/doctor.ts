import type { HandlersOf } from '../call.ts';
import type { DoctorService } from '../services.ts';

export function doctorHandlers(doctor: DoctorService): HandlersOf<'doctor'> {
  return {
    'doctor.get': () => doctor.report(),
    'doctor.repair': ({ start }) => doctor.repair(start),
    'doctor.bundle': ({ signal }) => doctor.bundle(signal),
  };
}
