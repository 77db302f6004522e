// Sealed records in a folder, for node: one file, to which each change is appended with its
// hash. What was cut off at its end was never answered for, and is left out.
import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { lockFile } from './file-lock.js';
import { Failure } from './module.js';

const RATIO = 4; // a file of so many times of what counts is written anew
const FLOOR = 1 << 20; // bytes, below which it is not
const BATCH = 1 << 20; // that are read, or written anew, at a time

const hashOf = text => createHash('sha256').update(text).digest('hex');

// A line is the hash of a change and the change, [[KEY, VALUE or null]…] with values in
// base64.
function lineOf(changes) {
  const text = JSON.stringify(Array.from(changes, ([key, value]) =>
    [key, value && Buffer.from(value).toString('base64')]));
  return `${hashOf(text)} ${text}\n`;
}

const BARE = lineOf([['', new Uint8Array(0)]]).length;

/** The length of the line of one record. */
const sizeOf = (key, value) => BARE + key.length + 4 * Math.ceil(value.length / 3);

/** The changes of a line; undefined: it is damaged. */
function changesOf(line) {
  const [hash, text] = [line.slice(0, 64), line.slice(65)];
  return hashOf(text) !== hash ? undefined : JSON.parse(text).map(([key, value]) =>
    [key, value && new Uint8Array(Buffer.from(value, 'base64'))]);
}

/** The lines of a file, without what stands after the last of them; none where it is not. */
async function* linesOf(path) {
  const file = await open(path).catch(error => {
    if (error.code !== 'ENOENT') throw error;
  });
  let rest = '';
  if (!file) return;
  for await (const read of file.createReadStream({ encoding: 'utf8', highWaterMark: BATCH })) {
    const last = read.lastIndexOf('\n');
    if (last >= 0) yield* (rest + read.slice(0, last)).split('\n');
    rest = last < 0 ? rest + read : read.slice(last + 1);
  }
}

async function sync(path) {
  const handle = await open(path);
  await handle.sync().finally(() => handle.close());
}

export class FileStorage {
  #folder;
  #path;
  #records;
  #file; // that is appended to: of who has the lock, or writes
  #size = 0; // of the file
  #least = 0; // of a file with each record once
  #locked = false;

  constructor(folder) {
    this.#folder = folder;
    this.#path = join(folder, 'records');
  }

  async #load() {
    if (this.#records) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#records = new Map();
    this.#least = 0;
    try {
      await this.#readAll();
    } catch (error) {
      this.#records = undefined;
      throw error;
    }
  }

  async #readAll() {
    let cut = false;
    for await (const line of linesOf(this.#path)) {
      if (cut) throw new Failure('local', 'state-damaged', 'The stored state is damaged.');
      const changes = changesOf(line);
      if (changes) this.#apply(changes);
      else cut = true;
    }
  }

  #apply(changes) {
    for (const [key, value] of changes) {
      const before = this.#records.get(key);
      if (before) this.#least -= sizeOf(key, before);
      if (value) this.#least += sizeOf(key, value);
      if (value) this.#records.set(key, value);
      else this.#records.delete(key);
    }
  }

  async #rewrite() {
    await this.#file?.close();
    this.#file = undefined;
    const file = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      let lines = '';
      for (const record of this.#records) {
        lines += lineOf([record]);
        if (lines.length < BATCH) continue;
        await file.appendFile(lines);
        lines = '';
      }
      await file.appendFile(lines);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
    await sync(this.#folder);
    this.#file = await open(this.#path, 'a', 0o600);
    this.#size = this.#least;
  }

  async read() {
    await this.#load();
    // what a process that was killed has left is durable before anybody goes on from there
    if (this.#locked && !this.#file) await this.#rewrite();
    return new Map(this.#records);
  }

  async write(changes) {
    await this.#load();
    if (!this.#file) await this.#rewrite();
    const line = lineOf(changes);
    await this.#file.appendFile(line);
    await this.#file.datasync();
    this.#apply(changes);
    this.#size += line.length;
    if (this.#size > FLOOR && this.#size > RATIO * this.#least) await this.#rewrite();
  }

  async wrap(bytes) {
    return bytes;
  }

  async unwrap(bytes) {
    return bytes;
  }

  /** One of all that use this folder has it, in whichever process: file-lock.js says how
   * far that reaches. What was read before may have been changed since, and is forgotten. */
  async lock() {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const lock = await lockFile(join(this.#folder, 'lock'));
    await this.#forget();
    this.#locked = true;
    return async () => {
      this.#locked = false;
      try {
        await this.#forget();
      } finally {
        await lock.close();
      }
    };
  }

  async #forget() {
    const file = this.#file;
    this.#file = this.#records = undefined;
    await file?.close();
  }
}
