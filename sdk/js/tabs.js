// One tab has the device, and does what all of them ask for; the others follow. When it is
// closed, the next one opens the device: it waits for the same lock.
import { Calls } from './calls.js';
import { Listeners } from './listeners.js';
import { Failure } from './module.js';

const READS = ['sessions', 'describe', 'invitations', 'entry', 'entries', 'outbox', 'verify',
  'devices', 'blocks', 'letters', 'person', 'find', 'search', 'wishes', 'saveFile',
  'newRecoveryKey'];
const DONE_TWICE = ['refresh', 'shown', 'flush', 'readTo', 'compared', 'send', 'type',
  'setWish', 'accept', 'block', 'unblock', 'link', 'sendFile', 'cancel'];
const DONE_ONCE = ['create', 'join', 'invite', 'ask', 'uninvite', 'remove', 'rotate', 'leave',
  'resolve', 'drop', 'approve', 'refuse', 'revoke', 'decline', 'setName', 'setSubject',
  'setRole', 'ban', 'unban', 'setRecoveryKey', 'logout'];
const AGAIN = new Set([...READS, ...DONE_TWICE]);
const ALL = new Set([...AGAIN, ...DONE_ONCE]);
const AGAIN_MS = 1000, MOST_MS = 60000; // before a tab whose client has failed twice tries again

const pause = (ms, signal) => new Promise(done => {
  const timer = setTimeout(done, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    done();
  }, { once: true });
});

/** What a failure is to another tab, and back. */
const told = ({ result, slug, message, advice }) => ({ result, slug, message, advice });
const read = ({ result, slug, message, advice }) =>
  new Failure(result ?? 'local', slug ?? 'failed', message, advice);

export class SharedClient extends Calls {
  #channel;
  #client; // of the tab that has the device
  #calls = new Map(); // that wait for another tab: id → {method, args, taken, resolve, reject}
  #listeners = new Listeners();
  #closing = new AbortController();
  #closed; // the promise of close()
  #leading; // ends when this tab stands in line no more
  #serving = new Set(); // answers that other tabs wait for
  #known = new Set(); // ids of calls that were taken on, until their tabs have the answers
  #failed; // why no call is taken any more
  #tellEnded;
  #ended = new Promise(done => { this.#tellEnded = done; });

  /** `Client` opens the device with those options, in whichever tab has its turn. */
  constructor(Client, options) {
    super();
    this.#channel = new BroadcastChannel(options.storage.name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#leading = this.#stand(Client, options).catch(error => {
      if (!this.#closing.signal.aborted) this.#fail(error);
    });
  }

  /** Whether this tab has the device. */
  get leads() {
    return this.#client !== undefined;
  }

  /** Ends what is under way, and takes no call from then on; the next tab has its turn. */
  close() {
    return this.#closed ??= this.#close();
  }

  async #close() {
    const client = this.#client;
    this.#client = undefined;
    this.#closing.abort();
    this.#end(new Failure('usage', 'closed', 'The client is closed.'));
    try {
      await client?.close();
      await this.#leading;
      await Promise.all(this.#serving);
    } finally {
      this.#channel.close();
      this.#tellEnded();
    }
  }

  /** Resolves when this is closed, or takes no call any more: then with why. */
  get ended() {
    return this.#ended;
  }

  /** Calls `listener` with each event of the device; gives a function that ends this. */
  on(listener) {
    return this.#listeners.add(listener);
  }

  #end(error) {
    this.#failed = error;
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }

  #fail(error) {
    this.#end(error);
    this.#tellEnded(error);
    this.#listeners.tell({ kind: 'failed', session: '', text: error.message });
  }

  /** Stands in line for the device, and again when its client has closed itself. */
  async #stand(Client, options) {
    const { signal } = this.#closing;
    for (let failed = 0; !signal.aborted; failed++) {
      if (failed > 1) await pause(Math.min(AGAIN_MS * 2 ** (failed - 2), MOST_MS), signal);
      await this.#lead(Client, options);
    }
  }

  /** Has the device until that client is closed. */
  async #lead(Client, options) {
    const { signal } = this.#closing;
    const client = await Client.open({ ...options, lock: { wait: true, signal } });
    if (signal.aborted) {
      await client.close();
      return;
    }
    client.on(event => {
      this.#channel.postMessage({ event });
      this.#listeners.tell(event);
    });
    client.listen();
    this.#known.clear();
    this.#client = client;
    this.#channel.postMessage({ leads: true });
    this.#ask();
    await client.ended;
    this.#client = undefined;
  }

  // ---- calls of this tab ----

  #call(method, args) {
    if (this.#failed) return Promise.reject(this.#failed);
    if (this.#client) return this.#client[method](...args);
    return new Promise((resolve, reject) => {
      const id = crypto.randomUUID();
      this.#channel.postMessage({ call: { id, method, args } }); // throws what cannot be sent
      this.#calls.set(id, { method, args, resolve, reject });
    });
  }

  /** Another tab has the device now, perhaps this one. What the one before had taken on may
   * have been done. */
  #ask() {
    for (const [id, { method, args, taken, resolve, reject }] of this.#calls) {
      if (taken && !AGAIN.has(method)) {
        this.#calls.delete(id);
        reject(new Failure('busy', 'tab-closed',
          'The tab that was about to do this was closed. Look whether it was done.'));
      } else if (this.#client) {
        this.#calls.delete(id);
        this.#client[method](...args).then(resolve, reject);
      } else {
        this.#channel.postMessage({ call: { id, method, args } });
      }
    }
  }

  // ---- what other tabs say ----

  async #hear({ call, taken, answer, settled, leads, event }) {
    if (event) this.#listeners.tell(event);
    if (leads) this.#ask();
    if (settled) this.#known.delete(settled);
    if (call && this.#client) await this.#serve(call);
    if (taken && this.#calls.has(taken)) this.#calls.get(taken).taken = true;
    if (answer) this.#settle(answer);
  }

  // A call that was on its way when this tab came to lead is asked for once more then.
  async #serve({ id, method, args }) {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    this.#channel.postMessage({ taken: id });
    const served = this.#answer(method, args).then(value => ({ id, value }),
      error => ({ id, failure: told(error) }));
    this.#serving.add(served);
    this.#channel.postMessage({ answer: await served });
    this.#serving.delete(served);
  }

  // Another tab may have a later version of this page.
  async #answer(method, args) {
    if (!ALL.has(method))
      throw new Failure('usage', 'no-such-call',
        'The tab that has the device does not know this call. Reload that tab.');
    return this.#client[method](...args);
  }

  #settle({ id, value, failure }) {
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    this.#channel.postMessage({ settled: id });
    if (failure) call.reject(read(failure));
    else call.resolve(value);
  }

  static {
    for (const method of ALL)
      this.prototype[method] ??= function call(...args) {
        return this.#call(method, args);
      };
    // with a key of its own what is said is sent once, whichever tabs come to send it
    for (const method of ['send', 'sendFile'])
      this.prototype[method] = function call(session, what, saying) {
        return this.#call(method, [session, what, { key: crypto.randomUUID(), ...saying }]);
      };
  }
}
