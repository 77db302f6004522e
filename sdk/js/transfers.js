// Files: their bytes go through the module in pieces, and their ciphertext by fetch(). What is
// asked next, and whether what came is the file, is decided in the module.
import { isDone } from './answers.js';
import { Failure } from './module.js';

const TAG = 16;
const PASS_MOST = 1 << 18; // bytes that are in the module at a time

const cancelled = () =>
  new Failure('usage', 'cancelled', 'The transfer of that file was cancelled.');

/** What a stream gives: one of the web, or another one that can be iterated, as node's. */
async function *chunks(stream) {
  if (!stream.getReader) return yield* stream;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** The bytes of a Blob or stream in pieces. */
async function *pieces(source) {
  for await (const value of chunks(source.stream?.() ?? source))
    for (let at = 0; at < value.length; at += PASS_MOST)
      yield value.subarray(at, at + PASS_MOST);
}

const pause = (ms, signal) => new Promise(done => {
  const timer = setTimeout(done, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    done();
  }, { once: true });
});

const offsetOf = ({ headers }) => {
  const text = headers.get('upload-offset');
  return text === null ? -1 : Number(text);
};

export class Transfers {
  #has; // module, serial(f), flush(), ask(turn, body, signal), say(event)
  #running = new Map(); // by their keys: what cancels them

  constructor(has) {
    this.#has = has;
  }

  cancel(key) {
    this.#running.get(key)?.controller.abort(cancelled());
  }

  /** Cancels all of them; resolves when the module is free of them. */
  async close() {
    const all = [...this.#running.values()];
    for (const { controller } of all) controller.abort(cancelled());
    await Promise.allSettled(all.map(({ ended }) => ended));
  }

  async #run(key, f) {
    if (this.#running.has(key))
      throw new Failure('conflict', 'transfer-runs', 'A transfer under that key is under way.');
    const controller = new AbortController();
    const ended = f(controller.signal);
    this.#running.set(key, { controller, ended });
    try {
      return await ended;
    } finally {
      this.#running.delete(key);
    }
  }

  /** Seals all of it, stores it, and calls `said` with it. */
  send(wish, source, said) {
    return this.#run(wish.key, async signal => {
      const { file, sealed } = await this.#seal(wish, source, signal);
      try {
        await this.#store(file, sealed, wish, signal);
        return await said(file);
      } finally {
        this.#has.module.freeFile(file);
      }
    });
  }

  // What was sealed before under that key was another file: nothing of this one has left.
  async #seal(wish, source, signal) {
    for (;;) {
      try {
        return await this.#sealOnce(wish, source, signal);
      } catch (error) {
        if (error.slug !== 'file-changed' || !source.stream) throw error;
      }
    }
  }

  async #sealOnce(wish, source, signal) {
    const { module, serial, flush } = this.#has;
    const { file } = await serial(async () =>
      module.must('file_seal', [JSON.stringify(wish)]));
    const parts = [];
    try {
      for await (const piece of pieces(source)) {
        signal.throwIfAborted();
        parts.push(module.pass('file_pass', piece, file));
      }
      await serial(async () => {
        parts.push(module.pass('file_end', new Uint8Array(TAG), file));
        await flush(); // before a byte of it leaves
      });
      return { file, sealed: new Blob(parts) };
    } catch (error) {
      module.freeFile(file);
      throw error;
    }
  }

  /** What the entry names: {name, type, size, blob}; without `blob` where its bytes are
   * written `to` a stream. */
  save(session, number, to) {
    const key = `${session}/${number}`;
    return this.#run(key, async signal => {
      const { module, serial } = this.#has;
      const told = await serial(async () => module.must('file_open', [session], number));
      const writer = to?.getWriter(), parts = [], { name, type, size } = told;
      try {
        await this.#fetch(told, { session, key }, signal,
          writer ? bytes => writer.write(bytes) : bytes => parts.push(bytes));
        await writer?.close();
        return { name, type, size, ...!to && { blob: new Blob(parts, { type }) } };
      } catch (error) {
        await writer?.abort(error).catch(() => {}); // what it says of that is not the cause
        throw error;
      } finally {
        module.freeFile(told.file);
      }
    });
  }

  #tell({ session, key }, done, total) {
    this.#has.say({ kind: 'progress', session, text: '', key, done, total });
  }

  /** Asks until the module says that it is over; `pass` does one request. */
  async #turns(file, signal, pass) {
    const { module } = this.#has;
    for (;;) {
      signal.throwIfAborted();
      const turn = module.json('file_turn', [], file);
      if (turn.wait !== undefined) await pause(turn.wait, signal);
      else if (turn.path !== undefined) await pass(turn);
      else break;
    }
    module.must('file_outcome', [], file);
  }

  #store(file, sealed, wish, signal) {
    const { module, ask } = this.#has;
    return this.#turns(file, signal, async turn => {
      this.#tell(wish, turn.from, sealed.size);
      const body = turn.count > 0 ? sealed.slice(turn.from, turn.from + turn.count) : undefined;
      const answer = await ask(turn, body, signal);
      const text = answer && !isDone(answer.status) ? await answer.text().catch(() => '') : '';
      module.fileAnswer(file, answer?.status ?? 0, text, answer ? offsetOf(answer) : -1, 0);
      if (answer && turn.from + turn.count === sealed.size)
        this.#tell(wish, sealed.size, sealed.size);
    });
  }

  // What `put` is given is nobody's before the tag has verified all of it.
  async #fetch({ file, size }, about, signal, put) {
    const { module, ask } = this.#has;
    const tag = new Uint8Array(TAG);
    let at = 0; // in the ciphertext
    const take = async piece => {
      const open = piece.subarray(0, Math.max(0, size - at));
      if (open.length > 0) await put(module.pass('file_pass', open, file));
      if (piece.length > open.length) tag.set(piece.subarray(open.length), at + open.length - size);
      at += piece.length;
    };
    await this.#turns(file, signal, async turn => {
      this.#tell(about, turn.from, size + TAG);
      const answer = await ask(turn, undefined, signal);
      let status = answer?.status ?? 0, text = '';
      if (status === 206) {
        const body = pieces(answer.body);
        for (;;) {
          const { value, cut } = await body.next().catch(() => ({ cut: true }));
          if (cut) status = 0;
          // the end, or more than there is
          if (value === undefined || value.length > size + TAG - at) break;
          signal.throwIfAborted();
          await take(value);
        }
        await body.return();
      } else if (answer) {
        text = await answer.text().catch(() => '');
      }
      module.fileAnswer(file, status, text, -1, at - turn.from);
    });
    module.pass('file_end', tag, file);
    this.#tell(about, size + TAG, size + TAG);
  }
}
