// A device of an account: its requests by fetch(), what is pushed by WebSocket, its records
// in a storage. What is asked and what it means is decided in the module (module.js).
import { areTokens, checkLogin, isDone, parse, refusalOf } from './answers.js';
import { compiledBy } from './compiled.js';
import { Listeners } from './listeners.js';
import { Live } from './live.js';
import { Failure, Module } from './module.js';
import { ORDER, Orders, SAY, VALUE, sleep } from './orders.js';
import { Records } from './records.js';
import { Transfers } from './transfers.js';

const ASK_AGAIN_MS = 1000; // whether another device has approved this one
const TIMER_MOST_MS = 2 ** 31 - 1;
const ANSWER_MS = 60_000; // as libhermetic waits for an answer: all else of the device waits, too
const HOW = { credentials: 'omit', cache: 'no-store', redirect: 'error',
  referrerPolicy: 'no-referrer' };
// What the server asks for, and nobody waits for: it asks again.
const OBLIGED = new Set(['stock', 'asked', 'receipt']);

/** scrypt takes 128 MB, which a module's memory never gives back: so it is done in one
 * that is forgotten. */
const apart = compiled => new Module(compiled, {});

const keyWith = compiled => (...args) => apart(compiled).recordKey(...args);

export class Client extends Orders {
  #options;
  #compiled;
  #records;
  #module;
  #unlock;
  #account; // {server, username, user_id, device_id, password, stands}
  #tokens; // {access, refresh}
  #renewal; // that is under way
  #last = Promise.resolve(); // of what is done one after another
  #listeners = new Listeners();
  #live;
  #timer; // of what is due next
  #transfers;
  #closing; // the promise of close()
  #broken; // why it has closed itself
  #cut = new AbortController(); // of requests that nobody waits for any more
  #tellEnded;
  #ended = new Promise(done => { this.#tellEnded = done; });

  constructor(options) {
    super();
    this.#options = { fetch: (...args) => fetch(...args), ...options };
  }

  // ---- opening ----

  /** The device of the account that is logged in in that storage. */
  static async open(options) {
    const client = new Client(options);
    return client.#begin(async () => {
      await client.#openRecords();
      if (!client.#account?.stands)
        throw new Failure('look', 'approval-needed',
          'This device is not approved yet: log in again, and show its code.',
          client.#module?.advice('look'));
    });
  }

  /** Makes the account, with this as its first device. */
  static async register(options) {
    const client = new Client(options);
    return client.#begin(() => client.#comeIn(true));
  }

  /** Logs in: the same device again, or a new one of the account. `onCode` is given the
   * code that a person, and nobody else, carries to another device. */
  static async login(options) {
    const client = new Client(options);
    return client.#begin(() => client.#comeIn(false));
  }

  /** Whether somebody is logged in in that storage, or has begun to. */
  static exists(storage) {
    return Records.exist(storage);
  }

  /** Rejects where the passphrase does not open that storage; another tab may have its lock. */
  static async check({ storage, passphrase, wasm }) {
    await Records.open(storage, passphrase, keyWith(await compiledBy(wasm)));
  }

  /** The rows of a QR code of that text: "1" is dark. */
  static async qr(text, { wasm }) {
    return apart(await compiledBy(wasm)).qr(text);
  }

  async #begin(f) {
    this.#unlock = await this.#options.storage.lock(this.#options.lock);
    try {
      this.#compiled = await compiledBy(this.#options.wasm);
      await f();
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #openRecords() {
    const { storage, passphrase } = this.#options;
    this.#keepIn(await Records.open(storage, passphrase, keyWith(this.#compiled)));
    this.#account = this.#records.readJson('account');
    this.#tokens = this.#records.readJson('tokens');
    if (this.#account) await this.#openDevice();
  }

  #keepIn(records) {
    this.#records = records;
    records.onBroken = error => this.#break(error);
  }

  async #openDevice() {
    const { algorithms = '', stock = 0, receipts = false } = this.#options;
    this.#module = new Module(this.#compiled, this.#records, error => this.#break(error));
    this.#module.must('open', [this.#account.username, this.#account.device_id,
      algorithms], stock, receipts ? 1 : 0);
    await this.#records.flush();
  }

  async #comeIn(isNew) {
    const { storage, passphrase, scryptN, token } = this.#options;
    if (await Records.exist(storage)) await this.#openRecords();
    const username = this.#options.username ?? this.#account?.username;
    if (!username) throw new Failure('usage', 'username', 'A user name is wanted.');
    const password = apart(this.#compiled).password(username, passphrase);
    if (isNew && this.#account)
      throw new Failure('conflict', 'state-exists', 'There is a state already.');
    if (this.#account && this.#account.username !== username)
      throw new Failure('usage', 'other-account',
        `The state is that of ${this.#account.username}.`);
    if (isNew) await this.#post('/auth/register', { username, password, token });
    const answer = await this.#post('/auth/login', { username, password,
      ...this.#account ? { device_id: this.#account.device_id }
        : { device_name: this.#options.deviceName ?? 'browser' } });
    checkLogin(answer, this.#account?.device_id);
    if (!this.#records)
      this.#keepIn(await Records.make(storage, passphrase, keyWith(this.#compiled), scryptN));
    await this.#keepTokens(answer);
    await this.#keepAccount({ server: this.#options.server, username,
      user_id: answer.user_id, device_id: answer.device_id, password });
    if (!this.#module) await this.#openDevice();
    await this.#stand(answer.pending === true);
  }

  /** This device comes to stand in the account's log. */
  async #stand(pending) {
    let waited = false;
    const { recovery } = this.#options;
    if (!pending) await this[ORDER]({ kind: 'account' });
    else if (recovery) await this[ORDER]({ kind: 'recover', text: recovery });
    for (;;) {
      const told = await this[ORDER]({ kind: 'enrol' }, 'look');
      if (told.result === 'ok') break;
      if (!told.code || !this.#options.onCode) this.#module.check(told);
      if (!waited) this.#options.onCode(told.code);
      waited = true;
      await sleep(ASK_AGAIN_MS);
    }
    if (waited || pending) await this.#renew(this.#tokens.access);
    await this[ORDER]({ kind: 'stock' });
    await this.#keepAccount({ ...this.#account, stands: true });
  }

  async #keepAccount(account) {
    this.#account = account;
    await this.#records.writeJson('account', account);
  }

  async #keepTokens({ access_token: access, refresh_token: refresh }) {
    this.#tokens = { access, refresh };
    await this.#records.writeJson('tokens', this.#tokens);
  }

  get username() {
    return this.#account?.username;
  }

  get deviceId() {
    return this.#account?.device_id;
  }

  /** Whose device this is, and whether a server pushes to it. */
  async status() {
    return { username: this.username, deviceId: this.deviceId,
      connected: this.#live?.isOpen };
  }

  /** Ends what is under way; the state stays, and can be opened again. */
  close() {
    return this.#closing ??= this.#close();
  }

  async #close() {
    this.#live?.close();
    clearTimeout(this.#timer);
    try {
      await this.#transfers?.close();
      await this.#last;
      await this.#renewal?.catch(() => {});
      this.#module?.close();
    } finally {
      this.#module = undefined;
      await this.#release();
    }
  }

  async #release() {
    try {
      await this.#unlock?.();
    } finally {
      this.#unlock = undefined;
      this.#tellEnded(this.#broken);
    }
  }

  /** Resolves when the client is closed: with a Failure where it has closed itself. */
  get ended() {
    return this.#ended;
  }

  // For good: what the device knows is ahead of what is stored, or the module has failed. The
  // next one that opens the state goes on from what is stored.
  #break(error) {
    if (this.#broken) return;
    this.#broken = error;
    this.#cut.abort();
    this.#say({ kind: 'failed', session: '', text: error.message });
    this.close().catch(() => {}); // what it was is told by `ended`
  }

  /** The server forgets the login; the state stays. Where the server does not say that it has
   * done so, this is told, and the login stays as it is. */
  async logout() {
    await this.#serial(async () => {
      const { status, text } = await this.#ask('POST', '/auth/logout', '{}');
      // 401: the login has ended already
      if (status !== 401 && !isDone(status)) throw refusalOf(status, text);
      await this.#records.writeJson('tokens', null);
      await this.#keepAccount({ ...this.#account, password: undefined, stands: false });
    });
    await this.close();
  }

  // ---- the server ----

  /** {status, text, ahead}; status 0: it was not reached. */
  async #fetch(method, path, body, access) {
    const headers = { accept: 'application/json' };
    if (body) headers['content-type'] = 'application/json';
    if (access) headers.authorization = `Bearer ${access}`;
    try {
      const answer = await this.#options.fetch(new URL(path, this.#options.server),
        { ...HOW, method, headers, body,
          signal: AbortSignal.any([this.#cut.signal, AbortSignal.timeout(ANSWER_MS)]) });
      const date = Date.parse(answer.headers.get('date') ?? '');
      return { status: answer.status, text: await answer.text(),
        ahead: Number.isNaN(date) ? 0 : date - Date.now() };
    } catch {
      return { status: 0, text: '', ahead: 0 };
    }
  }

  /** A request whose body or answer is bytes; undefined: the server was not reached. */
  async #pass({ method, path, headers }, body, signal) {
    const ask = () => {
      const all = new Headers(headers.map(line => line.split(/: (.*)/).slice(0, 2)));
      all.set('authorization', `Bearer ${this.#tokens?.access}`);
      return this.#options.fetch(new URL(path, this.#options.server), { ...HOW, method,
        headers: all, body, signal: AbortSignal.any([signal, this.#cut.signal]) });
    };
    try {
      const { access } = this.#tokens ?? {};
      const answer = await ask();
      return answer.status === 401 && await this.#renew(access) ? await ask() : answer;
    } catch {
      return undefined;
    }
  }

  // Before there is a device: what a server refuses is told by its problem.
  async #post(path, body) {
    const { status, text } = await this.#fetch('POST', path, JSON.stringify(body));
    if (isDone(status)) return parse(text);
    throw refusalOf(status, text);
  }

  /** A request of the device. Another token is got where the one is outdated: also that of
   * a device that has waited, and may have been approved since. */
  async #ask(method, path, body) {
    const { access } = this.#tokens ?? {};
    const answer = await this.#fetch(method, path, body, access);
    if (answer.status !== 401 && !/device-pending/.test(parse(answer.text).type))
      return answer;
    if (!await this.#renew(access)) return answer;
    return this.#fetch(method, path, body, this.#tokens.access);
  }

  /** Another token than `refused`; false: none was to be had. */
  #renew(refused) {
    if (this.#tokens?.access !== refused) return true;
    this.#renewal ??= this.#getTokens().finally(() => { this.#renewal = undefined; });
    return this.#renewal;
  }

  async #getTokens() {
    const { username, password, device_id } = this.#account;
    const tries = [['/auth/refresh', { refresh_token: this.#tokens?.refresh }]];
    if (password) tries.push(['/auth/login', { username, password, device_id }]);
    for (const [path, body] of tries) {
      const answer = await this.#fetch('POST', path, JSON.stringify(body));
      if (answer.status === 200) {
        const tokens = parse(answer.text);
        if (!areTokens(tokens)) break;
        await this.#keepTokens(tokens);
        return true;
      }
      if (answer.status !== 401 && answer.status !== 403) break;
    }
    return false;
  }

  // ---- orders ----

  /** One after another: the device takes one order at a time. */
  #serial(f) {
    if (this.#closing)
      return Promise.reject(this.#broken ??
        new Failure('usage', 'closed', 'The client is closed.'));
    const result = this.#last.then(() => {
      if (this.#broken) throw this.#broken;
      return f();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  [ORDER](order, ...accepted) {
    return this.#serial(() => this.#run(order, accepted));
  }

  async #run(order, accepted = []) {
    this.#module.must('start', [JSON.stringify(order)]);
    for (;;) {
      const turn = this.#module.json('turn');
      await this.#records.flush(); // before anything is told to a server
      if (turn.wait !== undefined) {
        await sleep(turn.wait);
      } else if (turn.path !== undefined) {
        const { status, text, ahead } = await this.#ask(turn.method, turn.path, turn.body);
        this.#module.answer(status, text, ahead);
      } else {
        break;
      }
    }
    const outcome = this.#module.json('outcome');
    await this.#records.flush();
    this.#tell();
    return this.#module.check(outcome, ...accepted);
  }

  #tell() {
    for (;;) {
      const event = this.#module.json('event');
      if (event.kind === undefined) break;
      this.#say(event);
    }
    this.#watch(0);
  }

  /** Looks after so many milliseconds what is due by itself, while this client listens. */
  #watch(ms) {
    if (!this.#live || this.#closing) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#serial(() => this.#due()).catch(() => {}),
      Math.min(Math.max(ms, 0), TIMER_MOST_MS));
    this.#timer.unref?.();
  }

  async #due() {
    const { order, at } = this.#module.must('due');
    await this.#records.flush();
    this.#tell();
    if (order) await this.#oblige(order);
    else if (at !== undefined) this.#watch(at - Date.now());
    else clearTimeout(this.#timer);
  }

  // That it could not be done now keeps nobody from anything.
  #oblige(order) {
    return this.#run(order, ['look']).catch(error => {
      if (this.#broken) throw error;
    });
  }

  #say(event) {
    if (event.json) event.json = JSON.parse(event.json);
    this.#listeners.tell(event);
  }

  [VALUE](name, ...args) {
    return this.#serial(async () => {
      const { value } = this.#module.must(name, ...args);
      await this.#records.flush(); // what has expired goes by reading, too
      this.#watch(0);
      return value;
    });
  }

  // ---- events ----

  /** Calls `listener` with each event; gives a function that ends this. */
  on(listener) {
    return this.#listeners.add(listener);
  }

  /** Connects, and follows every session of this device. A connection that is lost is made
   * again by itself. */
  listen() {
    this.#live ??= new Live({
      options: this.#options,
      token: async renew => {
        if (renew) await this.#renew(renew);
        return this.#tokens?.access;
      },
      places: () => this.#places(),
      hear: frame => this.#hear(frame),
      welcomes: () => this.#welcomes(),
      waiting: () => this.#sendWaiting(),
      refresh: session => this.refresh(session),
      say: (kind, text) => this.#say({ kind, session: '', text }),
    });
    this.#live.open();
  }

  /** Takes in what was pushed, and does what is to be done for it. */
  #hear(frame) {
    return this.#serial(async () => {
      const { order } = this.#module.check(this.#module.hand('hear', frame));
      await this.#records.flush();
      this.#tell();
      // what waits to be sent waits: that is no failure of reading
      if (OBLIGED.has(order?.kind)) await this.#oblige(order);
      else if (order) await this.#run(order, ['look']);
      return order;
    });
  }

  /** [[ID, NUMBER]…]: the sessions to follow, and from where on. */
  async #places() {
    const sessions = await this.sessions();
    return sessions.filter(s => s.state === 'member').map(s => [s.session_id, s.last_seq]);
  }

  async #welcomes() {
    for (const { session_id } of await this.invitations()) {
      const order = await this.#hear(JSON.stringify({ type: 'welcome', session_id }));
      if (order?.kind === 'join') await this.#live.follow(order.session);
    }
  }

  async #sendWaiting() {
    const items = await this.outbox();
    const ids = new Set(items.filter(i => i.state === 'waiting').map(i => i.session_id));
    for (const session of ids)
      await this.refresh(session).catch(() => {});
  }

  // ---- sessions ----

  /** What the module knows of a session, with how far its person has read. */
  #describe(id) {
    const told = this.#module.json('describe', [id]);
    const { result, read, count } = this.#module.json('unread', [id]);
    if (told.result === 'ok' && result === 'ok')
      Object.assign(told.value, { read, unread: count });
    return told;
  }

  /** What this device knows of all its sessions: docs/state.md has the members. */
  sessions() {
    return this.#serial(async () => {
      const { value: ids } = this.#module.must('sessions');
      const list = ids.map(id => this.#describe(id))
        .filter(told => told.result === 'ok').map(told => told.value);
      await this.#records.flush();
      return list;
    });
  }

  describe(session) {
    return this.#serial(async () => {
      const { value } = this.#module.check(this.#describe(session));
      await this.#records.flush();
      return value;
    });
  }

  /** Of the server's list those about which a person is asked. */
  invitations() {
    return this.#serial(async () => {
      const { status, text } = await this.#ask('GET', '/invitations');
      if (status !== 200) throw refusalOf(status, text);
      return this.#module.check(this.#module.hand('invitations', text)).value;
    });
  }

  async #entered(order) {
    const told = await this[ORDER](order);
    await this.#live?.follow(told.session);
    return told;
  }

  async create({ name, users = [], open = false, verifiedOnly = false } = {}) {
    return (await this.#entered({ kind: 'create', name, users, open, verifiedOnly })).session;
  }

  async join(session) {
    const { anew } = await this.#entered({ kind: 'join', session });
    await this[ORDER]({ kind: 'stock' }).catch(() => {}); // the server asks again
    return anew;
  }

  /** The person types there, or does not any more. */
  async type(session, types = true) {
    await this.#serial(async () => {
      const { frame } = this.#module.must('type', [session], types ? 1 : 0);
      if (frame) this.#live?.send(frame);
    });
  }

  // ---- files ----

  get #files() {
    return this.#transfers ??= new Transfers({
      module: this.#module,
      serial: f => this.#serial(f),
      flush: () => this.#records.flush(),
      ask: (...args) => this.#pass(...args),
      say: event => this.#say(event),
    });
  }

  /** Seals what a Blob or a stream has, stores it, and says it with that text. */
  async sendFile(session, source, { key = crypto.randomUUID(), name = source.name ?? 'file',
    type = source.type || undefined, text = '', ...saying } = {}) {
    return this.#files.send({ session, key, name, type }, source, file =>
      this[SAY]({ kind: 'send', session, text, file, ...saying }));
  }

  /** {name, type, size, blob} of what an entry names, once all of it was verified. */
  async saveFile(session, number, { to } = {}) {
    return this.#files.save(session, number, to);
  }

  /** A transfer under that key; what has come of it stays. */
  async cancel(key) {
    this.#transfers?.cancel(key);
  }

  /** Entries that are kept, from the one after `after` to the last. */
  async entries(session, { after = 0, last = Infinity } = {}) {
    return this.#serial(async () => {
      const { value } = this.#module.must('describe', [session]);
      const list = [];
      for (let n = Math.max(after, value.last_seq - last) + 1; n <= value.last_seq; n++) {
        const told = this.#module.check(this.#module.json('entry', [session], n), 'gone');
        if (told.result === 'ok') list.push(told.value);
      }
      await this.#records.flush();
      return list;
    });
  }
}
