import { hostMemory, stalledPercent } from '../host/index.ts';
import { judgePressure, type Pressure } from './plan/pool-size.ts';

/** How short the host is of memory now. */
export async function readPressure(): Promise<Pressure> {
  const [{ totalBytes, availableBytes }, stalled] = await Promise.all([
    hostMemory(),
    stalledPercent('memory'),
  ]);
  return judgePressure({
    availableShare: availableBytes / totalBytes,
    ...(stalled === undefined ? {} : { memoryStalledPercent: stalled }),
  });
}
