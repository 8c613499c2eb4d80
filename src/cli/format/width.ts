import { stripVTControlCharacters } from 'node:util';

// East Asian wide and emoji blocks that names, titles and messages are likely to hold.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u;

/** Columns that a text takes on a terminal: colours take none, wide characters two. */
export function visibleWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Cuts a text to `columns`, with `…` at the end when something is gone. Expects a text without colours. */
export function truncate(text: string, columns: number): string {
  if (visibleWidth(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (visibleWidth(kept + character) > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
