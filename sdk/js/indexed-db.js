// Sealed records in a browser. Around the secret that opens them stands a key of WebCrypto
// that no script can read out; it stays in the browser's profile.
import { Failure } from './module.js';
import { open, seal } from './records.js';

const RECORDS = 'records', KEYS = 'keys', OUTER = 'outer';

// A transaction that was aborted may have no error: null.
const errorOf = ({ error }) => error ?? new Error('The browser has ended the transaction.');

const done = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(errorOf(request));
});

const ended = transaction => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(errorOf(transaction));
});

export class IndexedDbStorage {
  #name;
  #database;

  constructor(name = 'default') {
    this.#name = `hermetic:${name}`;
  }

  /** One for all tabs. */
  get name() {
    return this.#name;
  }

  async #opened() {
    if (this.#database) return this.#database;
    const request = indexedDB.open(this.#name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(RECORDS);
      request.result.createObjectStore(KEYS);
    };
    this.#database = await done(request);
    this.#database.onversionchange = () => this.#database?.close(); // another tab forgets it all
    return this.#database;
  }

  async read() {
    const store = (await this.#opened()).transaction(RECORDS).objectStore(RECORDS);
    const [keys, values] = await Promise.all([done(store.getAllKeys()),
      done(store.getAll())]);
    return new Map(keys.map((key, i) => [key, values[i]]));
  }

  async write(changes) {
    const transaction = (await this.#opened()).transaction(RECORDS, 'readwrite',
      { durability: 'strict' });
    const store = transaction.objectStore(RECORDS);
    for (const [key, value] of changes) {
      if (value === null) store.delete(key);
      else store.put(value, key);
    }
    await ended(transaction);
  }

  // Two tabs that begin at once use the same key: the first one counts.
  async #outer() {
    const database = await this.#opened();
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false,
      ['encrypt', 'decrypt']);
    const transaction = database.transaction(KEYS, 'readwrite', { durability: 'strict' });
    const store = transaction.objectStore(KEYS);
    const kept = await done(store.get(OUTER));
    if (!kept) store.put(made, OUTER);
    await ended(transaction);
    return kept ?? made;
  }

  async wrap(bytes) {
    return seal(await this.#outer(), bytes);
  }

  async unwrap(bytes) {
    return open(await this.#outer(), bytes);
  }

  /** One tab at a time has it; `wait` until the others have gone. Gives what releases it. */
  lock({ wait = false, signal } = {}) {
    return new Promise((resolve, reject) => {
      const options = wait ? { signal } : { ifAvailable: true };
      navigator.locks.request(this.#name, options, lock => {
        if (lock === null) {
          reject(new Failure('busy', 'state-in-use', 'Another tab has this state.'));
          return undefined;
        }
        return new Promise(release => resolve(release));
      }).catch(reject);
    });
  }

  /** Forgets all of it. */
  async remove() {
    this.#database?.close();
    this.#database = undefined;
    await done(indexedDB.deleteDatabase(this.#name));
  }
}
