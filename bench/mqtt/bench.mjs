// What MQTT costs: Hermetic's broker, bridge and gate against bare mosquitto,
// in one run on one machine.
//
//   HERMETIC_BUILD=build/release node bench/mqtt/bench.mjs
//
// - CPU of the broker for one publish, with our plugin and without;
// - publishes acknowledged a second (QoS 1), with durability and without;
// - from an MQTT publish to a WebSocket, and from a REST request to MQTT.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Session, newUser } from '../../tests/testlib/api.mjs';
import { MqttClient, messagesOf, sendTo } from '../../tests/testlib/mqtt.mjs';
import { Socket } from '../../tests/testlib/socket.mjs';
import { freePort, startBroker, startNode, startPostgres, until }
  from '../../tests/testlib/stack.mjs';

const mqtt = createRequire(
  new URL('../../tests/package.json', import.meta.url))('mqtt');
const PUBLISHES = 20_000;
const ACKED = 3000;
const TRIPS = 200;

const cpu = pid => // nanoseconds on a processor, all threads
  readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number)[0];
// Without a pause: it would be the larger part of what is measured.
async function soon(what) {
  while (!what()) await new Promise(setImmediate);
}
const quantile = (list, q) =>
  [...list].sort((a, b) => a - b)[Math.floor(q * (list.length - 1))];

async function bare() {
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-bench-'));
  const port = await freePort();
  writeFileSync(join(dir, 'conf'), `listener ${port} 127.0.0.1
listener 0 ${join(dir, 'sock')}
allow_anonymous true
log_type error
user ${process.env.USER ?? 'root'}
`);
  const child = spawn('mosquitto', ['-c', join(dir, 'conf')],
    { stdio: 'ignore' });
  return { port, pid: child.pid, socket: join(dir, 'sock'),
    stop: () => { child.kill(); rmSync(dir, { recursive: true }); } };
}

const overUnix = (path, options) => until(() => new Promise(done => {
  const client = new mqtt.MqttClient(() => connect(path),
    { protocolVersion: 5, reconnectPeriod: 0, keepalive: 0, ...options });
  client.on('error', () => done(null));
  client.on('connect', () => done(client));
  client.on('close', () => done(null));
}), { name: path });

// The broker's CPU for one publish of QoS 0 that nobody follows.
async function publishCost(client, pid, topic, payload) {
  const round = async n => {
    for (let i = 0; i < n; i += 100) {
      for (let k = 1; k < 100; k++) client.publish(topic, payload);
      await client.publishAsync(topic, payload, { qos: 1 }).catch(() => {});
    }
  };
  await round(2000);
  const before = cpu(pid);
  await round(PUBLISHES);
  return (cpu(pid) - before) / PUBLISHES / 1000;
}

async function acked(client, topic, envelopes) {
  const start = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: 64 }, async () => {
    while (next < envelopes.length)
      await client.publishAsync(topic, envelopes[next++], { qos: 1 });
  }));
  return envelopes.length / (performance.now() - start) * 1000;
}

const postgres = await startPostgres({ settings: { fsync: 'on' } });
const [node, broker, plain] = await Promise.all([
  startNode({ postgres, workers: 1 }), startBroker({ postgres }), bare()]);
const [alice, bob] = await Promise.all(
  ['alice', 'bob'].map(n => newUser(node.url, n)));
const session = await Session.create(alice);
await session.add(alice, bob);
const topic = sendTo(session);
const envelope = session.envelope();

const mine = await MqttClient.of(alice, broker);
const socket = await Socket.of(bob, { url: node.url });
await socket.subscribe(session);
const his = await MqttClient.of(bob, broker);
await his.subscribe(messagesOf(session));

const there = [];
const back = [];
for (let i = 0; i < TRIPS; i++) {
  let start = performance.now();
  const seq = 2 + 2 * i;
  mine.publish(topic, session.envelope()).catch(() => {});
  await soon(() => socket.messages(session).at(-1)?.seq >= seq);
  there.push(performance.now() - start);
  start = performance.now();
  await session.send(bob);
  await soon(() => his.got.at(-1)?.json.seq === seq + 1);
  back.push(performance.now() - start);
}

const durable = await acked(mine.client, topic,
  Array.from({ length: ACKED }, () => session.envelope()));
const free = await overUnix(plain.socket, { clientId: 'bench' });
const undurable = await acked(free, topic,
  Array.from({ length: ACKED }, () => session.envelope()));
await Promise.all([mine.close(), his.close(), socket.close()]);

await broker.killBridge(); // its share is not the plugin's
const through = await overUnix(join(broker.dir, 'mqtt.sock'), {
  clientId: `${alice.id}-bench`, username: alice.username,
  password: alice.access });
const costs = { plugin: [], bare: [] };
for (let i = 0; i < 3; i++) {
  costs.bare.push(await publishCost(free, plain.pid, topic, envelope));
  costs.plugin.push(await publishCost(through, broker.pids().broker, topic,
    envelope));
}
const [withPlugin, without] = [quantile(costs.plugin, 0.5),
  quantile(costs.bare, 0.5)];
console.log(JSON.stringify({
  broker_cpu_us: { with_plugin: withPlugin, bare: without,
    plugin: withPlugin - without },
  acked_per_second: { durable, bare: undurable, ratio: durable / undurable },
  mqtt_to_websocket_ms: { p50: quantile(there, 0.5), p99: quantile(there, 0.99) },
  rest_to_mqtt_ms: { p50: quantile(back, 0.5), p99: quantile(back, 0.99) },
}, null, 2));
await Promise.all([through.endAsync(true), free.endAsync(true)]);
plain.stop();
await broker.stop().catch(() => {});
await node.stop();
await postgres.stop();
