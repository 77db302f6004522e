// Sealed records in a folder, for node: one file, to which each change is appended with its
// hash. What was cut off at its end was never answered for, and is left out.
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
  #file;
  #size = 0;

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
    await this.#rewrite();
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
    return new Map(this.#records);
  }

  async write(changes) {
    await this.#load();
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

  /** One process at a time has it, as far as processes of this machine look. */
  async lock() {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, 'lock');
    for (;;) {
      try {
        await writeFile(path, String(process.pid), { flag: 'wx' });
        return async () => {
          await this.#file?.close();
          this.#file = this.#records = undefined;
          await unlink(path);
        };
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const pid = Number(await readFile(path, 'utf8').catch(() => ''));
      if (pid && isAlive(pid))
        throw new Failure('busy', 'state-in-use', `Process ${pid} has this state.`);
      await unlink(path).catch(() => {});
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
