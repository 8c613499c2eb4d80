import type { Static } from 'typebox';
import type * as schemas from './schemas/index.ts';

/** Versions of the daemon and what it stands on. */
export type VersionInfo = Static<typeof schemas.VersionInfoSchema>;
/** The daemon that answers. */
export type DaemonStatus = Static<typeof schemas.DaemonStatusSchema>;
/** What `purge` removes. */
export type PurgeRequest = Static<typeof schemas.PurgeRequestSchema>;
/** What `host setup` would install. */
export type SetupPlan = Static<typeof schemas.SetupPlanSchema>;
export type SetupRequest = Static<typeof schemas.SetupRequestSchema>;
export type ImageBuildRequest = Static<typeof schemas.ImageBuildRequestSchema>;
export type TemplateRequest = Static<typeof schemas.TemplateRequestSchema>;
export type SnapshotRequest = Static<typeof schemas.SnapshotRequestSchema>;
/** How an environment is brought back to a snapshot. */
export type RestoreRequest = Static<typeof schemas.RestoreRequestSchema>;
/** Make a backup repository known. */
export type RepositoryRequest = Static<typeof schemas.RepositoryRequestSchema>;
export type BackupQuery = Static<typeof schemas.BackupQuerySchema>;
/** Store an environment as it is now. */
export type BackupRequest = Static<typeof schemas.BackupRequestSchema>;
export type VerifyBackupRequest = Static<typeof schemas.VerifyBackupRequestSchema>;
export type RestoreBackupRequest = Static<typeof schemas.RestoreBackupRequestSchema>;
export type PruneBackupsRequest = Static<typeof schemas.PruneBackupsRequestSchema>;
export type WarmRequest = Static<typeof schemas.WarmRequestSchema>;
export type ShapeRequest = Static<typeof schemas.ShapeRequestSchema>;
export type PublishRequest = Static<typeof schemas.PublishRequestSchema>;
/** Create an environment, or apply the file to the one of this name. */
export type UpRequest = Static<typeof schemas.UpRequestSchema>;
/** With what images are pulled from one registry. */
export type RegistryCredentialRequest = Static<typeof schemas.RegistryCredentialSchema>;
/** What is to go from the caches of container images. */
export type CachePruneRequest = Static<typeof schemas.CachePruneRequestSchema>;
/** Which registries a Compose file pulls from. */
export type RegistriesRequest = Static<typeof schemas.RegistriesRequestSchema>;
export type ForkRequest = Static<typeof schemas.ForkRequestSchema>;
export type ResizeRequest = Static<typeof schemas.ResizeRequestSchema>;
export type ScaleRequest = Static<typeof schemas.ScaleRequestSchema>;
export type SleepRequest = Static<typeof schemas.SleepRequestSchema>;
export type LifecycleRequest = Static<typeof schemas.LifecycleRequestSchema>;
/** One line of a service's output. */
export type LogLine = Static<typeof schemas.LogLineSchema>;
