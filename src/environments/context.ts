import type { Endpoints } from '../endpoint/index.ts';
import type { Hypervisor } from '../hypervisor/index.ts';
import type { ImageStore } from '../images/index.ts';
import type { Ingress } from '../ingress/index.ts';
import type { BaseTemplates, Machines, TemplateStore } from '../machines/index.ts';
import type { EventLog, Operations } from '../operations/index.ts';
import type { Registries } from '../registries/index.ts';
import type { Admission } from './admission.ts';
import type { BackupPlace } from './backups/backup-place.ts';
import type { RestSeals } from './integrity/seals.ts';
import type { FileMeetings } from './files/meeting.ts';
import type { EnvironmentRegistry } from './registry.ts';
import type { Merges } from './layers/merges.ts';
import type { Replicas } from './replicas/replicas.ts';
import type { Sessions } from './sessions.ts';
import type { KeptVolumes } from './volumes/kept-volumes.ts';
import type { Sleepers } from './sleep/sleepers.ts';
import type { WarmPools } from './warm-pools.ts';

/** Where the environments report what is not an operation's result; pino's logger fits. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** All that the steps of this module work with; the daemon makes it once. */
export interface Context {
  /** Directory of this installation. */
  readonly home: string;
  readonly hypervisor: Hypervisor;
  readonly images: ImageStore;
  readonly machines: Machines;
  readonly templates: TemplateStore;
  readonly keptVolumes: KeptVolumes;
  readonly baseTemplates: BaseTemplates;
  readonly ingress: Ingress;
  readonly endpoints: Endpoints;
  readonly registries: Registries;
  readonly operations: Operations;
  readonly events: EventLog;
  readonly registry: EnvironmentRegistry;
  readonly sessions: Sessions;
  readonly pools: WarmPools;
  readonly sleepers: Sleepers;
  readonly seals: RestSeals;
  readonly replicas: Replicas;
  /** Where backups are kept, and what they need on this host. */
  readonly backups: BackupPlace;
  readonly merges: Merges;
  /** Asked before a machine is started. */
  readonly admission: Admission;
  /** Where operations meet the connections that bring their files. */
  readonly fileMeetings: FileMeetings;
  readonly log: Log;
}
