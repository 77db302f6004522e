// Where sealed records are kept: index.d.ts has what a storage is.

/** In memory: gone with the program. */
export class MemoryStorage {
  #records = new Map();

  async read() {
    return new Map(this.#records);
  }

  async write(changes) {
    for (const [key, value] of changes) {
      if (value === null) this.#records.delete(key);
      else this.#records.set(key, value);
    }
  }

  async wrap(bytes) {
    return bytes;
  }

  async unwrap(bytes) {
    return bytes;
  }

  async lock() {
    return () => {};
  }
}
