export type { CommandOutcome } from './command-outcome.ts';
export type {
  ContainerExecOptions,
  Engine,
  EngineBinding,
  EngineContainer,
  EngineDiskUse,
  EngineEvent,
  EngineImage,
  EnginePort,
  EnginePublisher,
  LogLine,
  LogOptions,
} from './engine.ts';
export { connectEngine } from './engine-client.ts';
export type { EngineTransport } from './engine-http.ts';
export { connectGuestAgent, type FileSystemUse, type GuestAgent } from './guest-agent.ts';
export { connectGuestDaemon, type GuestDaemonLink } from './guest-daemon-link.ts';
export type { ExecOptions, FileContent, GuestShell, PutFileOptions } from './guest-shell.ts';
export { type Identity, makeIdentity } from './identity.ts';
export type { InteractiveProcess, ProcessEnd, TerminalSize } from './interactive-process.ts';
export { type SshTarget } from './ssh-client.ts';
export { connectGuestShell, ENGINE_SOCKET } from './ssh-guest-shell.ts';
export { type HostKeyPair, makeHostKeyPair } from './ssh-keys.ts';
export {
  applyFileChanges,
  type FileChanges,
  readSentFiles,
  type SentFilesState,
} from './sent-files.ts';
export type { WaitOptions } from './wait-options.ts';
export type { ComposePlace } from './compose-files.ts';
export {
  type ComposeBuildRequest,
  type ComposeConfigRequest,
  type ComposeDownRequest,
  type ComposeUpRequest,
  composeBuild,
  composeConfig,
  composeDown,
  composeUp,
} from './compose-up.ts';
export { type EngineVolume, type EngineVolumeUser, PROJECT_LABEL, VOLUME_LABEL } from './engine-volumes.ts';
export { archiveEnd, cleanStages, openArchive, replaceFromArchive } from './volume-archive.ts';
