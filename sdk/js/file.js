// Sealed records in a folder, for node: one file, to which each change is appended with its
// hash. What was cut off at its end was never answered for, and is left out.
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { lockFile } from './file-lock.js';
import { Failure } from './module.js';

const RATIO = 4; // a file of so many times of what counts is written anew
const FLOOR = 1 << 20; // bytes, below which it is not

const hashOf = text => createHash('sha256').update(text).digest('hex');

// A line is the hash of a change and the change, [[KEY, VALUE or null]…] with values in
// base64.
function lineOf(changes) {
  const text = JSON.stringify(Array.from(changes, ([key, value]) =>
    [key, value && Buffer.from(value).toString('base64')]));
  return `${hashOf(text)} ${text}\n`;
}

function apply(records, changes) {
  for (const [key, value] of changes) {
    if (value === null) records.delete(key);
    else records.set(key, value);
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
  #size = 0;
  #locked = false;

  constructor(folder) {
    this.#folder = folder;
    this.#path = join(folder, 'records');
  }

  async #load() {
    if (this.#records) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const text = await readFile(this.#path, 'utf8').catch(error => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const records = new Map();
    let cut = false;
    for (const line of text.split('\n').slice(0, -1)) {
      const [hash, changes] = [line.slice(0, 64), line.slice(65)];
      if (cut || hashOf(changes) !== hash) {
        if (cut) throw new Failure('local', 'state-damaged', 'The stored state is damaged.');
        cut = true;
        continue;
      }
      apply(records, JSON.parse(changes).map(([key, value]) =>
        [key, value && new Uint8Array(Buffer.from(value, 'base64'))]));
    }
    this.#records = records;
  }

  async #rewrite() {
    const text = this.#records.size > 0 ? lineOf(this.#records) : '';
    await this.#file?.close();
    this.#file = undefined;
    await writeFile(`${this.#path}.new`, text, { mode: 0o600, flush: true });
    await sync(`${this.#path}.new`);
    await rename(`${this.#path}.new`, this.#path);
    await sync(this.#folder);
    this.#file = await open(this.#path, 'a', 0o600);
    this.#size = text.length;
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
    apply(this.#records, changes);
    this.#size += line.length;
    const least = lineOf(this.#records).length;
    if (this.#size > FLOOR && this.#size > RATIO * least) await this.#rewrite();
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
