/**
 * Text that comes from guests or from other users must not drive the terminal of the one who reads it: titles,
 * clipboard (OSC 52), key programming and cursor movement are ways to attack. Two strengths, for two kinds of text.
 */

/* oxlint-disable no-control-regex -- control characters are what this file is about */

// C0 without tab, DEL, C1.
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
// Characters that reorder or hide what stands around them.
const DECEPTIVE = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

// OSC, DCS, SOS, PM, APC with their payload, in 7-bit and 8-bit form; an unterminated one takes the rest of the line.
const STRING_SEQUENCE =
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)?/g;
// CSI; the final byte tells what it does, `m` is colour.
const CONTROL_SEQUENCE = /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~])?/g;
// Everything else that begins with ESC, and what is left of control characters but tab.
const REST = /\u001b(?!\[[0-9;:]*m)[ -/]*[0-~]?|[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f]/g;

/** For names, messages and other metadata: every control character becomes visible as `\xNN` or `\u{NNNN}`. */
export function escapeMetadata(text: string): string {
  return text
    .replace(CONTROL, (character) => `\\x${code(character).padStart(2, '0')}`)
    .replace(DECEPTIVE, (character) => `\\u{${code(character)}}`);
}

/** For log lines shown on a terminal: colours stay, everything else that a terminal would obey goes. */
export function stripControl(line: string): string {
  return line
    .replace(STRING_SEQUENCE, '')
    .replace(CONTROL_SEQUENCE, (_all, parameters: string, final: string | undefined) =>
      final === 'm' && /^[0-9;:]*$/.test(parameters) ? `\u001b[${parameters}m` : '',
    )
    .replace(REST, '');
}

function code(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}
