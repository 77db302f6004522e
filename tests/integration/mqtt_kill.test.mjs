// MQTT's promises when processes die: a PUBACK means durable, nothing that was
// acknowledged is lost, nothing comes twice, no gap stays.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, newUsers, nextHead, ok } from '../testlib/api.mjs';
import { MqttClient, messagesOf, sendTo } from '../testlib/mqtt.mjs';
import { needsOwn, sleep, startBroker, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

describe('mqtt, killed', { concurrency: false }, () => {
  let postgres, node, one, two, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    [node, one, two] = await Promise.all([
      startNode({ postgres, workers: 1 }), startBroker({ postgres }),
      startBroker({ postgres })]);
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
  });
  after(async () => {
    await Promise.all([one?.stop(), two?.stop()]);
    await node?.stop();
    await postgres?.stop();
  });

  const pair = () => Session.pair(alice, bob);

  const stored = async session => new Set((await postgres.rows(`
    SELECT encode(nonce, 'hex') AS nonce FROM hermetic.message
    WHERE session_id = '${session.id}' AND kind = 1`)).map(r => r.nonce));
  const nonceOf = envelope => envelope.subarray(25, 41).toString('hex');

  // Sends until told to stop, several at once, each again until it is
  // acknowledged, over as many connections as it takes. A list of what was.
  function sender(session, device, broker, version = 5) {
    const acked = [];
    const self = { acked, goOn: true, resent: 0 };
    const link = { client: null };
    const connected = async () => {
      if (!link.client || link.client.over)
        link.opening ??= MqttClient.of(device, broker, { version })
          .then(async c => {
            await c.known(session).catch(e => { if (!c.over) throw e; });
            link.client = c;
          })
          .finally(() => { link.opening = null; });
      await link.opening;
      return link.client;
    };
    const one = async () => {
      while (self.goOn) {
        const envelope = session.envelope();
        for (;;) {
          const client = await connected();
          // the library keeps silent about what a lost connection took along
          const lost = until(() => client.over, { ms: 60_000 })
            .then(() => 'lost', () => 'lost');
          const how = await Promise.race([lost,
            client.publish(sendTo(session), envelope)
              .then(() => 'acked', () => 'lost')]);
          if (how === 'acked') break;
          self.resent++;
          await sleep(20); // the loss itself must have time to be told
        }
        acked.push(nonceOf(envelope));
      }
    };
    const all = Promise.all([one(), one(), one(), one()]);
    self.stop = async () => {
      self.goOn = false;
      await all;
      await link.client.close();
    };
    return self;
  }

  async function whole(session) {
    const log = [];
    for (let after = 0, page; page?.length !== 0; after += page.length) {
      page = await session.history(bob, `?after=${after}&limit=500`);
      log.push(...page);
    }
    for (let i = 1; i < log.length; i++) {
      assert.equal(log[i].seq, log[i - 1].seq + 1);
      assert.equal(nextHead(log[i - 1].head, log[i]), log[i].head);
    }
    return log;
  }

  test('after a PUBACK, broker and bridge die at once: it is stored',
    async () => {
      for (const version of [5, 4]) {
        const session = await pair();
        const client = await MqttClient.of(alice, one, { version });
        await client.known(session);
        const acked = [];
        const envelopes = Array.from({ length: 300 },
          () => session.envelope());
        for (const envelope of envelopes)
          client.publish(sendTo(session), envelope)
            .then(() => acked.push(nonceOf(envelope)), () => {});
        await until(() => acked.length > 20, { name: 'PUBACKs' });
        const promised = [...acked];
        await one.kill();
        const there = await stored(session);
        for (const nonce of promised) assert.ok(there.has(nonce));
        await client.close();
        await one.startBroker();
        await one.startBridge();
      }
    });

  test('no PUBACK while the database is stopped', async () => {
    const session = await pair();
    const client = await MqttClient.of(alice, one);
    await client.known(session);
    await client.publish(sendTo(session), session.envelope());
    // as if it hung: the backends stand still
    const backends = (await postgres.rows(`SELECT pid FROM ${postgres.activity}
      WHERE application_name = 'hermetic writer'
        AND usename = 'hermetic_mqtt_bridge'`)).map(r => r.pid);
    assert.equal(backends.length, 2);
    for (const pid of backends) process.kill(pid, 'SIGSTOP');
    let acked = false;
    const sent = client.publish(sendTo(session), session.envelope())
      .then(() => { acked = true; });
    // the broker is not held up by it
    const other = await MqttClient.of(bob, one);
    for (let i = 0; i < 5; i++)
      assert.ok(await other.trySubscribe(messagesOf(session)) < 3);
    await other.close();
    assert.equal(acked, false);
    for (const pid of backends) process.kill(pid, 'SIGCONT');
    await sent;
    await client.close();
  });

  for (const [name, kill, skip] of [
    ['the bridge', async () => {
      await one.killBridge();
      await one.startBridge();
    }],
    ['the broker', async () => {
      await one.killBroker();
      await one.startBroker();
    }],
    ['PostgreSQL', () => postgres.restart(), needsOwn],
  ]) {
    test(`${name} is killed under load`, { skip }, async () => {
      const session = await pair();
      const far = await MqttClient.of(bob, two);
      await far.subscribe(messagesOf(session));
      const sending = sender(session, alice, one);
      for (let i = 0; i < 2; i++) {
        const from = sending.acked.length;
        await until(() => sending.acked.length > from + 50);
        await kill();
      }
      const from = sending.acked.length;
      await until(() => sending.acked.length > from + 50);
      await sending.stop();
      const log = await until(() => whole(session).catch(e => {
        if (e.code === 'ERR_ASSERTION' && !/50[03]/.test(e.message)) throw e;
      }), { name: 'the log' });
      const sent = log.filter(m => m.kind === 1).map(m =>
        nonceOf(Buffer.from(m.envelope, 'base64')));
      assert.equal(new Set(sent).size, sent.length, 'none twice');
      const there = new Set(sent);
      for (const nonce of sending.acked) assert.ok(there.has(nonce));
      assert.equal(there.size, sending.acked.length);
      // the other broker's client missed nothing, in order
      const got = await far.upTo(session, log.at(-1).seq, 15_000);
      assert.deepEqual(got.map(({ type, ...m }) => m), log.slice(-got.length));
      assert.ok(got[0].seq <= 2);
      await far.close();
    });
  }

  test('who was away gets it from the broker\'s session', async () => {
    const session = await pair();
    const id = { clientId: `${bob.id}-away`, clean: false,
      properties: { sessionExpiryInterval: 300 } };
    const first = await MqttClient.of(bob, two, id);
    await first.subscribe(messagesOf(session));
    await first.close();
    const sending = sender(session, alice, one);
    await until(() => sending.acked.length > 30);
    await sending.stop();
    const last = sending.acked.length + 1;
    const again = await MqttClient.of(bob, two, id);
    const got = await again.upTo(session, last);
    assert.deepEqual(got.filter(m => m.seq > 1).map(m => m.seq),
      Array.from({ length: last - 1 }, (_, i) => i + 2));
    await again.close();
  });

  test('what was stored while the bridge was away is told when it is back',
    async () => {
      const session = await pair();
      // by a listener of the broker's own: the connection outlives the bridge
      const his = await MqttClient.of(bob, one, { kind: 'tls' });
      await his.subscribe(messagesOf(session));
      await one.killBridge();
      for (let i = 0; i < 5; i++) ok(await session.send(alice), 201);
      await one.startBridge();
      const got = await his.upTo(session, 6);
      assert.deepEqual(got.filter(m => m.seq > 1).map(m => m.seq),
        [2, 3, 4, 5, 6]);
      await his.close();
    });

  test('two brokers, one order', async () => {
    const session = await pair();
    const clients = await Promise.all([one, two].map(b =>
      MqttClient.of(bob, b)));
    await Promise.all(clients.map(c => c.subscribe(messagesOf(session))));
    const senders = [sender(session, alice, one), sender(session, bob, two, 4)];
    await until(() => senders.every(s => s.acked.length > 50));
    await Promise.all(senders.map(s => s.stop()));
    const last = 1 + senders.reduce((n, s) => n + s.acked.length, 0);
    const [a, b] = await Promise.all(clients.map(c => c.upTo(session, last)));
    assert.deepEqual(a.filter(m => m.seq > 1), b.filter(m => m.seq > 1));
    assert.equal(ok(await alice.get(session.path())).last_seq, last);
    await Promise.all(clients.map(c => c.close()));
  });
});
