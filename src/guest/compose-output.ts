/** What docker-compose said, read for the cause of a failure. */
export interface ComposeFailure {
  /** The line that tells the cause. */
  readonly cause: string;
  /** True when Compose did not accept the file. */
  readonly fileRefused: boolean;
  /** Containers that it worked on. */
  readonly touched: readonly string[];
  /** The only container whose start was begun and not finished, if there is one. */
  readonly stuck?: string;
}

const MAX_CAUSE = 2_000;
const TELLING =
  /error|fail|invalid|denied|unhealthy|not found|no such|cannot|can't|unable|didn't|refused|exit \d/i;
const FILE_REFUSED =
  /^validating |decoding failed|invalid compose project|error decoding|error while interpolating|invalid interpolation|^yaml: |Additional property/im;
/** `Container shop-web-1  Starting`, as `--progress plain` writes it. */
const PROGRESS = /^Container (\S+)\s+(\S+)/;

/** Reads Compose's plain output. Its words are not promised by anyone: whatever is not understood is the cause as it stands. */
export function readComposeFailure(output: string): ComposeFailure {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const states = new Map<string, string>();
  for (const line of lines) {
    const [, container, state] = PROGRESS.exec(line) ?? [];
    if (container !== undefined && state !== undefined) states.set(container, state);
  }
  const said = lines.filter((line) => !PROGRESS.test(line));
  const cause =
    said.findLast((line) => TELLING.test(line)) ??
    lines.findLast((line) => TELLING.test(line)) ??
    lines.at(-1) ??
    'it said nothing';
  const [stuck, ...others] = [...states]
    .filter(([, state]) => state === 'Starting')
    .map(([container]) => container);
  return {
    cause: cause.slice(0, MAX_CAUSE),
    fileRefused: states.size === 0 && FILE_REFUSED.test(output),
    touched: [...states.keys()],
    ...(stuck === undefined || others.length > 0 ? {} : { stuck }),
  };
}
