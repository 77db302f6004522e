// The connection by which a server pushes: made again whenever it is lost. What is pushed is
// handed on as it came.
import { parse } from './answers.js';

const FIRST_MS = 250, MOST_MS = 15000; // before the next try
const PING_MS = 30000, PONG_MS = 10000;
const TOKEN_ENDED = 4401;
const PASSING = new Set(['unreachable', 'busy', 'local']);

export class Live {
  #has;
  #socket;
  #open = false;
  #isTold = false; // that there is no connection
  #closed = false;
  #timer;
  #backoff = FIRST_MS;
  #refused; // the token with which the connection has ended
  #last = Promise.resolve();
  #pong;
  #asked = []; // the sessions that were subscribed to, by the id of the request

  constructor(has) {
    this.#has = has;
  }

  open() {
    if (this.#socket || this.#closed || this.#timer) return;
    this.#connect().catch(error => this.#lost(error.message));
  }

  /** Whether a server pushes; undefined as long as the first try has not come to an end. */
  get isOpen() {
    return this.#open || (this.#isTold ? false : undefined);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#pong);
    this.#socket?.close();
  }

  async #connect() {
    const { options, token } = this.#has;
    const access = await token(this.#refused);
    if (this.#closed) return;
    this.#refused = undefined;
    const url = new URL('/ws', options.server);
    url.protocol = url.protocol.replace('http', 'ws');
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    const socket = new Socket(url.href, ['hermetic.v1', `bearer.${access}`]);
    this.#socket = socket;
    let why = 'The server was not reached.';
    socket.onopen = () => {
      why = 'The connection was lost.';
      this.#serial(() => this.#begin(socket));
    };
    socket.onmessage = ({ data }) => {
      this.#alive(socket);
      this.#serial(() => this.#take(socket, data));
    };
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      if (this.#socket !== socket) return;
      // a refused handshake does not say why: the token may be outdated
      if (code === TOKEN_ENDED || !this.#open) this.#refused = access;
      this.#serial(() => this.#lost(reason || why));
    };
  }

  // What could not be taken in for now is read from the log by the next connection. What
  // is refused for good is told, and keeps nobody from the rest.
  #serial(f) {
    this.#last = this.#last.then(f).catch(error => {
      if (this.#closed) return;
      this.#has.say('failed', error.message);
      if (PASSING.has(error.result) || !error.result) this.#socket?.close();
    });
  }

  #lost(reason) {
    clearTimeout(this.#pong);
    this.#socket = undefined;
    if (this.#closed) return;
    const wasOpen = this.#open;
    this.#open = false;
    // a first try may have failed by an outdated token alone
    if (wasOpen || (!this.#isTold && this.#backoff > FIRST_MS)) {
      this.#isTold = true;
      this.#has.say('disconnected', reason);
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.open();
    }, this.#backoff);
    this.#backoff = Math.min(2 * this.#backoff, MOST_MS);
  }

  async #begin(socket) {
    this.#asked = [];
    for (const [session, after] of await this.#has.places())
      this.#subscribe(socket, session, after);
    this.#open = true;
    this.#isTold = false;
    this.#has.say('connected', '');
    this.#alive(socket);
    await this.#has.waiting();
    await this.#has.welcomes();
    this.#backoff = FIRST_MS;
  }

  #subscribe(socket, session_id, after) {
    const id = this.#asked.push(session_id);
    if (socket.readyState === 1)
      socket.send(JSON.stringify({ type: 'subscribe', id, session_id, after }));
  }

  /** Sends that, where there is a connection: nobody waits for it. */
  send(frame) {
    if (this.#socket?.readyState === 1) this.#socket.send(frame);
  }

  /** This device is in that session now. */
  async follow(session) {
    if (!this.#open) return;
    for (const [id, after] of await this.#has.places())
      if (id === session) this.#subscribe(this.#socket, id, after);
  }

  // A session that is refused: its log, read once more, says whether this device is in it.
  async #take(socket, data) {
    const { type, id, session_id: session } = parse(data);
    if (type === 'problem' && this.#asked[id - 1])
      return this.#has.refresh(this.#asked[id - 1]);
    if (type !== 'welcome') return this.#has.hear(data);
    // to a session that another device of the account is in, or a reason to ask for the list
    const order = await this.#has.hear(JSON.stringify({ type, session_id: session, pushed: true }));
    return order?.kind === 'join' ? this.follow(order.session) : this.#has.welcomes();
  }

  // A connection that says nothing for long is asked whether it is there.
  #alive(socket) {
    clearTimeout(this.#pong);
    this.#pong = setTimeout(() => {
      if (socket.readyState === 1) socket.send('{"type":"ping"}');
      this.#pong = setTimeout(() => socket.close(), PONG_MS);
    }, PING_MS);
    this.#pong.unref?.();
  }
}
