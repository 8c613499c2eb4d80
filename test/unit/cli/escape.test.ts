import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeMetadata, stripControl } from '../../../src/cli/terminal/escape.ts';

const ESC = '\u001b';

test.each([
  ['clipboard (OSC 52)', `a${ESC}]52;c;ZXZpbA==\u0007b`, 'ab'],
  ['title, ended by ST', `a${ESC}]0;title${ESC}\\b`, 'ab'],
  ['hyperlink', `${ESC}]8;;http://x${ESC}\\text${ESC}]8;;${ESC}\\`, 'text'],
  ['an OSC that never ends', `a${ESC}]52;c;ZXZp`, 'a'],
  ['device control', `a${ESC}P+q544e${ESC}\\b`, 'ab'],
  ['8-bit OSC', 'a\u009d52;c;x\u009cb', 'ab'],
  ['cursor and screen', `a${ESC}[2J${ESC}[1;1H${ESC}[?1049hb`, 'ab'],
  ['8-bit CSI', 'a\u009b2Jb', 'ab'],
  ['reset of the terminal', `a${ESC}cb`, 'ab'],
  ['carriage return and back-space', 'secret\rshown\b\b', 'secretshown'],
  ['a lone escape at the end', `a${ESC}`, 'a'],
])('%s is taken out of a log line', (_what, line, clean) => {
  expect(stripControl(line)).toBe(clean);
});

test('colours, tabs and text of every script stay', () => {
  const line = `${ESC}[1;38;5;208merror${ESC}[0m\tprüfen 商店 🚢`;
  expect(stripControl(line)).toBe(line);
});

test('nothing but colours is left that begins with an escape', () => {
  const piece = fc.constantFrom(
    ESC,
    '[',
    ']',
    '52;c;',
    '\u0007',
    '\u009b',
    '\u009d',
    '2J',
    'm',
    '1',
    '\\',
    'a',
    '?',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const left = stripControl(pieces.join('')).replaceAll(new RegExp(`${ESC}\\[[0-9;:]*m`, 'g'), '');
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      expect(left).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
    }),
    { numRuns: 2000 },
  );
});

test('metadata shows every control character and what reorders text', () => {
  expect(escapeMetadata(`x${ESC}[31m\u0007\u202ey\n`)).toBe('x\\x1b[31m\\x07\\u{202e}y\\x0a');
  expect(escapeMetadata('shop-1 → web')).toBe('shop-1 → web');
});
