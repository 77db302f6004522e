// Who types: by all three doors, to both nodes and the broker, and nothing stored.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUser, ok, refused } from '../testlib/api.mjs';
import { typingNotice } from '../testlib/mls.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { MqttClient, eventsOf, typingOf } from '../testlib/mqtt.mjs';
import { Socket, problem } from '../testlib/socket.mjs';
import { freePort, startBroker, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

describe('typing', { concurrency: false }, () => {
  let postgres, one, two, limited, roomy, broker, alice, bob, carol, session;
  before(async () => {
    postgres = await startPostgres();
    [one, two, limited, roomy, broker] = await Promise.all([
      startNode({ postgres }),
      startNode({ postgres }),
      startNode({ postgres, workers: 1,
        env: { HERMETIC_TYPING_PER_MINUTE: '3' } }),
      startNode({ postgres, workers: 1,
        env: { HERMETIC_WEBSOCKET_BYTES: '67108864' } }),
      startBroker({ postgres })]);
    [alice, bob, carol] = await Promise.all([newUser(one.url, 'alice'),
      newUser(two.url, 'bob'), newUser(one.url, 'carol')]);
    session = await Session.create(alice);
    await session.add(alice, bob, carol);
  });
  after(async () => {
    await Promise.all([one, two, limited, roomy, broker].map(p => p?.stop()));
    await postgres?.stop();
  });

  const post = (device, notice, options) => device.post(
    session.path('/typing'), { notice: base64(notice) }, options);
  const type = (socket, notice) => socket.ask({ type: 'typing',
    session_id: session.id, notice: base64(notice) });
  const heardBy = (socket, notice, ms) => socket.frame({ type: 'typing',
    session_id: session.id, notice: base64(notice) }, ms);
  const follow = async (device, url) => {
    const socket = await Socket.of(device, { url });
    const { last_seq: last, typing } = await socket.subscribe(session);
    assert.equal(typing, true);
    await socket.upTo(session, last);
    return socket;
  };
  const heard = socket => socket.frames.filter(f => f.type === 'typing');

  test('three doors, two nodes, nothing stored', async () => {
    const [hers, his] = await Promise.all([follow(alice, one.url),
      follow(bob, two.url)]);
    const mqtt = await MqttClient.of(carol, broker);
    await mqtt.subscribe(typingOf(session));
    await mqtt.known(session);
    const { seq } = ok(await session.send(alice), 201);
    await Promise.all([hers.upTo(session, seq), his.upTo(session, seq),
      mqtt.upTo(session, seq)]);
    const stored = () => postgres.rows(
      `SELECT last_seq, encode(head, 'hex') AS head,
         (SELECT count(*)::int FROM hermetic.message) AS messages
       FROM hermetic.session`);
    const before = await stored();
    const everywhere = async notice => {
      await Promise.all([heardBy(hers, notice), heardBy(his, notice)]);
      const { json, packet } = await mqtt.next(m =>
        m.json.notice === base64(notice));
      assert.deepEqual(json, { type: 'typing', session_id: session.id,
        notice: base64(notice) });
      assert.equal(packet.topic, typingOf(session));
      assert.equal(packet.qos, 0);
      assert.equal(packet.retain, false);
    };
    const notices = Array.from({ length: 5 }, () => typingNotice(session));

    assert.equal((await post(alice, notices[0])).status, 204);
    await everywhere(notices[0]);
    assert.equal((await alice.call('POST', session.path('/typing'), {
      bytes: notices[1], type: 'application/octet-stream',
    })).status, 204);
    await everywhere(notices[1]);
    assert.equal((await type(his, notices[2])).type, 'typed');
    await everywhere(notices[2]);
    await mqtt.publish(typingOf(session), notices[3], { qos: 0 });
    await everywhere(notices[3]);
    await mqtt.publish(typingOf(session),
      JSON.stringify({ notice: base64(notices[4]) }), { qos: 0 });
    await everywhere(notices[4]);

    assert.deepEqual(await stored(), before);
    for (const socket of [hers, his]) {
      assert.equal(heard(socket).length, notices.length);
      await socket.close();
    }
    await mqtt.close();
  });

  test('what is refused is refused alike', async () => {
    const hers = await follow(alice, one.url);
    const mqtt = await MqttClient.of(alice, broker);
    await mqtt.subscribe(eventsOf(alice));
    await mqtt.known(session);
    let id = 0;
    const everywhere = async (notice, status, slug) => {
      refused(await post(alice, notice), status, slug);
      problem(await type(hers, notice), status, slug);
      await mqtt.publish(typingOf(session),
        JSON.stringify({ notice: base64(notice), id: ++id }), { qos: 0 });
      problem((await mqtt.next(m => m.json.id === id)).json, status, slug);
    };
    const other = await Session.create(alice);

    await everywhere(typingNotice(session, { version: 2 }), 422, 'typing-invalid');
    await everywhere(typingNotice(session, { sealed: 0 }), 422, 'typing-invalid');
    await everywhere(typingNotice(other), 422, 'typing-invalid');
    await everywhere(typingNotice(session, { sealed: 300 }), 413, 'too-large');
    await everywhere(typingNotice(session, { epoch: session.epoch - 1 }), 409,
      'epoch-changed');
    assert.equal((await post(alice, typingNotice(session, { epoch: 99 })))
      .json.epoch, session.epoch);
    refused(await bob.post(other.path('/typing'),
      { notice: base64(typingNotice(other)) }), 403, 'not-a-member');
    await mqtt.publish(typingOf(session), '{"notice":5,"id":77}', { qos: 0 });
    problem((await mqtt.next(m => m.json.id === 77)).json, 400, 'malformed');
    await Promise.all([hers.close(), mqtt.close()]);
  });

  test('a broker that hears nothing for a while gets the messages', async () => {
    process.kill(broker.pids().broker, 'SIGSTOP');
    // more than its socket holds and the bridge may have on its way
    for (let i = 0; i < 40; i++)
      for (const answer of await Promise.all(Array.from({ length: 20 }, () =>
        post(alice, typingNotice(session, { sealed: 200 })))))
        ok(answer, 204);
    await broker.killBroker();
    await broker.startBroker();
    const mqtt = await MqttClient.of(carol, broker);
    await mqtt.known(session);
    const { seq } = ok(await session.send(alice), 201);
    await mqtt.upTo(session, seq);
    await mqtt.close();
  });

  test('too often: it is dropped, and the answer says so', async () => {
    const hers = await follow(alice, limited.url);
    for (let i = 0; i < 3; i++)
      ok(await post(alice, typingNotice(session), { url: limited.url }), 204);
    const answer = await post(alice, typingNotice(session), { url: limited.url });
    refused(answer, 429, 'too-many-requests');
    assert.match(answer.headers.get('ratelimit-policy'), /^"typing";q=3;w=60$/);
    problem(await type(hers, typingNotice(session)), 429, 'too-many-requests');
    // nor does another session help, be there one or not
    const other = await Session.create(alice);
    for (const id of [other.id, randomUUID()])
      refused(await alice.post(`/session/${id}/typing`,
        { notice: base64(typingNotice({ id, epoch: 0 })) }, { url: limited.url }),
      429, 'too-many-requests');
    // messages, and other devices, are no matter of that
    ok(await post(bob, typingNotice(session), { url: limited.url }), 204);
    ok(await session.send(alice, { url: limited.url }), 201);
    await hers.close();
  });

  test('a reader that is behind gets the messages, and no notice', async () => {
    const [hers, his] = await Promise.all([follow(alice, roomy.url),
      follow(bob, roomy.url)]);
    const first = heard(his).length;
    assert.equal(first, 0);
    his.ws.pause();
    // more than the sockets of both ends hold
    let seq;
    for (let i = 0; i < 30; i++)
      ({ seq } = ok((await Promise.all(Array.from({ length: 6 }, () =>
        session.send(alice, { length: 48_000 })))).at(-1), 201));
    const notices = Array.from({ length: 20 }, () => typingNotice(session));
    for (const notice of notices) {
      assert.equal((await type(hers, notice)).type, 'typed');
      await heardBy(hers, notice); // it was handed on
    }
    assert.equal(heard(his).length, first);
    his.ws.resume();
    await his.until(() => his.messages(session).some(m => m.seq >= seq), 60_000);
    await his.upTo(session, his.messages(session).at(-1).seq, his.messages(
      session)[0].seq - 1); // none is missing
    assert.equal(heard(his).length, first);
    const last = typingNotice(session);
    assert.equal((await type(hers, last)).type, 'typed');
    await heardBy(his, last);
    await Promise.all([hers.close(), his.close()]);
  });

  test('a worker that has too much to ask drops notices, and no message',
    async () => {
      const queries = () => postgres.backends('hermetic queries');
      const others = await queries();
      const port = await freePort();
      const full = await startNode({ postgres, workers: 1,
        env: { HERMETIC_QUEUE_STATEMENTS: '16',
          HERMETIC_METRICS_PORT: String(port) } });
      const [pid] = (await queries()).filter(n => !others.includes(n));
      const his = await follow(bob, full.url);
      const asked = [];
      process.kill(pid, 'SIGSTOP');
      try {
        for (let i = 0; i < 3; i++)
          asked.push(alice.get('/sessions', { url: full.url }));
        await until(async () =>
          (await scrape(port)).get('hermetic_statement_queue') === 3,
        { name: 'three that wait' });
        for (let i = 0; i < 10; i++) // answered, so nothing was asked
          ok(await post(alice, typingNotice(session), { url: full.url }), 204);
        const { seq } = ok(await session.send(alice, { url: full.url }), 201);
        await his.until(() => his.messages(session).at(-1)?.seq === seq);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      for (const answer of await Promise.all(asked)) ok(answer);
      const last = typingNotice(session);
      ok(await post(alice, last, { url: full.url }), 204);
      await heardBy(his, last);
      assert.deepEqual(heard(his).map(f => f.notice), [base64(last)]);
      await his.close();
      await full.stop();
    });

  test('who is out hears nothing more, and says nothing', async () => {
    const [hers, his] = await Promise.all([follow(carol, two.url),
      follow(bob, two.url)]);
    const first = typingNotice(session);
    ok(await post(alice, first), 204);
    await Promise.all([heardBy(hers, first), heardBy(his, first)]);
    const { seq } = await session.remove(alice, carol);
    await his.upTo(session, seq);
    const second = typingNotice(session);
    ok(await post(alice, second), 204);
    await heardBy(his, second);
    await hers.frame({ type: 'unsubscribed', session_id: session.id });
    assert.deepEqual(heard(hers).map(f => f.notice), [base64(first)]);
    refused(await post(carol, typingNotice(session)), 403, 'not-a-member');
    await Promise.all([hers.close(), his.close()]);
  });
});
