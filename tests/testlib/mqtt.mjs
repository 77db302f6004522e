// MQTT clients for tests: the npm library, one connection a device.
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';

import { mqttApi } from './asyncapi.mjs';
import { until } from './stack.mjs';

let count = 0;

export const messagesOf = session => `hermetic/v1/session/${session.id}/messages`;
export const sendTo = session => `hermetic/v1/session/${session.id}/send`;
export const typingOf = session => `hermetic/v1/session/${session.id}/typing`;
export const eventsOf = device => `hermetic/v1/device/${device.id}/events`;

/** One connection, tried until the broker is ready for it. */
export class MqttClient {
  constructor(client, device) {
    Object.assign(this, { client, device, got: [], knows: new Set() });
    client.on('message', (topic, payload, packet) => {
      const json = JSON.parse(payload.toString());
      mqttApi.checkTold(topic, json);
      this.got.push({ topic, json, packet });
    });
    client.on('disconnect', packet => { this.reason = packet.reasonCode; });
    client.on('close', () => { this.over = true; });
    client.on('error', e => { this.error = e; });
  }

  /** kind: 'gate', 'tls' or 'ws'; version: 5 or 4 (MQTT 3.1.1); host: of the gate. */
  static async of(device, broker, {
    version = 5, kind = 'gate', clientId, tries = true, host = '127.0.0.1', ...options
  } = {}) {
    const id = clientId ?? `${device.id}-${++count}`;
    const url = { gate: `mqtt://${host}:${broker.port}`,
      tls: `mqtts://127.0.0.1:${broker.tlsPort}`,
      ws: `ws://127.0.0.1:${broker.wsPort}` }[kind];
    const attempt = () => new Promise((done, fail) => {
      const client = mqtt.connect(url, { clientId: id, protocolVersion: version,
        username: device.username, password: device.access, reconnectPeriod: 0,
        connectTimeout: 5000, resubscribe: false,
        ...(kind === 'tls' && { ca: readFileSync(broker.ca) }), ...options });
      const self = new MqttClient(client, device);
      client.once('connect', connack => done(Object.assign(self, { connack })));
      client.once('error', e => { client.end(true); fail(e); });
      client.once('close', () => { client.end(true); fail(new Error('closed')); });
    });
    if (!tries) return attempt();
    let last;
    return until(() => attempt().catch(e => {
      last = e;
      if (e.code === 134 || e.code === 135 || e.code === 5) throw e;
      return null;
    }), { name: 'a connection' }).catch(e => {
      throw Object.assign(last ?? e, { log: broker.log() });
    });
  }

  /** Once: resolves to the SUBACK's code. */
  trySubscribe(topic, qos = 1) {
    return new Promise(done => this.client.subscribe(topic, { qos },
      (e, granted, packet) => done(packet?.granted?.[0] ?? granted?.[0]?.qos ??
        e?.code ?? 128)));
  }

  /** The broker knows a moment later who has become a member just now. */
  async known(session) {
    if (this.knows.has(session.id)) return;
    await this.subscribe(messagesOf(session));
    this.knows.add(session.id);
  }

  /** A member that has come just now is known a moment later; after a database
   * that was away the broker asks again within five seconds. */
  subscribe(topic) {
    return until(async () => await this.trySubscribe(topic) < 3,
      { ms: 20_000, name: `a subscription to ${topic}` });
  }

  publish(topic, payload, options = {}) {
    return this.client.publishAsync(topic, payload, { qos: 1, ...options });
  }

  /** Sends an envelope; waits for the PUBACK, and for the answer. */
  async send(session, { envelope = session.envelope(), ...options } = {}) {
    const correlation = Buffer.from(`c${++count}`);
    const five = this.client.options.protocolVersion === 5;
    if (five) await this.known(session);
    const payload = five ? envelope
      : JSON.stringify({ envelope: envelope.toString('base64'), id: count });
    const id = count;
    const ack = await this.publish(sendTo(session), payload, {
      ...(five && { properties: { responseTopic: eventsOf(this.device),
        correlationData: correlation } }), ...options })
      .catch(e => ({ refused: e.code ?? e.message }));
    const answer = await this.next(m => five
      ? m.packet.properties?.correlationData?.equals(correlation)
      : m.json.id === id, 5000);
    if (!five && answer.json.type === 'sent')
      mqttApi.checkTaken(sendTo(session), JSON.parse(payload));
    return { ack, ...answer.json };
  }

  next(which, ms = 10_000) {
    return until(() => this.got.find(which), { ms, name: 'a message' })
      .catch(e => { throw new Error(`${e.message}: ${JSON.stringify(this.got
        .map(g => g.json)).slice(0, 800)}`); });
  }

  /** The session's messages so far, in the order of their arrival, once. */
  messages(session) {
    const seen = new Set();
    return this.got.filter(m => m.topic === messagesOf(session) &&
      !seen.has(m.json.seq) && seen.add(m.json.seq)).map(m => m.json);
  }

  async upTo(session, seq, ms) {
    await this.next(m => m.topic === messagesOf(session) &&
      m.json.seq === seq, ms);
    return this.messages(session);
  }

  close() { return this.client.endAsync(true); }
}
