/** What a registry wants to be shown, from its header `WWW-Authenticate` (RFC 9110, the registry's token protocol). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      /** Where a token is given out. */
      readonly realm: string;
      readonly service?: string;
      readonly scope?: string;
    };

const PARAMETER = /([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;
const MAX_HEADER = 4_096;

/** The first challenge that can be answered; undefined when there is none. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  const bearer = /(?:^|,\s*)bearer\s+(.*)$/is.exec(header)?.[1];
  if (bearer !== undefined) {
    const parameters = new Map(
      [...bearer.matchAll(PARAMETER)].map(([, name = '', quoted, plain]) => [
        name.toLowerCase(),
        quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '',
      ]),
    );
    const realm = parameters.get('realm');
    const service = parameters.get('service');
    const scope = parameters.get('scope');
    if (realm === undefined) return undefined;
    return {
      ...{ scheme: 'bearer', realm },
      ...(service === undefined ? {} : { service }),
      ...(scope === undefined ? {} : { scope }),
    };
  }
  return /(?:^|,\s*)basic\b/i.test(header) ? { scheme: 'basic' } : undefined;
}
