// A client of the WebSocket, on the `ws` library, that keeps what it got.
import assert from 'node:assert/strict';

import WebSocket from 'ws';

import { webSocketApi } from './asyncapi.mjs';

export class Socket {
  /** Opened; throws { status } in an Error when it was refused. */
  static open(url, {
    token, protocols = ['hermetic.v1'], headers = {}, ...options
  } = {}) {
    const self = new Socket();
    if (token) headers.authorization = `Bearer ${token}`;
    self.frames = [];
    self.waiting = new Set();
    self.lastId = 0;
    self.ws = new WebSocket(url.replace(/^http/, 'ws') + '/ws', protocols,
      { headers, perMessageDeflate: false, ...options });
    self.closed = new Promise(done => self.ws.on('close', (code, reason) => {
      self.over = { code, reason: reason.toString() };
      for (const w of self.waiting) w();
      done(self.over);
    }));
    self.ws.on('message', (data, binary) => {
      assert.equal(binary, false);
      const frame = JSON.parse(data.toString('utf8'));
      webSocketApi.checkTold('/ws', frame);
      self.frames.push(frame);
      for (const w of self.waiting) w();
    });
    return new Promise((done, fail) => {
      self.ws.on('open', () => done(self));
      self.ws.on('unexpected-response', (request, response) => {
        request.destroy();
        fail(Object.assign(new Error(`refused: ${response.statusCode}`),
          { status: response.statusCode, headers: response.headers }));
      });
      self.ws.on('error', fail);
    });
  }

  static of(device, options = {}) {
    return Socket.open(options.url ?? device.url,
      { token: device.access, ...options });
  }

  /** Waits until `is()` is truthy; what arrives wakes it. */
  until(is, ms = 20_000, name = 'it') {
    return new Promise((done, fail) => {
      const look = () => {
        const found = is();
        if (!found && !this.over) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        if (found) done(found);
        else fail(new Error(`closed: ${JSON.stringify(this.over)}`));
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        fail(new Error(`${name} did not happen; got ` +
          JSON.stringify(this.frames.slice(-3))));
      }, ms);
      this.waiting.add(look);
      look();
    });
  }

  /** The first frame that has all these members; it stays in `frames`. */
  frame(members, ms) {
    const has = f => Object.entries(members).every(([k, v]) => f[k] === v);
    return this.until(() => this.frames.find(has), ms,
      JSON.stringify(members));
  }

  send(object) { this.ws.send(JSON.stringify(object)); }

  /** Sends a request and gives the answer with its id. */
  async ask(object) {
    const id = ++this.lastId;
    this.send({ ...object, id });
    const answer = await this.frame({ id });
    if (answer.type !== 'problem') webSocketApi.checkTaken('/ws', { ...object, id });
    return answer;
  }

  async subscribe(session, after = 0) {
    const answer = await this.ask({ type: 'subscribe', session_id: session.id,
      after });
    assert.equal(answer.type, 'subscribed', JSON.stringify(answer));
    assert.equal(answer.session_id, session.id);
    return answer;
  }

  messages(session) {
    return this.frames.filter(f =>
      f.type === 'message' && f.session_id === session.id);
  }

  /** Waits for the message `seq`; gives all that came, checked for order. */
  async upTo(session, seq, after = 0, ms) {
    await this.until(() => this.messages(session).at(-1)?.seq >= seq, ms,
      `message ${seq}`);
    const all = this.messages(session);
    all.forEach((m, i) => assert.equal(m.seq, after + i + 1,
      `message ${after + i + 1} is ${m.seq}: a gap or a repeat`));
    return all;
  }

  async close(code = 1000) {
    this.ws.close(code);
    return this.closed;
  }
}

export function problem(answer, status, slug) {
  assert.equal(answer.type, 'problem', JSON.stringify(answer));
  assert.equal(answer.problem.status, status);
  assert.equal(answer.problem.type, `urn:hermetic:problem:${slug}`);
  return answer.problem;
}
