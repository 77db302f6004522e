// What nobody may do to the broker and the gate before it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUser, ok } from '../testlib/api.mjs';
import { typingNotice } from '../testlib/mls.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { MqttClient, eventsOf, messagesOf, typingOf } from '../testlib/mqtt.mjs';
import { freePort, startBroker, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

describe('limits of mqtt', { concurrency: false }, () => {
  let postgres, node, broker, alice;
  before(async () => {
    postgres = await startPostgres();
    [node, broker] = await Promise.all([startNode({ postgres, workers: 1 }),
      startBroker({ postgres, env: { HERMETIC_MQTT_CONNECT_SECONDS: '3',
        HERMETIC_MQTT_SESSIONS_PER_DAY: '2',
        HERMETIC_MQTT_CONNECTIONS: '200' } })]);
    alice = await newUser(node.url, 'alice');
  });
  after(async () => {
    await broker?.stop();
    await node?.stop();
    await postgres?.stop();
  });
  const connect = (device, options) => MqttClient.of(device, broker, options);
  const memory = () => Number(readFileSync(
    `/proc/${broker.pids().bridge}/status`, 'utf8').match(/VmRSS:\s*(\d+)/)[1]);
  const socket = bytes => new Promise((done, fail) => {
    const s = dial(broker.port, '127.0.0.1', () => {
      if (bytes) s.write(bytes);
      done(s);
    });
    s.on('close', () => { s.over = true; });
    s.on('error', e => { s.over = true; fail(e); });
  });

  test('who does nothing keeps nobody out, and has an end', async () => {
    await (await connect(alice)).close();
    const at = memory();
    const idle = [];
    for (let i = 0; i < 10; i++)
      idle.push(...await Promise.all(Array.from({ length: 100 },
        () => socket(Buffer.from([0x10])).catch(() => null))));
    const mine = await connect(alice, { tries: false });
    assert.ok(memory() - at < 20_000, `${memory() - at} KB`);
    await until(() => idle.every(s => !s || s.over),
      { ms: 15_000, name: 'the end of those who do nothing' });
    assert.ok(!mine.over);
    await mine.close();
    // nor who sends much before it is let in
    const large = await socket(Buffer.concat([
      Buffer.from([0x10, 0xff, 0xff, 0x07]), Buffer.alloc(20_000)]));
    await until(() => large.over, { ms: 2500, name: 'its end' });
  });

  test('topics are exact, and each has one name', async () => {
    const session = await Session.create(alice);
    const mine = await connect(alice);
    await mine.subscribe(messagesOf(session));
    for (const rest of ['events', 'answers'])
      assert.ok(await mine.trySubscribe(
        `hermetic/v1/device/${alice.id}/${rest}`) < 3, rest);
    for (const topic of ['hermetic/v1/#', 'hermetic/v1/session/#',
      'hermetic/v1/session/+/messages', `hermetic/v1/device/${alice.id}/#`,
      `hermetic/v1/device/${alice.id}/+`, `${eventsOf(alice)}/x`,
      `hermetic/v1/device/${alice.id}/${'x'.repeat(50_000)}`,
      messagesOf({ id: session.id.toUpperCase() })])
      if (topic !== messagesOf(session))
        assert.ok(await mine.trySubscribe(topic) >= 128, topic.slice(0, 80));
    await mine.close();
  });

  test('the broker keeps so many sessions for one device', async () => {
    const bob = await newUser(node.url, 'bob');
    const keeps = name => connect(bob, { clientId: `${bob.id}-${name}`,
      clean: false, tries: false, properties: { sessionExpiryInterval: 600 } });
    for (const name of ['one', 'two', 'one', 'two', 'one'])
      await (await keeps(name)).close();
    await assert.rejects(keeps('three'), e => e.code === 0x97);
    await assert.rejects(connect(bob, { version: 4, clean: false, tries: false,
      clientId: `${bob.id}-four` }), e => e.code === 3);
    // so are those that come at the same moment
    const dave = await newUser(node.url, 'dave');
    await (await connect(dave)).close();
    const all = await Promise.allSettled(Array.from({ length: 12 }, (_, i) =>
      connect(dave, { clientId: `${dave.id}-${i}`, clean: false, tries: false,
        properties: { sessionExpiryInterval: 600 } })));
    const inside = all.filter(one => one.status === 'fulfilled').map(one => one.value);
    assert.equal(inside.length, 2);
    assert.ok(all.every(one => one.value || one.reason.code === 0x97));
    await Promise.all(inside.map(one => one.close()));
    // and any number that end with their connection
    for (let i = 0; i < 4; i++)
      await (await connect(bob, { clientId: `${bob.id}-${i}` })).close();
    // who is not let in uses up nothing of a device's
    const carol = await newUser(node.url, 'carol');
    for (let i = 0; i < 4; i++)
      await assert.rejects(connect(carol, { clientId: `${carol.id}-${i}`,
        clean: false, tries: false, password: randomUUID(),
        properties: { sessionExpiryInterval: 600 } }));
    await (await connect(carol, { clientId: `${carol.id}-x`, clean: false,
      properties: { sessionExpiryInterval: 600 } })).close();
  });

  test('the gate listens for IPv6, too, and says why it cannot', async () => {
    const both = await startBroker({ postgres, env: { HERMETIC_MQTT_HOST: '::' } });
    for (const host of ['127.0.0.1', '[::1]'])
      await (await MqttClient.of(alice, both, { host })).close();
    await both.killBridge();
    const taken = createServer();
    await new Promise(done => { taken.listen(both.port, '::', done); });
    await both.startBridge();
    await until(() => /"cannot listen for clients","host":"::","port":"\d+"/.test(both.log()),
      { name: 'the reason why it ended' });
    await until(() => !both.runs(), { name: 'its end' });
    await new Promise(done => { taken.close(done); });
    await both.stop();
  });

  test('a log in which nothing is said costs the bridge nothing', async () => {
    const port = await freePort();
    const another = await startBroker({ postgres, env: {
      HERMETIC_MQTT_REPLAY_SECONDS: '0', HERMETIC_MQTT_METRICS_PORT: String(port) } });
    const logs = async () => (await scrape(port)).get('hermetic_mqtt_logs');
    const none = () => until(async () => await logs() === 0,
      { ms: 60_000, name: 'a bridge that knows no log' });
    const session = await Session.create(alice);
    const hers = await MqttClient.of(alice, another);
    await hers.known(session);
    const said = await Promise.all(Array.from({ length: 3 }, () => session.send(alice)));
    const last = Math.max(...said.map(one => ok(one, 201).seq));
    await hers.upTo(session, last);
    assert.ok(await logs() > 0);
    await none();
    // who types there is heard, and what is said there goes on where it was
    await hers.subscribe(typingOf(session));
    ok(await alice.post(session.path('/typing'),
      { notice: base64(typingNotice(session)) }), 204);
    await hers.next(m => m.topic === typingOf(session));
    assert.equal(await logs(), 0);
    hers.got.length = 0;
    await Promise.all(Array.from({ length: 3 }, () => session.send(alice)));
    assert.deepEqual((await hers.upTo(session, last + 3)).map(m => m.seq),
      [last + 1, last + 2, last + 3]);
    // also where no notice is heard: a sweep finds it
    await none();
    hers.got.length = 0;
    await postgres.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'hermetic bridge listener'`);
    await Promise.all(Array.from({ length: 3 }, () => session.send(alice)));
    assert.deepEqual((await hers.upTo(session, last + 6)).map(m => m.seq),
      [last + 4, last + 5, last + 6]);
    await hers.close();
    await another.stop();
  });
});
