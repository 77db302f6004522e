// Who is told what happens.

export class Listeners {
  #all = new Set();

  /** Gives a function that ends it. */
  add(listener) {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  /** Tells all of them. What one throws is its own fault, and keeps it from nobody else. */
  tell(event) {
    for (const listener of this.#all) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}
