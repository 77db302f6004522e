// The database's machine is gone, the standby is promoted: nothing that was
// acknowledged is lost, and every process finds the new primary by itself.
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Session, newUser, newUsers, nextHead, ok } from '../testlib/api.mjs';
import { MqttClient, eventsOf, messagesOf } from '../testlib/mqtt.mjs';
import { Socket } from '../testlib/socket.mjs';
import { needsOwn, rotateOnce, sleep, startBroker, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

describe('failover', { concurrency: false, skip: needsOwn }, () => {
  let primary, standby, nodes, broker, alice, bob;
  before(async () => {
    primary = await startPostgres();
    standby = await primary.standby({ synchronous: true });
    nodes = await Promise.all([1, 2].map(() =>
      startNode({ postgres: standby, workers: 1 })));
    broker = await startBroker({ postgres: standby });
    [alice, bob] = await newUsers(nodes[0].url, 'alice', 'bob');
  });
  after(async () => {
    await broker?.stop();
    await Promise.all((nodes ?? []).map(n => n.stop()));
    await standby?.stop();
    await primary?.stop();
  });

  // Each envelope is sent again until it is acknowledged.
  function sender(session, device, url) {
    const self = { acked: new Map(), goOn: true };
    const all = Promise.all([1, 2, 3].map(async () => {
      while (self.goOn) {
        const envelope = session.envelope();
        let answer;
        // 200: it had been stored when the answer was lost
        const done = () => answer?.status === 201 || answer?.status === 200;
        while (!done()) {
          answer = await session.send(device, { envelope, url })
            .catch(() => null);
          if (done()) break;
          if (answer) assert.ok(answer.status >= 500, JSON.stringify(answer));
          await sleep(50);
        }
        self.acked.set(answer.json.seq, answer.json.head);
      }
    }));
    self.stop = () => { self.goOn = false; return all; };
    return self;
  }

  async function whole(session) {
    const log = [];
    for (let page; page?.length !== 0; log.push(...page))
      page = await session.history(bob, `?after=${log.length}&limit=500`);
    for (let i = 1; i < log.length; i++) {
      assert.equal(log[i].seq, log[i - 1].seq + 1);
      assert.equal(nextHead(log[i - 1].head, log[i]), log[i].head);
    }
    return log;
  }

  test('the primary is killed under load, the standby promoted', async () => {
    const session = await Session.pair(alice, bob);
    const socket = await Socket.of(bob, { url: nodes[1].url });
    await socket.subscribe(session);
    const heard = await MqttClient.of(bob, broker);
    await heard.subscribe(messagesOf(session));
    const senders = nodes.map(n => sender(session, alice, n.url));
    await until(() => senders.every(s => s.acked.size > 20));
    await primary.kill();
    const before = senders.map(s => s.acked.size);
    await standby.promote();
    await until(() => senders.every((s, i) => s.acked.size > before[i] + 20),
      { name: 'new acknowledgements' });
    await Promise.all(senders.map(s => s.stop()));
    const log = await whole(session);
    let acked = 0;
    for (const s of senders)
      for (const [seq, head] of s.acked) {
        assert.equal(log[seq - 1].head, head, `number ${seq} is another`);
        acked++;
      }
    assert.equal(acked, log.length - 1, 'one for each, and the commit');
    const pushed = await socket.upTo(session, log.length);
    assert.equal(pushed.at(-1).head, log.at(-1).head);
    const told = await heard.upTo(session, log.length);
    assert.equal(told.at(-1).head, log.at(-1).head);
    await Promise.all([socket.close(), heard.close()]);
  });

  // seccomp is on: the lookup runs beside the loop under the same filter
  test('names are looked up; one that has no address is passed over',
    async () => {
      const server = createServer(socket => {
        const to = connect(`${standby.dir}/.s.PGSQL.5432`);
        socket.pipe(to).pipe(socket);
        for (const end of [socket, to]) end.on('error', () => socket.destroy());
      });
      await new Promise(done => server.listen(0, '127.0.0.1', done));
      const apiUrl = standby.apiUrl.replace(/@.*/, '@no.such.name.invalid,' +
        `localhost/hermetic?port=${server.address().port}`);
      const node = await startNode({ postgres: { apiUrl }, workers: 1 });
      await newUser(node.url, 'dora');
      await node.stop();
      server.close();
    });

  // 192.0.2.1 (RFC 5737) is nobody's: nothing answers, not even a refusal
  test('a host that never answers does not keep the others waiting',
    async () => {
      const apiUrl = standby.apiUrl.replace('host=', 'host=192.0.2.1,');
      const node = await startNode({ postgres: { apiUrl }, workers: 1 });
      await newUser(node.url, 'emil');
      await node.stop();
    });

  test('afterwards all goes on: accounts, sessions, MQTT, rotation',
    async () => {
      const carol = await newUser(nodes[1].url, 'carol');
      const session = await Session.pair(carol, alice);
      const mine = await MqttClient.of(alice, broker);
      await mine.subscribe(eventsOf(alice));
      assert.equal((await mine.send(session)).seq, 2);
      ok(await session.send(carol, { url: nodes[0].url }), 201);
      await rotateOnce(standby);
      await mine.close();
    });
});
