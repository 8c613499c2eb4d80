import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Changes one bit of a file in its place; the result changes it back. */
export function flipBit(path: string, at: number, bit = 0): () => void {
  const flip = () => {
    const file = openSync(path, 'r+');
    try {
      const byte = Buffer.alloc(1);
      readSync(file, byte, 0, 1, at);
      byte[0] = (byte[0] ?? 0) ^ (1 << bit);
      writeSync(file, byte, 0, 1, at);
    } finally {
      closeSync(file);
    }
  };
  flip();
  return flip;
}

/** Cuts the tail off a file; the result puts it back. */
export function cutTail(path: string, bytes: number): () => void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(bytes, size));
    readSync(file, tail, 0, tail.length, size - tail.length);
    ftruncateSync(file, size - tail.length);
    return () => {
      const again = openSync(path, 'r+');
      try {
        writeSync(again, tail, 0, tail.length, size - tail.length);
      } finally {
        closeSync(again);
      }
    };
  } finally {
    closeSync(file);
  }
}

/** Damages a file somewhere, by a flipped bit or a cut tail. Gives what was done, and a call that undoes it. */
export function damageSomewhere(path: string, random: () => number): { readonly what: string; undo(): void } {
  const { size } = statSync(path);
  if (random() < 0.25) {
    const bytes = 1 + Math.floor(random() * Math.min(size - 1, 65_536));
    return { what: `${path}: ${bytes} bytes cut`, undo: cutTail(path, bytes) };
  }
  const at = Math.floor(random() * size);
  const bit = Math.floor(random() * 8);
  return { what: `${path}: bit ${bit} of byte ${at} flipped`, undo: flipBit(path, at, bit) };
}
