export { compareFiles, type Difference, isSame } from './compare-files.ts';
export {
  decodeLine,
  encodeEntry,
  encodeRemoval,
  type FileEntry,
  type FileKind,
  isCleanPath,
  UNKNOWN_TIME,
} from './file-entry.ts';
export { packFiles, type PackOptions } from './pack.ts';
export { type Scan, type ScanNote, type ScanOptions, scan } from './scan.ts';
