export { compareFiles, type Difference } from './compare-files.ts';
export { compareThree, type ThreeWay } from './compare-three.ts';
export {
  decodeLine,
  encodeEntry,
  encodeRemoval,
  type FileEntry,
  type FileKind,
  isCleanPath,
  UNKNOWN_TIME,
} from './file-entry.ts';
export { ignoredIn, ignoreRules } from './ignore-rules.ts';
export { packTexts, type TextEntry } from './pack-texts.ts';
export { packFiles, type PackOptions } from './pack.ts';
export { type Unpacked, type UnpackOptions, unpackInto } from './unpack.ts';
export { type FilesWatcher, watchFiles } from './watch-files.ts';
export { type Scan, type ScanNote, type ScanOptions, scan } from './scan.ts';
