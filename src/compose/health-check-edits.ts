import { child, isText, itemsOf, type Place, type Value } from './value.ts';

/** A piece of the text and what is to stand there instead. */
export interface Edit extends Place {
  readonly text: string;
}

/**
 * Podman's Docker API joins the words of a health check with spaces and splits them again: `[CMD, sh, -c, "a b"]` would run
 * `sh -c a`, and a check that fails would pass. After `CMD-SHELL` it does not split, so such a check becomes a quoted command line.
 * Source: `cmd/podman/common/create_opts.go` and `pkg/specgenutil/specgen.go` of Podman 5.4.
 */
export function healthCheckEdits(service: Value): Edit[] {
  const [kind, ...words] = itemsOf(child(child(service, 'healthcheck'), 'test'));
  if (!isText(kind) || kind.text !== 'CMD') return [];
  const texts = words.flatMap((word) => (isText(word) ? word : []));
  if (texts.length < words.length || texts.every(({ text }) => survives(text))) return [];
  return [
    { ...kind.place, text: '"CMD-SHELL"' },
    ...texts
      .filter(({ text }) => quoted(text) !== text)
      .map(({ place, text }) => ({ ...place, text: asScalar(quoted(text)) })),
  ];
}

function survives(word: string): boolean {
  return word !== '' && !/\s/.test(word);
}

function quoted(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A YAML scalar in which Compose finds no variable. */
function asScalar(text: string): string {
  return JSON.stringify(text.replaceAll('$', '$$$$'));
}
