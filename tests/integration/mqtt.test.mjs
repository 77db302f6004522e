// The same session from a broker: mosquitto with our plugin, and the bridge.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { AccountLog } from '../testlib/accounts.mjs';
import { Session, base64, login, newUser, newUsers, ok } from '../testlib/api.mjs';
import {
  MqttClient, eventsOf, messagesOf, sendTo, typingOf,
} from '../testlib/mqtt.mjs';
import { Socket } from '../testlib/socket.mjs';
import { rotateOnce, startBroker, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

const exec = promisify(execFile);

describe('mqtt', { concurrency: false }, () => {
  let postgres, node, broker, alice, bob, carol, mallory;
  before(async () => {
    postgres = await startPostgres();
    [node, broker] = await Promise.all([startNode({ postgres, workers: 1,
      env: { HERMETIC_ACCESS_LOG: '1' } }),
      startBroker({ postgres })]);
    [alice, bob, carol, mallory] = await newUsers(node.url, 'alice', 'bob', 'carol', 'mallory');
  });
  after(async () => {
    await broker?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  async function trio() {
    const session = await Session.create(alice);
    await session.add(alice, bob, carol);
    return session;
  }
  const connect = (device, options) => MqttClient.of(device, broker, options);

  test('the broker takes access tokens, and each for its own device',
    async () => {
      await (await connect(alice)).close();
      const fail = (device, options) => assert.rejects(
        connect(device, { tries: false, ...options }));
      await fail(alice, { password: `${alice.access.slice(0, -4)}AAAA` });
      await fail(alice, { password: '' });
      await fail(alice, { username: bob.username });
      await fail(alice, { clientId: `${bob.id}-x` });
      await fail(alice, { clientId: bob.id });
      await fail(alice, { clientId: 'hermetic-bridge-1' });
      await fail(alice, { clientId: `${alice.id}/#` });
      await fail(alice, { will: { topic: 'x', payload: 'y', qos: 0 } });
      await fail(alice, { version: 4,
        will: { topic: 'x', payload: 'y', qos: 0 } });
    });

  test('no will is sent, whoever has left it, and however the connection ends',
    async () => {
      const session = await trio();
      const hears = await connect(alice);
      await hears.known(session);
      await hears.subscribe(typingOf(session));
      for (const device of [mallory, bob])
        for (const [kind, version] of [['ws', 5], ['ws', 4], ['tls', 5], ['tls', 4]]) {
          const clientId = `${device.id}-w`;
          const will = { topic: typingOf(session), payload: '{}', qos: 0, retain: false };
          const one = () => connect(device, { kind, version, clientId, will });
          (await one()).client.stream.destroy();
          const second = await one(); // and is replaced by the next
          const third = await connect(device, { kind, version, clientId });
          await until(() => second.over, { name: 'the end of the one before' });
          await third.close();
        }
      // what is heard after them is all that is heard
      const { seq } = ok(await session.send(bob), 201);
      await hears.upTo(session, seq);
      assert.deepEqual(hears.got.filter(m => m.topic === typingOf(session)), []);
      await hears.close();
    });

  test('a stranger cannot take over a connection', async () => {
    const hers = await connect(alice, { clientId: `${alice.id}-phone` });
    await assert.rejects(connect(mallory,
      { clientId: `${alice.id}-phone`, tries: false }));
    const session = await trio();
    await hers.subscribe(messagesOf(session));
    ok(await session.send(bob), 201);
    await hers.upTo(session, 2);
    await hers.close();
  });

  test('what a request is called goes with its message', async () => {
    const session = await trio();
    const mine = await connect(bob);
    await mine.subscribe(messagesOf(session));
    const { seq } = ok(await session.send(alice,
      { headers: { 'x-request-id': 'to-the-broker' } }), 201);
    await mine.upTo(session, seq);
    const line = `"event":"delivered","request_id":"to-the-broker",` +
      `"seq":${seq},"receivers":1,`;
    await until(() => broker.log().includes(line), { name: line });
    await mine.close();
  });

  test('Alice by MQTT, Bob by WebSocket, Carol by REST: one log', async () => {
    const session = await trio();
    const mine = await connect(alice);
    const socket = await Socket.of(bob, { url: node.url });
    await mine.subscribe(messagesOf(session));
    await mine.subscribe(eventsOf(alice));
    await socket.subscribe(session);
    for (let i = 0; i < 5; i++) {
      const sent = await mine.send(session);
      assert.equal(sent.type, 'sent', JSON.stringify(sent));
      assert.equal(sent.seq, 2 + 2 * i);
      ok(await session.send(carol), 201);
    }
    const last = 11;
    const [hers, his] = await Promise.all([
      mine.upTo(session, last), socket.upTo(session, last)]);
    const rest = await session.history(carol, '?after=0');
    // she came after the commit, and hears what came after she did
    const heard = hers.filter(m => m.seq > 1);
    assert.deepEqual(heard, his.filter(m => m.seq > 1));
    assert.deepEqual(heard.map(({ type, ...m }) => m), rest.slice(1));
    const { properties } = mine.got.find(m =>
      m.topic === messagesOf(session) && m.json.seq === last).packet;
    assert.equal(properties.contentType, 'application/json');
    assert.ok(properties.messageExpiryInterval > 0);
    assert.equal(properties.userProperties.sequence, String(last));
    assert.equal(properties.userProperties.epoch, String(session.epoch));
    await Promise.all([mine.close(), socket.close()]);
  });

  test('MQTT 3.1.1: the answer on the device topic', async () => {
    const session = await trio();
    const mine = await connect(bob, { version: 4 });
    await mine.subscribe(eventsOf(bob));
    assert.equal((await mine.send(session)).seq, 2);
    const stranger = await connect(mallory, { version: 4 });
    await stranger.subscribe(eventsOf(mallory));
    const { problem } = await stranger.send(session);
    assert.equal(problem.type, 'urn:hermetic:problem:not-a-member');
    await Promise.all([mine.close(), stranger.close()]);
  });

  test('the same nonce again, an old epoch, garbage', async () => {
    const session = await trio();
    const mine = await connect(alice);
    await mine.subscribe(eventsOf(alice));
    const envelope = session.envelope();
    const first = await mine.send(session, { envelope });
    const again = await mine.send(session, { envelope });
    assert.equal(again.seq, first.seq);
    assert.equal(again.head, first.head);
    const old = await mine.send(session,
      { envelope: session.envelope({ epoch: 0 }) });
    assert.equal(old.problem.type, 'urn:hermetic:problem:epoch-changed');
    assert.equal(old.problem.epoch, session.epoch);
    assert.equal(old.ack.refused, 0x83);
    for (const bad of ['{', '{}', '{"envelope":5}', '{"envelope":"!"}', 'x',
      '{"envelope":"AAAA","more":1}', Buffer.alloc(0)]) {
      const answer = await mine.send(session, { envelope: Buffer.from(bad) });
      assert.equal(answer.type, 'problem', String(bad));
      assert.ok(answer.problem.status < 500);
    }
    const big = await mine.send(session, { envelope: Buffer.alloc(70_000, 1) });
    assert.equal(big.problem.type, 'urn:hermetic:problem:too-large');
    assert.equal((await mine.send(session)).seq, 3);
    await mine.close();
  });

  test('foreign topics and retained messages are refused', async () => {
    const session = await trio();
    const other = await connect(mallory);
    for (const topic of [messagesOf(session), eventsOf(alice), '#', '$SYS/#',
      'hermetic/received/#', `$share/g/${messagesOf(session)}`,
      messagesOf({ id: randomUUID() }), 'hermetic/v1/device/+/events'])
      assert.ok(await other.trySubscribe(topic) >= 128, topic);
    const mine = await connect(alice);
    for (const topic of [messagesOf(session), eventsOf(bob), 'x',
      sendTo({ id: randomUUID() }),
      `hermetic/received/${session.id}/${bob.id}`])
      await assert.rejects(mine.publish(topic, '{}'),
        e => e.code === 0x87, topic);
    await assert.rejects(other.publish(sendTo(session), session.envelope()),
      e => e.code === 0x87);
    mine.publish(sendTo(session), session.envelope(), { retain: true })
      .catch(() => {});
    await until(() => mine.over, { name: 'the end' });
    assert.equal(mine.reason, 0x9a);
    await other.close();
  });

  test('who is removed hears nothing more', async () => {
    const session = await trio();
    const [hers, his] = await Promise.all([connect(carol), connect(bob)]);
    await hers.subscribe(messagesOf(session));
    const second = await connect(carol);
    await second.subscribe(messagesOf(session));
    await his.subscribe(messagesOf(session));
    const sent = ok(await session.send(alice), 201);
    await Promise.all([hers, second, his].map(c => c.upTo(session, sent.seq)));
    await session.remove(alice, carol);
    await until(async () => await hers.trySubscribe(messagesOf(session)) >= 128,
      { ms: 3000, name: 'the removal' });
    const later = ok(await session.send(alice), 201);
    await his.upTo(session, later.seq);
    for (const c of [hers, second])
      assert.ok(c.messages(session).every(m => m.seq < later.seq));
    await assert.rejects(hers.publish(sendTo(session), session.envelope()),
      e => e.code === 0x87);
    await Promise.all([hers, second, his].map(c => c.close()));
  });

  test('a revoked token ends the connection within a second', async () => {
    const phone = await bob.another();
    const mine = await connect(phone);
    ok(await phone.post('/auth/logout', {}), 204);
    await until(() => mine.over, { ms: 3000, name: 'the end' });
    assert.equal(mine.reason, 0x98);
    await assert.rejects(connect(phone, { tries: false }));
  });

  test('so does a change of the password that ends the others', async () => {
    const eve = await newUser(node.url, 'eve'), phone = await eve.another();
    const [hers, mine] = [await connect(eve), await connect(phone)];
    ok(await eve.post('/auth/password', { password: eve.password,
      new_password: 'another password', end_others: true }), 204);
    await until(() => mine.over, { ms: 3000, name: 'the end' });
    assert.equal(mine.reason, 0x98);
    assert.ok(!hers.over);
    await hers.close();
  });

  test('a device that waits to be approved cannot connect', async () => {
    const eve = await newUser(node.url, 'eve');
    const log = new AccountLog(eve.username);
    ok(await eve.post(`/users/${eve.username}/log`,
      { link: base64(log.links[0]), salt: base64(log.salt) }), 201);
    await assert.rejects(connect(await eve.another(), { tries: false }));
    await (await connect(eve)).close();
  });

  test('a token that expires ends the connection', async () => {
    const short = await startNode({ postgres, workers: 1,
      env: { HERMETIC_ACCESS_TOKEN_SECONDS: '5' } });
    const phone = await login(short.url, bob);
    const mine = await connect(phone);
    await until(() => mine.over, { ms: 8000, name: 'the end' });
    assert.equal(mine.reason, 0x98);
    await assert.rejects(connect(phone, { tries: false }));
    await short.stop();
  });

  test('the device topic: keys are due, KeyPackages are few', async () => {
    const phone = await newUser(node.url, 'dora');
    const session = await Session.create(phone);
    ok(await phone.post('/key-packages',
      { key_packages: [base64(phone.keysFor().keyPackage())] }), 201);
    const mine = await connect(phone);
    await mine.subscribe(eventsOf(phone));
    await until(async () => await postgres.psql(`SELECT count(*)
      FROM hermetic.presence WHERE device_id = '${phone.id}'`) === '1',
    { name: 'presence' });
    await postgres.psql(`INSERT INTO hermetic.rotation (session_id, reason,
      hard_at) VALUES ('${session.id}', 'age', now() + interval '1 hour')`);
    await rotateOnce(postgres);
    const due = await mine.next(m => m.json.type === 'rotation_due');
    assert.equal(due.json.session_id, session.id);
    assert.equal(due.json.reason, 'age');
    await mine.next(m => m.json.type === 'key_packages_low');
    await mine.close();
  });

  test('TLS and WebSocket; QoS 1 to a session only through the gate',
    async () => {
      const session = await trio();
      for (const kind of ['tls', 'ws']) {
        const mine = await connect(alice, { kind });
        await mine.known(session);
        await mine.subscribe(messagesOf(session));
        await mine.subscribe(eventsOf(alice));
        mine.publish(sendTo(session), session.envelope(), { qos: 0 });
        const seq = kind === 'tls' ? 2 : 3;
        await mine.upTo(session, seq);
        await mine.next(m => m.json.type === 'sent' && m.json.seq === seq);
        mine.publish(sendTo(session), session.envelope()).catch(() => {});
        await until(() => mine.over, { name: 'the end' });
        assert.equal(mine.reason, 0x9b);
      }
    });

  test('mosquitto_pub and mosquitto_sub', async () => {
    const session = await trio();
    const args = (device, name) => ['-h', '127.0.0.1', '-p', `${broker.port}`,
      '-i', `${device.id}-${name}`, '-u', device.username,
      '-P', device.access, '-q', '1', '-V', 'mqttv5'];
    const ready = await connect(bob);
    await ready.subscribe(messagesOf(session));
    await ready.close();
    const sub = exec('mosquitto_sub', [...args(bob, 'sub'), '-C', '1', '-W',
      '10', '-t', messagesOf(session)]);
    const envelope = session.envelope().toString('base64');
    const done = sub.then(() => true, () => true);
    await until(async () => {
      await exec('mosquitto_pub', [...args(alice, 'pub'), '-t', sendTo(session),
        '-m', JSON.stringify({ envelope: session.envelope()
          .toString('base64') })]);
      return Promise.race([done, new Promise(r => setTimeout(r, 100))]);
    }, { ms: 8000, name: 'a message for mosquitto_sub' });
    const message = JSON.parse((await sub).stdout);
    assert.equal(message.session_id, session.id);
    assert.ok(message.seq > 1 && envelope);
  });

  test('a Welcome is told on the device topic', async () => {
    const session = await Session.create(alice);
    const his = await connect(bob);
    await his.subscribe(eventsOf(bob));
    await session.add(alice, bob);
    const told = await his.next(m => m.json.type === 'welcome' &&
      m.json.session_id === session.id);
    assert.ok(told.json.welcome_id);
    await his.close();
  });

  test('huge packets and floods: refused, and the broker stays up',
    async () => {
      const session = await trio();
      const mine = await connect(alice);
      mine.publish(sendTo(session), Buffer.alloc(400_000)).catch(() => {});
      await until(() => mine.over, { name: 'the end' });
      assert.equal(mine.reason, 0x95);
      const flood = await connect(mallory);
      const all = await Promise.all(Array.from({ length: 2000 }, () =>
        flood.publish(sendTo(session), 'x').then(() => 0, e => e.code)));
      assert.ok(all.every(code => code === 0x87));
      await flood.close();
      const good = await connect(alice);
      await good.subscribe(eventsOf(alice));
      assert.equal((await good.send(session)).seq, 2);
      await good.close();
      assert.ok(broker.runs());
    });
});
