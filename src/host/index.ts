export { hostBootId } from './boot-id.ts';
export { type DebianMirror, debianMirror, readAptSources } from './apt-mirror.ts';
export type { AptSource } from './apt-sources.ts';
export { boundSockets } from './bound-sockets.ts';
export { hasCapability } from './capabilities.ts';
export { type Cgroup, type CgroupOptions, createCgroup, listCgroups, openCgroup } from './cgroup.ts';
export type { CgroupLimits } from './cgroup-limits.ts';
export { type CgroupMode, cgroupMode } from './cgroup-mode.ts';
export { closeInherited } from './close-inherited.ts';
export { connectUnix } from './connect-unix.ts';
export { copyFile } from './copy-file.ts';
export { crashPoint } from './crash-point.ts';
export { cpuTimeMs } from './cpu-time.ts';
export { allocatedBytes, diskSpace } from './disk-use.ts';
export {
  chmod,
  chown,
  type DirectoryOptions,
  ensureDirectory,
  exists,
  listDirectory,
  readBytes,
  readText,
  realPath,
  removeTree,
} from './files.ts';
export { fileKind } from './file-kind.ts';
export { type FollowOptions, followFile } from './follow-file.ts';
export { type HomeDirectories, isRoot, resolveHome } from './home.ts';
export { acquireHomeLock, type HomeLock, homeLockHolder } from './home-lock.ts';
export {
  type MemoryMerging,
  memoryMergingNow,
  mergedBytesNow,
  switchMemoryMerging,
} from './memory-merging.ts';
export {
  diskSpaceNow,
  fileDescriptorsNow,
  hostMemoryNow,
  type ProcessMemoryNow,
  processMemoryNow,
} from './measure-now.ts';
export { hostMemory, type MemoryUse, memoryUse } from './memory-use.ts';
export { setOomScore } from './oom-score.ts';
export { stalledPercent } from './pressure.ts';
export { type PortHolder, portHolder } from './port-holder.ts';
export { commandLine, identify, isAlive, type ProcessIdentity } from './process-identity.ts';
export { tailFile } from './read-parts.ts';
export { sha256File } from './sha256-file.ts';
export { type CommandResult, lackIn, type RunOptions, run } from './run.ts';
export { type DetachedOptions, startDetached } from './start-detached.ts';
export { startInNamespace } from './start-in-namespace.ts';
export { isMissing, systemCode } from './system-error.ts';
export { normalizeAddress } from './socket-table.ts';
export { processState, writtenBytes } from './process-state.ts';
export { terminate, waitForExit } from './terminate.ts';
export { readJson, writeAtomic, writeJson } from './write-atomic.ts';
export { copySmallFile, createEmptyFile, hardLink, moveFile } from './links.ts';
export { listProcesses } from './list-processes.ts';
export { openForReading } from './open-for-reading.ts';
export { type FileRange, readAt, syncFile, writeZeros } from './random-access.ts';
export { saveStream } from './save-stream.ts';
export { wantedTimesMs } from './thread-times.ts';
export { trimLog } from './trim-log.ts';
export { deviceProblem, type Permissions, permissions } from './permissions.ts';
export { findProgram } from './programs.ts';
export { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';
export { openSpoolFile, type SpoolFile } from './spool-file.ts';
export { fileIdentity } from './file-identity.ts';
export { changedAt, fileSize } from './file-time.ts';
