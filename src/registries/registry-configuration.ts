/** Configuration of the registry program (distribution 2.8, `docs/configuration.md`): a cache of what `remote` has. */
export function registryConfiguration(o: {
  readonly data: string;
  readonly socket: string;
  /** With a slash at its end: else the program drops the last part of the path. */
  readonly remote: string;
}): string {
  // JSON is YAML: nothing in a path can mean anything else than the path.
  return `${JSON.stringify(
    {
      version: '0.1',
      log: { level: 'warn', formatter: 'json', accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: o.data },
        delete: { enabled: true },
        maintenance: { uploadpurging: { enabled: true, age: '24h', interval: '24h', dryrun: false } },
      },
      http: { net: 'unix', addr: o.socket },
      proxy: { remoteurl: o.remote },
    },
    undefined,
    2,
  )}\n`;
}
