// The module of WebAssembly as JavaScript sees it: src/wasm/binding.h says what it exports
// and imports. Of WASI it is given a clock, random bytes and nothing else.

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const ERRNO = { badf: 8, inval: 28, nosys: 52 };
const FILE_TYPES = new Set(['fd_close', 'fd_fdstat_get', 'fd_fdstat_set_flags',
  'fd_prestat_get', 'fd_prestat_dir_name', 'fd_read', 'fd_seek', 'fd_filestat_get']);
const RANDOM_MOST = 65536; // bytes that getRandomValues() gives at a time

const clusters = new Intl.Segmenter('und', { granularity: 'grapheme' });
const nfkc = text => text.normalize('NFKC');

// Unicode's NFKC_Casefold, sign by sign: the case of one does not depend on its neighbours.
const caseless = c => c === '\u0131' ? c : c.toLowerCase().toUpperCase().toLowerCase();
const fold = text => nfkc(Array.from(nfkc(text), caseless).join(''))
  .replace(/\p{Default_Ignorable_Code_Point}/gu, '');

/** What went wrong, as libhermetic says it: `result` is the kind of it, `slug` a word for
 * programs, the message a sentence, `advice` what to do next, and `about` whom and what the
 * sentence is about. */
export class Failure extends Error {
  constructor(result, slug, message, advice = '', about = {}) {
    super(message);
    this.name = 'Failure';
    Object.assign(this, { result, slug, advice, about });
  }
}

/** One device; `records` has begin, commit, rollback, get, put and remove, and each of
 * these at once. */
export class Module {
  #exports;
  #records;
  #taken; // bytes that are about to be read
  #raised; // by `records`, inside of a call
  #broken; // for good
  #onBroken;

  constructor(compiled, records, onBroken = () => {}) {
    this.#records = records;
    this.#onBroken = onBroken;
    const wasi = this.#wasi();
    const imports = { hermetic: this.#host(), wasi_snapshot_preview1: {} };
    for (const { module, name } of WebAssembly.Module.imports(compiled))
      if (module === 'wasi_snapshot_preview1')
        imports[module][name] = wasi[name] ??
          (() => FILE_TYPES.has(name) ? ERRNO.badf : ERRNO.nosys);
    this.#exports = new WebAssembly.Instance(compiled, imports).exports;
    this.#call('_initialize');
  }

  // What is thrown out of the middle of C leaves its memory as it was just then: nothing is
  // asked of that again.
  #call(name, ...args) {
    if (this.#broken) throw this.#broken;
    try {
      return this.#exports[name](...args);
    } catch (cause) {
      this.#broken = cause instanceof Failure ? cause
        : Object.assign(new Failure('local', 'module', `The module has failed: ${
          cause?.message}`, 'Open the state again.'), { cause });
      this.#onBroken(this.#broken);
      throw this.#broken;
    }
  }

  #bytes(at, size) {
    return new Uint8Array(this.#exports.memory.buffer, at, size);
  }

  #wasi() {
    const view = () => new DataView(this.#exports.memory.buffer);
    return {
      clock_time_get: (id, precision, at) => {
        const ms = id === 0 ? Date.now() : performance.now();
        view().setBigUint64(at, BigInt(Math.floor(ms * 1e6)), true);
        return 0;
      },
      random_get: (at, size) => {
        for (let i = 0; i < size; i += RANDOM_MOST)
          crypto.getRandomValues(
            this.#bytes(at + i, Math.min(RANDOM_MOST, size - i)));
        return 0;
      },
      environ_sizes_get: (count, size) => {
        view().setUint32(count, 0, true);
        view().setUint32(size, 0, true);
        return 0;
      },
      environ_get: () => 0,
      fd_write: () => ERRNO.badf,
      proc_exit: code => {
        throw new Failure('local', 'ended', `The module has ended with ${code}.`);
      },
    };
  }

  // C cannot pass on what is thrown: it is told that it failed, and its caller is given
  // what was thrown.
  #host() {
    const guarded = (failed, f) => (...args) => {
      try {
        return f(...args) ?? 0;
      } catch (raised) {
        this.#raised ??= raised;
        return failed;
      }
    };
    const records = this.#records;
    return {
      begin: guarded(-1, () => records.begin() ? 1 : 0),
      commit: guarded(-1, () => records.commit()),
      rollback: guarded(0, () => records.rollback()),
      get: guarded(-2, name => {
        this.#taken = records.get(this.#text(name));
        return this.#taken === undefined ? -1 : this.#taken.length;
      }),
      read: guarded(0, to => {
        this.#bytes(to, this.#taken.length).set(this.#taken);
        this.#taken = undefined;
      }),
      put: guarded(-1, (name, at, size) =>
        records.put(this.#text(name), this.#bytes(at, size).slice())),
      remove: guarded(-1, name => records.remove(this.#text(name))),
      normalize: guarded(-1, (at, size) => this.#form(at, size, nfkc)),
      fold: guarded(-1, (at, size) => this.#form(at, size, fold)),
      cluster: guarded(-1, (at, size) => {
        const [{ segment }] = clusters.segment(decoder.decode(this.#bytes(at, size)));
        return encoder.encode(segment).length;
      }),
    };
  }

  /** The size of a form of that text, which is read next. */
  #form(at, size, form) {
    this.#taken = encoder.encode(form(decoder.decode(this.#bytes(at, size))));
    return this.#taken.length;
  }

  #text(at) {
    const all = new Uint8Array(this.#exports.memory.buffer);
    return decoder.decode(all.subarray(at, all.indexOf(0, at)));
  }

  /** Calls `f` with copies of those texts or bytes in the module's memory. */
  #with(values, f) {
    const taken = [];
    try {
      for (const value of values) {
        const bytes = typeof value === 'string' ? encoder.encode(`${value}\0`) : value;
        const at = this.#call('take', bytes.length || 1);
        if (at === 0) throw new Failure('local', 'memory', 'The module has no memory left.');
        taken.push([at, bytes.length]);
        this.#bytes(at, bytes.length).set(bytes);
      }
      return f(...taken.map(([at]) => at));
    } finally {
      for (const [at, size] of taken) this.#call('give', at, size);
    }
  }

  #read(at) {
    const raised = this.#raised;
    this.#raised = undefined;
    if (raised !== undefined) throw raised;
    if (at === 0) throw new Failure('local', 'memory', 'The module has no memory left.');
    return this.#text(at);
  }

  /** An export that is given texts, then numbers, and answers with JSON. */
  json(name, texts = [], ...numbers) {
    const doubles = numbers.map(Number);
    return this.#with(texts, (...at) =>
      JSON.parse(this.#read(this.#call(name, ...at, ...doubles))));
  }

  /** The same of what has a result; `accepted` ones are no failure. */
  must(name, texts = [], ...more) {
    return this.check(this.json(name, texts, ...more));
  }

  check(told, ...accepted) {
    if (told.result === 'ok' || accepted.includes(told.result)) return told;
    throw new Failure(told.result, told.slug, told.why, this.advice(told.result), told.about);
  }

  advice(result) {
    return this.#with([result], at => this.#read(this.#call('advice', at)));
  }

  version() {
    return this.#read(this.#call('version'));
  }

  qr(text) {
    return this.must('qr', [text]).value;
  }

  password(username, passphrase) {
    return this.json('password', [username, passphrase]);
  }

  recordKey(passphrase, salt, n) {
    return this.#with([passphrase, salt, new Uint8Array(32)], (typed, from, key) => {
      if (this.#call('record_key', typed, from, n, key) !== 0)
        throw new Failure('local', 'memory', 'No key could be made of the passphrase.');
      return this.#bytes(key, 32).slice();
    });
  }

  /** An export that is given JSON of some length, such as a server sends. */
  hand(name, text) {
    const bytes = encoder.encode(text);
    return this.#with([bytes], at =>
      JSON.parse(this.#read(this.#call(name, at, bytes.length))));
  }

  answer(status, text, clockAheadMs) {
    const bytes = encoder.encode(text);
    this.#with([bytes], at =>
      this.#call('answer', status, at, bytes.length, clockAheadMs));
    if (this.#raised !== undefined) this.#read(1);
  }

  /** Those bytes of a file, sealed or opened; what is read of the tag is in its place. */
  pass(name, bytes, file) {
    return this.#with([bytes], at => {
      const told = name === 'file_end' ? this.#call(name, at, file)
        : this.#call(name, at, bytes.length, file);
      this.check(JSON.parse(this.#read(told)));
      return this.#bytes(at, bytes.length).slice();
    });
  }

  fileAnswer(file, status, text, offset, fetched) {
    const bytes = encoder.encode(text);
    this.#with([bytes], at =>
      this.#call('file_answer', at, bytes.length, file, status, offset, fetched));
  }

  freeFile(file) {
    if (!this.#broken) this.#call('file_free', file);
  }

  close() {
    if (!this.#broken) this.#call('close');
  }
}
