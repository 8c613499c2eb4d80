import type { Output } from '../../../src/cli/terminal/output.ts';
import { createStyle } from '../../../src/cli/terminal/style.ts';

/** An output that remembers what was written. */
export interface FakeOutput extends Output {
  /** All that was written. */
  text(): string;
}

export function createFakeOutput(
  options: { readonly isTerminal?: boolean; readonly columns?: number } = {},
): FakeOutput {
  let written = '';
  const write = (text: string | Uint8Array): void => {
    written += typeof text === 'string' ? text : new TextDecoder().decode(text);
  };
  return {
    isTerminal: options.isTerminal === true,
    style: createStyle(false),
    columns: () => options.columns ?? 80,
    write,
    line: (text = '') => write(`${text}\n`),
    text: () => written,
  };
}
