import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputSplitter } from '../../../src/guest/multiplexed-output.ts';
import { OutputTail } from '../../../src/guest/output-tail.ts';
import { ProcessGroupReader } from '../../../src/guest/tracked-command.ts';

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...parts, bytes.subarray(at)];
}

function frame(stream: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

const sizes = fc.array(fc.nat({ max: 20 }), { maxLength: 20 });

test('multiplexed output comes apart the same however it is cut', () => {
  const pieces = fc.array(fc.record({ stream: fc.constantFrom(1, 2), text: fc.string() }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, sizes, (sent, cuts) => {
      const splitter = new OutputSplitter();
      const bytes = Buffer.concat(sent.map(({ stream, text }) => frame(stream, text)));
      const got = cut(bytes, cuts).flatMap((part) => splitter.push(part));
      for (const [number, name] of [
        [1, 'stdout'],
        [2, 'stderr'],
      ] as const) {
        const wanted = sent
          .filter(({ stream }) => stream === number)
          .map(({ text }) => text)
          .join('');
        expect(
          Buffer.concat(got.filter(({ stream }) => stream === name).map((piece) => piece.bytes)).toString(),
        ).toBe(wanted);
      }
    }),
  );
});

test('a header that claims 4 GiB costs no memory', () => {
  const splitter = new OutputSplitter();
  const pieces = splitter.push(
    Buffer.concat([Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), Buffer.from('abc')]),
  );
  expect(pieces).toEqual([{ stream: 'stdout', bytes: Buffer.from('abc') }]);
});

test('keeps the end of long output, passes on every line, and cuts no character in two', () => {
  const lines: string[] = [];
  const tail = new OutputTail(10, (line) => lines.push(line));
  for (const part of cut(Buffer.from('äöü\nlong line of text\nlast'), [1, 2, 3, 9])) tail.push(part);
  expect(tail.end()).toBe(' text\nlast');
  expect(tail.truncated).toBe(true);
  expect(lines).toEqual(['äöü', 'long line of text', 'last']);
});

test('short output is kept whole', () => {
  const tail = new OutputTail(10, undefined);
  tail.push(Buffer.from('0123456789'));
  expect(tail.end()).toBe('0123456789');
  expect(tail.truncated).toBe(false);
});

test('the line with the process group is taken out, however it is cut', () => {
  fc.assert(
    fc.property(sizes, (cuts) => {
      const reader = new ProcessGroupReader();
      const parts = cut(Buffer.from('motd\nberth-process 4711\nberth-process 1\nrest'), cuts).map((part) =>
        reader.push(part),
      );
      expect(Buffer.concat([...parts, reader.rest()]).toString()).toBe('motd\nberth-process 1\nrest');
      expect(reader.group).toBe(4711);
    }),
  );
});

test('output without that line comes through when it ends or grows long', () => {
  const short = new ProcessGroupReader();
  expect(short.push(Buffer.from('sh: not found')).toString() + short.rest().toString()).toBe('sh: not found');
  expect(short.group).toBeUndefined();
  const long = new ProcessGroupReader();
  expect(long.push(Buffer.alloc(70_000)).length).toBe(70_000);
  const hostile = new ProcessGroupReader();
  hostile.push(Buffer.from('berth-process 1\nberth-process -5\n'));
  expect(hostile.group).toBeUndefined();
});
