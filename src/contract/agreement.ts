/**
 * Fails to compile when a schema and the model's interface of the same thing differ: each must be assignable to the
 * other and have the same fields (a missing optional field is assignable, so assignability alone does not see it).
 */
import type { Static } from 'typebox';
import type * as model from '../model/index.ts';
import type * as schemas from './schemas/index.ts';

type Agree<A, B> = [A] extends [B] ? ([B] extends [A] ? SameKeys<A, B> : 'types differ') : 'types differ';
type SameKeys<A, B> = [keyof A] extends [keyof B]
  ? [keyof B] extends [keyof A]
    ? true
    : 'fields missing in the schema'
  : 'fields missing in the model';

/** Every noun of the model with the schema that describes it on the wire. */
interface Agreements {
  readonly shape: Agree<Static<typeof schemas.ShapeSchema>, model.Shape>;
  readonly publishedPort: Agree<Static<typeof schemas.PublishedPortSchema>, model.PublishedPort>;
  readonly serviceStatus: Agree<Static<typeof schemas.ServiceStatusSchema>, model.ServiceStatus>;
  readonly forkReport: Agree<Static<typeof schemas.ForkReportSchema>, model.ForkReport>;
  readonly environment: Agree<Static<typeof schemas.EnvironmentSchema>, model.Environment>;
  readonly replicas: Agree<Static<typeof schemas.ReplicasSchema>, model.Replicas>;
  readonly environmentStats: Agree<Static<typeof schemas.EnvironmentStatsSchema>, model.EnvironmentStats>;
  readonly warmPool: Agree<Static<typeof schemas.WarmPoolSchema>, model.WarmPool>;
  readonly template: Agree<Static<typeof schemas.TemplateSchema>, model.Template>;
  readonly snapshot: Agree<Static<typeof schemas.SnapshotSchema>, model.Snapshot>;
  readonly definitionChange: Agree<Static<typeof schemas.DefinitionChangeSchema>, model.DefinitionChange>;
  readonly snapshotDiff: Agree<Static<typeof schemas.SnapshotDiffSchema>, model.SnapshotDiff>;
  readonly image: Agree<Static<typeof schemas.ImageSchema>, model.Image>;
  readonly imageCache: Agree<Static<typeof schemas.ImageCacheSchema>, model.ImageCache>;
  readonly problem: Agree<Static<typeof schemas.ProblemSchema>, model.Problem>;
  readonly failure: Agree<Static<typeof schemas.FailureSchema>, model.Failure>;
  readonly operationStep: Agree<Static<typeof schemas.OperationStepSchema>, model.OperationStep>;
  readonly operation: Agree<Static<typeof schemas.OperationSchema>, model.Operation>;
  readonly event: Agree<Static<typeof schemas.EventSchema>, model.BerthEvent>;
  readonly finding: Agree<Static<typeof schemas.FindingSchema>, model.Finding>;
  readonly capacityReport: Agree<Static<typeof schemas.CapacityReportSchema>, model.CapacityReport>;
  readonly hostCapacity: Agree<Static<typeof schemas.HostCapacitySchema>, model.HostCapacity>;
  readonly expectedUse: Agree<Static<typeof schemas.ExpectedUseSchema>, model.ExpectedUse>;
  readonly wakeStorm: Agree<Static<typeof schemas.WakeStormSchema>, model.WakeStorm>;
  readonly hostLoss: Agree<Static<typeof schemas.HostLossSchema>, model.HostLoss>;
  readonly countAnswer: Agree<Static<typeof schemas.CountAnswerSchema>, model.CountAnswer>;
  readonly capacityDimension: Agree<Static<typeof schemas.CapacityDimensionSchema>, model.CapacityDimension>;
  readonly hostReport: Agree<Static<typeof schemas.HostReportSchema>, model.HostReport>;
}

/** Compiles only while every entry above is `true`. */
export type SchemasAgreeWithModel =
  Agreements extends Readonly<Record<keyof Agreements, true>> ? true : never;
export const schemasAgreeWithModel: SchemasAgreeWithModel = true;
