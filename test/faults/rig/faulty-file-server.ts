// A file system of one file, mounted over that file: what is asked of it is done to the file behind, or refused with an I/O error if another one says so: `each`
// read and write, or each `flush`. Both paths come in the environment: the command line of what is no part of Berth must not name a home.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  fchmodSync,
  fchownSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { constants } from 'node:os';

const { FAULTY_FILE: path = '', FAULTY_TROUBLE: trouble = '' } = process.env;
const { EIO, ENODEV, ENOSYS } = constants.errno;
/** Numbers of `linux/fuse.h`. */
const OP = {
  ...{ forget: 2, getattr: 3, setattr: 4, open: 14, read: 15, write: 16, statfs: 17, release: 18 },
  ...{ fsync: 20, flush: 25, init: 26, interrupt: 36, destroy: 38, batchForget: 42 },
};
const SET = { mode: 1, uid: 2, gid: 4, size: 8 };
const HEADER_BYTES = 40;
const ANSWER_HEADER_BYTES = 16;
const WRITE_HEADER_BYTES = 40;
const MAX_WRITE_BYTES = 128 * 1024;
/** Nothing is kept in memory in between: an error reaches whoever reads or writes. */
const DIRECT_IO = 1;

const file = openSync(path, 'r+');
const device = openSync('/dev/fuse', 'r+');
const options = `fd=3,rootmode=${fstatSync(file).mode.toString(8)},user_id=0,group_id=0,allow_other,default_permissions`;
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'faulty', path], {
  stdio: ['ignore', 'ignore', 'inherit', device],
});
if (mounted.status !== 0) process.exit(1);

function attributes(): Buffer {
  const { size, blocks, mode, uid, gid, mtimeMs } = fstatSync(file);
  const answer = Buffer.alloc(104);
  const seconds = BigInt(Math.floor(mtimeMs / 1000));
  answer.writeBigUInt64LE(1n, 16);
  answer.writeBigUInt64LE(BigInt(size), 24);
  answer.writeBigUInt64LE(BigInt(blocks), 32);
  for (const at of [40, 48, 56]) answer.writeBigUInt64LE(seconds, at);
  for (const [at, value] of [
    [76, mode],
    [80, 1],
    [84, uid],
    [88, gid],
    [96, 4096],
  ] as const)
    answer.writeUInt32LE(value, at);
  return answer;
}

function setAttributes(body: Buffer): Buffer {
  const valid = body.readUInt32LE(0);
  const { uid, gid } = fstatSync(file);
  if ((valid & SET.size) !== 0) ftruncateSync(file, Number(body.readBigUInt64LE(16)));
  if ((valid & SET.mode) !== 0) fchmodSync(file, body.readUInt32LE(68) & 0o7777);
  const owner = (valid & SET.uid) === 0 ? uid : body.readUInt32LE(76);
  const group = (valid & SET.gid) === 0 ? gid : body.readUInt32LE(80);
  if ((valid & (SET.uid | SET.gid)) !== 0) fchownSync(file, owner, group);
  return attributes();
}

function read(body: Buffer): Buffer {
  const data = Buffer.alloc(body.readUInt32LE(16));
  return data.subarray(0, readSync(file, data, 0, data.length, Number(body.readBigUInt64LE(8))));
}

function write(body: Buffer): Buffer {
  const length = body.readUInt32LE(16);
  const answer = Buffer.alloc(8);
  answer.writeUInt32LE(writeSync(file, body, WRITE_HEADER_BYTES, length, Number(body.readBigUInt64LE(8))), 0);
  return answer;
}

function opened(): Buffer {
  const answer = Buffer.alloc(16);
  answer.writeUInt32LE(DIRECT_IO, 8);
  return answer;
}

function initialised(): Buffer {
  const answer = Buffer.alloc(64);
  for (const [at, value] of [
    [0, 7],
    [4, 31],
    [8, 0],
    [20, MAX_WRITE_BYTES],
    [24, 1],
  ] as const)
    answer.writeUInt32LE(value, at);
  return answer;
}

function synced(): Buffer {
  fdatasyncSync(file);
  return Buffer.alloc(0);
}

function failing(what: string): boolean {
  return existsSync(trouble) && readFileSync(trouble, 'utf8') === what;
}

/** What is answered; a number is an error, undefined no answer at all. */
function answerTo(op: number, body: Buffer): Buffer | number | undefined {
  if (op === OP.forget || op === OP.batchForget || op === OP.interrupt) return undefined;
  if (op === OP.init) return initialised();
  if (op === OP.getattr) return attributes();
  if (op === OP.setattr) return setAttributes(body);
  if (op === OP.open) return opened();
  if (op === OP.statfs) return Buffer.alloc(80);
  if (op === OP.flush || op === OP.release || op === OP.destroy) return Buffer.alloc(0);
  if (op === OP.fsync) return failing('flush') ? EIO : synced();
  if (op !== OP.read && op !== OP.write) return ENOSYS;
  if (failing('each')) return EIO;
  return op === OP.read ? read(body) : write(body);
}

const request = Buffer.alloc(MAX_WRITE_BYTES + 64 * 1024);
process.stdout.write('mounted\n');
for (;;) {
  let length: number;
  try {
    length = readSync(device, request, 0, request.length, null);
  } catch (error) {
    if ((error as { readonly errno?: number }).errno === -ENODEV) break;
    continue;
  }
  const answer = answerTo(request.readUInt32LE(4), request.subarray(HEADER_BYTES, length));
  if (answer === undefined) continue;
  const body = typeof answer === 'number' ? Buffer.alloc(0) : answer;
  const header = Buffer.alloc(ANSWER_HEADER_BYTES);
  header.writeUInt32LE(ANSWER_HEADER_BYTES + body.length, 0);
  header.writeInt32LE(typeof answer === 'number' ? -answer : 0, 4);
  request.copy(header, 8, 8, 16);
  try {
    writeSync(device, Buffer.concat([header, body]));
  } catch {
    // Whoever asked has gone.
  }
}
