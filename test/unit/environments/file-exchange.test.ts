import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { exchangeProcess, readIncoming } from '../../../src/environments/files/exchange-streams.ts';
import { FileMeetings } from '../../../src/environments/files/meeting.ts';
import { readState } from '../../../src/environments/files/sent-files.ts';
import { UNKNOWN_TIME } from '../../../src/files/index.ts';

const NEVER = new AbortController().signal;

function inputOf(...chunks: string[]): PassThrough {
  const input = new PassThrough();
  for (const chunk of chunks) input.write(chunk);
  input.end();
  return input;
}

async function read(...chunks: string[]) {
  const { lines, rest } = await readIncoming(inputOf(...chunks));
  let archive = '';
  for await (const chunk of rest) archive += Buffer.from(chunk).toString();
  return { lines, archive };
}

test.each([
  ['in one piece', ['a\nb\n\nARCHIVE\n\nmore']],
  ['cut within the end of the lines', ['a\nb\n', '\nARCHIVE\n', '\nmore']],
  ['cut within a line', ['a', '\nb', '\n\nARC', 'HIVE\n\nmore']],
])('lines end with an empty one, and the rest is the archive: %s', async (_, chunks) => {
  expect(await read(...chunks)).toEqual({ lines: ['a', 'b'], archive: 'ARCHIVE\n\nmore' });
});

test('there may be no lines at all, and no archive', async () => {
  expect(await read('\n')).toEqual({ lines: [], archive: '' });
  await expect(read('a\nb\n')).rejects.toMatchObject({ code: 'bad-request' });
});

test('whoever comes first waits for the other', async () => {
  const meetings = new FileMeetings();
  const streams = { input: new PassThrough(), say: async () => undefined };
  const seen: unknown[] = [];
  const take = async (brought: unknown) => {
    seen.push(brought);
  };
  const early = meetings.bring('op-1', streams, NEVER);
  await Promise.all([meetings.take('op-1', NEVER, take), early]);
  const operation = meetings.take('op-2', NEVER, take);
  await Promise.all([meetings.bring('op-2', streams, NEVER), operation]);
  expect(seen).toEqual([streams, streams]);
});

test('a failure of the exchange reaches both sides', async () => {
  const meetings = new FileMeetings();
  const streams = { input: new PassThrough(), say: async () => undefined };
  const brought = meetings.bring('op-1', streams, NEVER);
  const taken = meetings.take('op-1', NEVER, () => Promise.reject(new Error('no room')));
  await expect(brought).rejects.toThrow('no room');
  await expect(taken).rejects.toThrow('no room');
});

test('when the connection goes, the operation ends at once', async () => {
  const meetings = new FileMeetings();
  const gone = new AbortController();
  const streams = { input: new PassThrough(), say: async () => undefined };
  const brought = meetings.bring('op-1', streams, gone.signal);
  const taken = meetings.take('op-1', NEVER, () => new Promise(() => undefined));
  gone.abort(new Error('gone'));
  await expect(brought).rejects.toThrow('gone');
  await expect(taken).rejects.toThrow('gone');
});

test('an operation that is cancelled waits for nobody', async () => {
  const cancel = new AbortController();
  const taken = new FileMeetings().take('op-1', cancel.signal, async () => undefined);
  cancel.abort(new Error('cancelled'));
  await expect(taken).rejects.toThrow('cancelled');
});

test('an exchange ends with 0, or tells why it failed; a client that goes ends it', async () => {
  const good = exchangeProcess(async ({ say }) => say('hello'));
  expect(await good.exit).toBe(0);
  expect(String(good.stdout.read())).toBe('hello\n');
  const bad = exchangeProcess(() => Promise.reject(new Error('why')));
  await expect(bad.exit).rejects.toThrow('why');
  const left = exchangeProcess(
    (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  left.kill();
  await expect(left.exit).rejects.toMatchObject({ code: 'cancelled' });
});

test('what a machine remembers: the last line about a path counts, and without a generation no time does', () => {
  const lines = [
    '["f","/p/a",420,0,0,1,10]',
    '["f","/p/b",420,0,0,1,10]',
    '["-","/p/b"]',
    'rubbish',
    '["f","/p/a",420,0,0,2,20]',
  ];
  const state = readState({ generation: '0123456789abcdef', lines });
  expect([...state.entries.values()]).toMatchObject([{ path: '/p/a', sizeBytes: 2, mtimeUs: 20 }]);
  expect(readState({ generation: '', lines }).entries.get('/p/a')?.mtimeUs).toBe(UNKNOWN_TIME);
});
