import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './outcome.ts';

const READMES = ['README.md', 'README.zh-CN.md'] as const;
const COMMAND_BLOCK = /^```(?:sh|bash|shell|console)\n([^]*?)^```$/gm;

/** Both READMEs tell the reader to type the same commands, in the same order; comments may differ. */
export const readmeCommands: Check = {
  name: 'README commands',
  run(root) {
    const missing = READMES.filter((name) => !existsSync(join(root, name)));
    if (missing.length > 0) {
      return { seen: 0, unit: 'blocks', problems: missing.map((name) => `${name} is missing`) };
    }
    const [english = [], chinese = []] = READMES.map((name) =>
      commandBlocks(readFileSync(join(root, name), 'utf8')),
    );
    const seen = Math.max(english.length, chinese.length);
    const problems = Array.from({ length: seen }, (_, index) => index)
      .filter((index) => english[index] !== chinese[index])
      .map((index) => differing(index, english[index], chinese[index]));
    return { seen, unit: 'blocks', problems };
  },
};

/** The blocks of commands of a document, without comments and empty lines. */
export function commandBlocks(text: string): string[] {
  return [...text.matchAll(COMMAND_BLOCK)].map(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.replace(/(^|\s+)#\s.*$/, '').trimEnd())
      .filter((line) => line !== '')
      .join('\n'),
  );
}

function differing(index: number, english = '(nothing)', chinese = '(nothing)'): string {
  return `command block ${index + 1} differs:\n--- ${READMES[0]}\n${english}\n--- ${READMES[1]}\n${chinese}`;
}
