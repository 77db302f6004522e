// Clients that go on by themselves, whatever happens to the servers. Each
// notes in the ledger what it was told, and when it last got somewhere.
import WebSocket from 'ws';

import { base64 } from '../testlib/api.mjs';
import { MqttClient, eventsOf, messagesOf, sendTo } from '../testlib/mqtt.mjs';
import { sleep } from '../testlib/stack.mjs';

const patience = 4000; // until an answer is given up

async function post(url, device, path, json) {
  const answer = await fetch(url + path, { method: 'POST',
    signal: AbortSignal.timeout(patience), body: JSON.stringify(json),
    headers: { authorization: `Bearer ${device.access}`,
      'content-type': 'application/json' } });
  return { status: answer.status, json: await answer.json() };
}

class Client {
  constructor(world, session, device, name) {
    Object.assign(this, { world, session, device, name, turn: 0,
      progress: Date.now(), reconnects: 0 });
  }

  url() { return this.urls[this.turn++ % this.urls.length]; }

  moved() { this.progress = Date.now(); }

  intend() {
    const envelope = base64(this.session.envelope());
    this.world.ledger.open(this.session, envelope);
    return envelope;
  }

  /** What an answer means; true when it is the last word. */
  settle(envelope, status, body) {
    const { ledger } = this.world;
    if (status < 300) {
      ledger.acked(envelope, body.seq, body.head);
      this.moved();
      return true;
    }
    if (status >= 500 || status === 429) return false;
    ledger.refused(envelope);
    if (body.type !== 'urn:hermetic:problem:epoch-changed')
      ledger.complain(`${this.name} was refused: ${JSON.stringify(body)}`);
    return true;
  }
}

export class RestClient extends Client {
  async run() {
    while (this.world.goOn) {
      const envelope = this.intend();
      while (!this.world.over) {
        const a = await post(this.url(), this.device,
          this.session.path('/send'), { envelope }).catch(() => null);
        if (a && this.settle(envelope, a.status, a.json)) break;
        await sleep(50);
      }
      await sleep(this.world.pace);
    }
  }
}

/** Listens from where it got to, and sends, one at a time. */
export class SocketClient extends Client {
  constructor(...args) {
    super(...args);
    this.heard = this.world.ledger.hears(this.name, this.session, true);
    this.id = 1;
  }

  async run() {
    while (!this.world.over && (this.world.goOn || this.waiting ||
           this.heard.last < this.world.end(this.session))) {
      await this.connect();
      this.reconnects++;
      await sleep(50);
    }
  }

  connect() {
    const ws = new WebSocket(`${this.url().replace('http', 'ws')}/ws`,
      ['hermetic.v1'], { handshakeTimeout: patience,
        perMessageDeflate: false,
        headers: { authorization: `Bearer ${this.device.access}` } });
    const say = o => ws.readyState === 1 && ws.send(JSON.stringify(o));
    let last = Date.now();
    const tick = setInterval(() => {
      if (Date.now() - last > patience) ws.terminate();
      else if (!this.world.goOn && !this.waiting &&
               this.heard.last >= this.world.end(this.session)) ws.close();
      else say({ type: 'ping', id: 0 });
    }, 500);
    ws.on('open', () => {
      say({ type: 'subscribe', id: 1, session_id: this.session.id,
        after: this.heard.last });
      this.send(say);
    });
    ws.on('message', data => {
      last = Date.now();
      this.take(JSON.parse(data), say, ws);
    });
    ws.on('error', () => {});
    return new Promise(done => ws.on('close', () => {
      clearInterval(tick);
      clearTimeout(this.next);
      done();
    }));
  }

  /** The one that waits again, or a new one. */
  send(say) {
    if (!this.waiting && !this.world.goOn) return;
    this.waiting ??= { id: ++this.id, envelope: this.intend() };
    say({ type: 'send', ...this.waiting });
  }

  take(f, say, ws) {
    if (f.type === 'message') {
      this.world.ledger.heard(this.heard, f);
      this.moved();
    } else if (f.type === 'going_away') {
      if (f.resume[0] && f.resume[0].after !== this.heard.last)
        this.world.ledger.complain(`${this.name}: a wrong position`);
    } else if (f.id === 1 && f.type === 'problem') {
      ws.terminate(); // not subscribed: try another node
    } else if (this.waiting && f.id === this.waiting.id) {
      const done = this.settle(this.waiting.envelope,
        f.type === 'sent' ? 200 : f.problem.status, f.problem ?? f);
      if (done) this.waiting = undefined;
      this.next = setTimeout(() => this.send(say),
        done ? this.world.pace : 100);
    }
  }
}

/** MQTT 5, QoS 1. What it hears may come again, and what was said while it
 * was away may be missing: such a client reads the history. */
export class BrokerClient extends Client {
  constructor(...args) {
    super(...args);
    this.heard = this.world.ledger.hears(this.name, this.session, false);
  }

  async run() {
    while (this.world.goOn || (this.envelope && !this.world.over)) {
      const client = await MqttClient.of(this.device, this.world.broker,
        { tries: false, connectTimeout: patience }).catch(() => null);
      if (client) await this.talk(client).catch(() => {});
      client?.client.end(true);
      this.reconnects++;
      await sleep(200);
    }
  }

  async talk(client) {
    client.client.on('message', (topic, payload) => {
      if (topic !== messagesOf(this.session)) return;
      this.world.ledger.heard(this.heard, JSON.parse(payload));
    });
    client.got.push = () => 0; // kept here, not there
    for (const topic of [eventsOf(this.device), messagesOf(this.session)])
      if (await client.trySubscribe(topic) > 2) return;
    while ((this.world.goOn || this.envelope) && !client.over) {
      this.envelope ??= this.intend();
      const answer = await this.ask(client);
      if (!answer) return;
      if (this.settle(this.envelope, answer.problem?.status ?? 200,
        answer.problem ?? answer)) this.envelope = undefined;
      await sleep(this.world.pace);
    }
  }

  ask(client) {
    // a device's topic is of all its connections
    const correlationData = Buffer.from(`${this.name} ${++this.turn}`);
    return new Promise(done => {
      const timer = setTimeout(done, patience);
      const over = answer => {
        clearTimeout(timer);
        client.client.off('message', look);
        client.client.off('close', over);
        done(answer);
      };
      const look = (topic, payload, packet) => {
        if (packet.properties?.correlationData?.equals(correlationData))
          over(JSON.parse(payload));
      };
      client.client.on('message', look);
      client.client.on('close', over);
      client.publish(sendTo(this.session),
        Buffer.from(this.envelope, 'base64'), { properties: { correlationData,
          responseTopic: eventsOf(this.device) } }).catch(() => {});
    });
  }
}

/** Renews the keys of a session, and lets somebody in and out. */
export class Churner extends Client {
  async run() {
    const { session, device } = this;
    for (let i = 0; this.world.goOn; i++) {
      const { guest } = this.world;
      const inside = session.leaves.has(guest.id);
      const step = [{}, inside ? { remove: [session.leaves.get(guest.id)] }
        : { add: [guest.keysFor(session.algorithm).keyPackage()] }][i % 2];
      const commit = base64(session.commit(device, step));
      const { next } = session;
      await this.until(next, { commit, group_info: base64(next.info()),
        ...(step.add && { welcome: base64(Buffer.alloc(100, i)) }) });
      session.adopt(next);
      if (step.remove) session.leaves.delete(guest.id);
      if (step.add) session.leaves.set(guest.id, session.freeLeaf());
      this.moved();
      await sleep(this.world.pace * 10);
    }
  }

  /** Posts until the session has that epoch: an answer may be lost. */
  async until(next, json) {
    while (!this.world.over) {
      const url = this.url();
      const a = await post(url, this.device, this.session.path('/commit'),
        json).catch(() => null);
      if (a?.status < 300) return; // 200: it was told before
      if (a?.status === 409) {
        const now = await this.device.get(this.session.path(), { url })
          .catch(() => null);
        if (now?.json?.epoch === next.epoch) return;
      } else if (a && a.status < 500) {
        this.world.ledger.complain(`a commit: ${JSON.stringify(a.json)}`);
      }
      await sleep(100);
    }
  }
}
