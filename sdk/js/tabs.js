// One tab has the device, and does what all of them ask for; the others follow. When it is
// closed, the next one opens the device: it waits for the same lock.
//
// {call: {id, method, args, ask, waits}} is asked for by a tab, {taken: {id, ask, by}} says who
// has it, {begin: {id, by}} lets that one do it, {answer: {id, value | failure}} comes of it, and
// {settled: id} says that it has come. {leads: true}: another tab has the device now; {event}.
import { Calls } from './calls.js';
import { Listeners } from './listeners.js';
import { Failure } from './module.js';

const READS = ['sessions', 'describe', 'invitations', 'entry', 'entries', 'outbox', 'verify',
  'devices', 'blocks', 'letters', 'person', 'find', 'search', 'wishes', 'status', 'saveFile',
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
const told = ({ result, slug, message, advice, about }) =>
  ({ result, slug, message, advice, about });
const read = ({ result, slug, message, advice, about }) =>
  new Failure(result ?? 'local', slug ?? 'failed', message, advice, about);

export class SharedClient extends Calls {
  #name = crypto.randomUUID(); // of this tab
  #channel;
  #client; // of the tab that has the device
  // that wait for another tab: id → {method, args, ask, isBegun, resolve, reject}; `ask` counts
  // how often it was asked for
  #calls = new Map();
  #listeners = new Listeners();
  #closing = new AbortController();
  #closed; // the promise of close()
  #leading; // ends when this tab stands in line no more
  #serving = new Set(); // answers that other tabs wait for
  #known = new Map(); // calls of other tabs, by id, until these have the answers
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
      const id = crypto.randomUUID(), call = { method, args, ask: 0, resolve, reject };
      this.#post(id, call); // throws what cannot be sent
      this.#calls.set(id, call);
    });
  }

  /** Asks for a call, once more each time. What is not to be done twice is begun when this tab
   * has said so to the tab that takes it: a tab that has gone since may have taken it, too. */
  #post(id, call) {
    const { method, args } = call;
    this.#channel.postMessage({ call: { id, method, args, ask: ++call.ask,
      waits: !AGAIN.has(method) } });
  }

  /** Another tab has the device now, perhaps this one. What the one before had begun may have
   * been done. */
  #ask() {
    for (const [id, call] of this.#calls) {
      if (call.isBegun) {
        this.#calls.delete(id);
        call.reject(new Failure('busy', 'tab-closed',
          'The tab that was about to do this was closed. Look whether it was done.'));
      } else if (this.#client) {
        this.#calls.delete(id);
        this.#client[call.method](...call.args).then(call.resolve, call.reject);
      } else {
        this.#post(id, call);
      }
    }
  }

  #begin({ id, ask, by }) {
    const call = this.#calls.get(id);
    if (call?.ask !== ask || call.isBegun) return; // it was asked for again since
    call.isBegun = true;
    this.#channel.postMessage({ begin: { id, by } });
  }

  // ---- what other tabs say ----

  async #hear({ call, taken, begin, answer, settled, leads, event }) {
    if (event) this.#listeners.tell(event);
    if (leads) this.#ask();
    if (settled) this.#known.delete(settled);
    if (call && this.#client) await this.#take(call);
    if (taken) this.#begin(taken);
    if (begin?.by === this.#name) await this.#serve(begin.id);
    if (answer) this.#settle(answer);
  }

  // A call that was on its way when this tab came to lead is asked for once more then.
  async #take({ id, ask, waits, ...call }) {
    if (!this.#known.has(id)) this.#known.set(id, call);
    if (waits) this.#channel.postMessage({ taken: { id, ask, by: this.#name } });
    else await this.#serve(id);
  }

  async #serve(id) {
    const call = this.#known.get(id);
    if (!this.#client || !call || call.isBegun) return;
    call.isBegun = true;
    const served = this.#answer(call.method, call.args).then(value => ({ id, value }),
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
