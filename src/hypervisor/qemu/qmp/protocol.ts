/**
 * The part of the QEMU Machine Protocol that Berth speaks, as types.
 * Source: QEMU's `qapi/*.json` as of 9.0–10.0 (`docs/interop/qmp-spec.rst` for the framing).
 */
export interface QmpCommands {
  qmp_capabilities: { arguments: undefined; result: object };
  'query-status': { arguments: undefined; result: { status: string; running: boolean } };
  'query-version': {
    arguments: undefined;
    result: { qemu: { major: number; minor: number; micro: number }; package: string };
  };
  'query-kvm': { arguments: undefined; result: { enabled: boolean; present: boolean } };
  'query-migrate': { arguments: undefined; result: MigrationInfo };
  stop: { arguments: undefined; result: object };
  cont: { arguments: undefined; result: object };
  quit: { arguments: undefined; result: object };
  'qom-set': { arguments: { path: string; property: string; value: boolean }; result: object };
  system_powerdown: { arguments: undefined; result: object };
  'migrate-set-capabilities': {
    arguments: { capabilities: { capability: MigrationCapability; state: boolean }[] };
    result: object;
  };
  'migrate-set-parameters': {
    arguments: { 'max-bandwidth'?: number; 'downtime-limit'?: number };
    result: object;
  };
  migrate: { arguments: { uri: string }; result: object };
  'migrate-incoming': { arguments: { uri: string }; result: object };
  'migrate-continue': { arguments: { state: 'pre-switchover' }; result: object };
  migrate_cancel: { arguments: undefined; result: object };
  'query-block': { arguments: undefined; result: BlockDevice[] };
  'query-blockstats': { arguments: undefined; result: BlockStats[] };
  block_resize: { arguments: { 'node-name': string; size: number }; result: object };
  'query-named-block-nodes': { arguments: undefined; result: BlockNode[] };
  'block-stream': {
    arguments: {
      'job-id': string;
      device: string;
      'base-node': string;
      'backing-file': string;
      speed: number;
      'auto-dismiss': boolean;
    };
    result: object;
  };
  'human-monitor-command': { arguments: { 'command-line': string }; result: string };
  'query-jobs': { arguments: undefined; result: { id: string; status: string }[] };
  'job-cancel': { arguments: { id: string }; result: object };
  'job-dismiss': { arguments: { id: string }; result: object };
  'blockdev-add': { arguments: Record<string, unknown>; result: object };
  'blockdev-del': { arguments: { 'node-name': string }; result: object };
  'blockdev-snapshot': { arguments: { node: string; overlay: string }; result: object };
}

export type MigrationCapability = 'mapped-ram' | 'events' | 'pause-before-switchover';

/** `query-migrate`, as far as Berth reads it. */
export interface MigrationInfo {
  status?: string;
  downtime?: number;
  'error-desc'?: string;
}

/** A node of the block graph, as far as Berth reads it. */
export interface BlockNode {
  'node-name'?: string;
  drv?: string;
  /** How many files lie below it. */
  backing_file_depth?: number;
}

/** One entry of `query-block`, as far as Berth reads it. */
export interface BlockDevice {
  qdev?: string;
  inserted?: BlockNode;
}

/** One entry of `query-blockstats`, as far as Berth reads it. */
export interface BlockStats {
  qdev?: string;
  stats: { wr_bytes: number };
}

/** One asynchronous event of QEMU. */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** When QEMU saw it, in ms since the epoch. */
  readonly atMs: number;
}

export type QmpCommandName = keyof QmpCommands;
export type QmpArguments<Name extends QmpCommandName> = QmpCommands[Name]['arguments'];
export type QmpResult<Name extends QmpCommandName> = QmpCommands[Name]['result'];
