// The records of a device: all of them in memory, and each sealed in the storage. The
// device's C reads and writes them at once; flush() makes durable what it has decided,
// before anything is told to a server.
import { Failure } from './module.js';

const HEAD = 'head';
const SCRYPT_N = 131072;
const subtle = crypto.subtle;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const random = size => crypto.getRandomValues(new Uint8Array(size));
const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');
const nothing = new Uint8Array(0);

/** AES-256-GCM: 12 random bytes, then what is sealed. */
export async function seal(key, bytes, name = nothing) {
  const iv = random(12);
  const sealed = new Uint8Array(await subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: name }, key, bytes));
  const all = new Uint8Array(12 + sealed.length);
  all.set(iv);
  all.set(sealed, 12);
  return all;
}

export async function open(key, sealed, name = nothing) {
  return new Uint8Array(await subtle.decrypt(
    { name: 'AES-GCM', iv: sealed.subarray(0, 12), additionalData: name }, key,
    sealed.subarray(12)));
}

const aesKey = bytes =>
  subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);

/** The two keys of the records, none of which can be read out again. */
async function derive(secret) {
  const from = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const one = (info, algorithm, uses) => subtle.deriveKey({ name: 'HKDF',
    hash: 'SHA-256', salt: nothing, info: encoder.encode(info) }, from, algorithm, false,
  uses);
  return {
    values: await one('hermetic records values', { name: 'AES-GCM', length: 256 },
      ['encrypt', 'decrypt']),
    names: await one('hermetic records names',
      { name: 'HMAC', hash: 'SHA-256', length: 256 }, ['sign']),
  };
}

// A value has its name with it, so that the names can be read back: {name, NUL, value}.
function join(name, value) {
  const bytes = encoder.encode(`${name}\0`);
  const all = new Uint8Array(bytes.length + value.length);
  all.set(bytes);
  all.set(value, bytes.length);
  return all;
}

function split(all) {
  const end = all.indexOf(0);
  return [decoder.decode(all.subarray(0, end)), all.slice(end + 1)];
}

const damaged = () => new Failure('local', 'state-damaged',
  'The stored state is damaged, or somebody has changed it.');

export class Records {
  #storage;
  #keys;
  #kept = new Map();
  #changes; // of the transaction that is open
  #unsaved = new Map();
  #broken;
  #last = Promise.resolve(); // of what is written one after another
  onBroken = () => {}; // is told once why

  constructor(storage, keys) {
    this.#storage = storage;
    this.#keys = keys;
  }

  /** Whether there are any in that storage. */
  static async exist(storage) {
    return (await storage.read()).has(HEAD);
  }

  /** New ones; `keyOf(passphrase, salt, n)` makes a key of a passphrase. */
  static async make(storage, passphrase, keyOf, n = SCRYPT_N) {
    if (await Records.exist(storage))
      throw new Failure('conflict', 'state-exists', 'There is a state already.');
    const salt = random(32), secret = random(32);
    const inner = await seal(await aesKey(keyOf(passphrase, salt, n)), secret);
    const head = { version: 1, salt: hex(salt), n, secret: hex(await storage.wrap(inner)) };
    const records = new Records(storage, await derive(secret));
    secret.fill(0);
    await storage.write(new Map([[HEAD, encoder.encode(JSON.stringify(head))]]));
    return records;
  }

  static async open(storage, passphrase, keyOf) {
    const stored = await storage.read();
    if (!stored.has(HEAD))
      throw new Failure('no-account', 'no-state', 'Nobody is logged in here.');
    const head = JSON.parse(decoder.decode(stored.get(HEAD)));
    if (head.version !== 1)
      throw new Failure('usage', 'state-version', 'A later version has written this state.');
    const bytes = text => Uint8Array.from(text.match(/../g), b => parseInt(b, 16));
    const inner = await storage.unwrap(bytes(head.secret)).catch(() => { throw damaged(); });
    const key = await aesKey(keyOf(passphrase, bytes(head.salt), head.n));
    const secret = await open(key, inner).catch(() => {
      throw new Failure('passphrase', 'wrong-passphrase',
        'The passphrase does not open this state.');
    });
    const records = new Records(storage, await derive(secret));
    secret.fill(0);
    await records.#load(stored);
    return records;
  }

  async #load(stored) {
    stored.delete(HEAD);
    await Promise.all(Array.from(stored, async ([key, sealed]) => {
      const all = await open(this.#keys.values, sealed, encoder.encode(key))
        .catch(() => { throw damaged(); });
      this.#kept.set(...split(all));
    }));
  }

  // ---- as the module has them; no other one writes meanwhile ----

  begin() {
    if (this.#broken) throw this.#broken;
    this.#changes = new Map();
    return false;
  }

  commit() {
    for (const [name, value] of this.#changes) {
      if (value === null) this.#kept.delete(name);
      else this.#kept.set(name, value);
      this.#unsaved.set(name, value);
    }
    this.#changes = undefined;
  }

  rollback() {
    this.#changes = undefined;
  }

  get(name) {
    const value = this.#changes?.get(name);
    return value === undefined ? this.#kept.get(name) : value ?? undefined;
  }

  put(name, value) {
    this.#changes.set(name, value);
  }

  remove(name) {
    this.#changes.set(name, null);
  }

  // ---- as the client has them ----

  readJson(name) {
    const value = this.get(name);
    return value && JSON.parse(decoder.decode(value));
  }

  async writeJson(name, value) {
    this.begin();
    this.put(name, encoder.encode(JSON.stringify(value)));
    this.commit();
    await this.flush();
  }

  /** What was committed before is durable, also what another call is about to write. A
   * failure is for good: what the device knows is ahead of what is stored, and it has to be
   * opened anew. */
  flush() {
    const flushed = this.#last.then(() => this.#write());
    this.#last = flushed.catch(() => {});
    return flushed;
  }

  async #write() {
    if (this.#broken) throw this.#broken;
    if (this.#unsaved.size === 0) return;
    const unsaved = this.#unsaved;
    this.#unsaved = new Map();
    try {
      const sealed = await Promise.all(Array.from(unsaved, async ([name, value]) => {
        const key = hex(new Uint8Array(await subtle.sign('HMAC', this.#keys.names,
          encoder.encode(name))));
        return [key, value && await seal(this.#keys.values, join(name, value),
          encoder.encode(key))];
      }));
      await this.#storage.write(new Map(sealed));
    } catch (cause) { // which may be anything, also nothing
      this.#broken = new Failure('local', 'storage',
        `The state could not be stored: ${cause?.message ?? 'the storage does not say why.'}`);
      this.#broken.cause = cause;
      this.onBroken(this.#broken);
      throw this.#broken;
    }
  }
}
