// One tab has the device, and does what all of them ask for; the others follow. When it is
// closed, the next one opens the device: it waits for the same lock.
import { Calls } from './client.js';
import { Failure } from './module.js';

const READS = ['sessions', 'describe', 'invitations', 'entry', 'entries', 'outbox', 'verify'];
const DONE_TWICE = ['refresh', 'shown', 'flush', 'readTo', 'compared', 'send'];
const DONE_ONCE = ['create', 'join', 'invite', 'ask', 'uninvite', 'remove', 'rotate', 'leave',
  'resolve', 'drop'];
const AGAIN = new Set([...READS, ...DONE_TWICE]);

/** What a failure is to another tab, and back. */
const told = ({ result, slug, message, advice }) => ({ result, slug, message, advice });
const read = ({ result, slug, message, advice }) =>
  new Failure(result ?? 'local', slug ?? 'failed', message, advice);

export class SharedClient extends Calls {
  #channel;
  #client; // of the tab that has the device
  #calls = new Map(); // that wait for another tab: id → {method, args, taken, resolve, reject}
  #listeners = new Set();
  #closing = new AbortController();

  /** `Client` opens the device with those options, in whichever tab has its turn. */
  constructor(Client, options) {
    super();
    this.#channel = new BroadcastChannel(options.storage.name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#lead(Client, options).catch(error => this.#fail(error));
  }

  /** Whether this tab has the device. */
  get leads() {
    return this.#client !== undefined;
  }

  async close() {
    this.#closing.abort();
    await this.#client?.close();
    this.#fail(new Failure('usage', 'closed', 'The client is closed.'));
    this.#channel.close();
  }

  /** Calls `listener` with each event of the device; gives a function that ends this. */
  on(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #say(event) {
    for (const listener of this.#listeners) listener(event);
  }

  #fail(error) {
    if (this.#closing.signal.aborted && this.#calls.size === 0) return;
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
    this.#say({ kind: 'failed', session: '', text: error.message });
  }

  async #lead(Client, options) {
    const client = await Client.open({ ...options,
      lock: { wait: true, signal: this.#closing.signal } });
    client.on(event => {
      this.#say(event);
      this.#channel.postMessage({ event });
    });
    client.listen();
    this.#client = client;
    this.#channel.postMessage({ leads: true });
    this.#ask();
  }

  // ---- calls of this tab ----

  #call(method, args) {
    if (this.#client) return this.#client[method](...args);
    return new Promise((resolve, reject) => {
      const id = crypto.randomUUID();
      this.#calls.set(id, { method, args, resolve, reject });
      this.#channel.postMessage({ call: { id, method, args } });
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

  async #hear({ call, taken, answer, leads, event }) {
    if (event) this.#say(event);
    if (leads) this.#ask();
    if (call && this.#client) await this.#serve(call);
    if (taken && this.#calls.has(taken)) this.#calls.get(taken).taken = true;
    if (answer) this.#settle(answer);
  }

  async #serve({ id, method, args }) {
    this.#channel.postMessage({ taken: id });
    const answer = await this.#client[method](...args).then(value => ({ id, value }),
      error => ({ id, failure: told(error) }));
    this.#channel.postMessage({ answer });
  }

  #settle({ id, value, failure }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (failure) call?.reject(read(failure));
    else call?.resolve(value);
  }

  static {
    for (const method of [...READS, ...DONE_TWICE, ...DONE_ONCE])
      this.prototype[method] ??= function call(...args) {
        return this.#call(method, args);
      };
    // with a key of its own a text is sent once, whichever tabs come to send it
    this.prototype.send = function send(session, text, saying) {
      return this.#call('send', [session, text, { key: crypto.randomUUID(), ...saying }]);
    };
  }
}
