// What a sender says that it has seen of the log stands in clear, signed: what is
// not the log's own past is refused at every door, and nothing of it is stored.
// Else one member with a false head would make all others stop.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Session, base64, firstHead, newUser, newUsers, ok, refused } from '../testlib/api.mjs';
import { newNonce, noise, view } from '../testlib/mls.mjs';
import { MqttClient, eventsOf } from '../testlib/mqtt.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { Socket } from '../testlib/socket.mjs';
import {
  freePort, rotateOnce, startBroker, startNode, startPostgres,
} from '../testlib/stack.mjs';

describe('views of the log', { concurrency: false }, () => {
  let postgres, node, broker, port, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    port = await freePort();
    [node, broker] = await Promise.all([startNode({ postgres,
      env: { HERMETIC_METRICS_PORT: String(port) } }),
    startBroker({ postgres })]);
    [alice, bob, carol] = await newUsers(node.url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await broker?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  const links = Buffer.from([0]);
  const random = () => randomBytes(32).toString('hex');

  async function trio() {
    const session = await Session.create(alice);
    await session.add(alice, bob, carol);
    return session;
  }

  const expected = async () =>
    (await scrape(port)).get('hermetic_messages_expected_total') ?? 0;

  /** Views that are none of this log, each for a reason of its own. */
  async function falseViews(session) {
    const log = await session.history(alice);
    const { seq, head } = log.at(-1);
    return {
      'another head': { seq, head: random() },
      'the head of another entry': { seq, head: log.at(-2).head },
      'an entry to come': { seq: seq + 1, head },
      'one far away': { seq: 2n ** 63n - 1n, head },
      'another start': { seq: 0, head },
      'the start of another session': { seq: 0,
        head: firstHead('00000000-0000-4000-8000-000000000000') },
    };
  }

  test('refused at each door; what is right is stored, old or new',
    async () => {
      const session = await trio();
      const socket = await Socket.of(bob);
      const mqtt = await MqttClient.of(carol, broker);
      await mqtt.subscribe(eventsOf(carol));
      const doors = {
        REST: async options => (await session.send(alice, options)).json,
        WebSocket: async options => {
          const answer = await socket.ask({ type: 'send',
            envelope: base64(session.envelope(options)) });
          return answer.problem ?? answer;
        },
        MQTT: async options => {
          const answer = await mqtt.send(session,
            { envelope: session.envelope(options) });
          return answer.problem ?? answer;
        },
      };
      await session.send(alice);
      for (const [door, send] of Object.entries(doors)) {
        const { length } = await session.history(alice);
        for (const [what, seen] of Object.entries(await falseViews(session))) {
          const { type, status } = await send({ seen });
          assert.equal(type, 'urn:hermetic:problem:view-differs',
            `${door}: ${what}`);
          assert.equal(status, 409);
        }
        for (const said of [Buffer.alloc(0), noise(57),
          view({ seq: 0, head: firstHead(session.id) })]) // no nonce
          assert.equal((await send({ said })).type,
            'urn:hermetic:problem:envelope-invalid', door);
        const log = await session.history(alice);
        assert.equal(log.length, length, door);
        for (const { seq, head } of [...log, { seq: 0,
          head: firstHead(session.id) }])
          assert.ok((await send({ seen: { seq, head } })).seq, door);
      }
      await mqtt.close();
      await socket.close();
    });

  test('where the writer numbers by itself: one false view among many',
    async () => {
      const session = await trio();
      for (const device of [alice, bob, carol]) await session.send(device);
      const count = await expected();
      const last = ok(await session.send(alice), 201);
      assert.equal(await expected(), count + 1);
      // known to the writer, looked up, and false
      const views = [last, { seq: 1, head: (await session.history(bob))[0].head },
        { seq: last.seq, head: random() }];
      const answers = await Promise.all(Array.from({ length: 30 }, (_, i) =>
        session.send([alice, bob, carol][i % 3], { seen: views[i % 3] })));
      for (const [i, answer] of answers.entries())
        if (i % 3 === 2) refused(answer, 409, 'view-differs');
        else ok(answer, 201);
      assert.equal((await session.history(alice)).length, last.seq + 20);
    });

  test('the same envelope again is answered as before', async () => {
    const session = await trio();
    const nonce = newNonce();
    const [{ seq, head }] = await session.history(alice);
    const envelope = base64(session.envelope({ nonce, seen: { seq, head } }));
    const post = () => alice.post(session.path('/send'), { envelope });
    assert.equal(ok(await post(), 201).seq, ok(await post()).seq);
    refused(await session.send(alice, { nonce, seen: { seq, head: random() } }),
      409, 'nonce-reused');
    refused(await (await newUser(node.url, 'stranger')).post(
      session.path('/send'), { envelope: base64(session.envelope({
        seen: { seq, head: random() } })) }), 403, 'not-a-member');
  });

  test('commits and joins', async () => {
    const session = await Session.pair(alice, carol, { invite: [bob.username] });
    await session.send(alice);
    const { length } = await session.history(alice);
    const commit = (said, device = carol) => session.change(device, { said });
    const join = said => session.join(bob, { said });
    for (const seen of Object.values(await falseViews(session)))
      for (const post of [commit, join])
        refused(await post(Buffer.concat([view(seen), links])), 409,
          'view-differs');
    for (const said of [noise(9), view({ seq: 0,
      head: firstHead(session.id) }), Buffer.concat([view({ seq: 0,
      head: firstHead(session.id) }), links, links])])
      for (const post of [commit, join])
        refused(await post(said), 422, 'commit-invalid');
    assert.equal((await session.history(alice)).length, length);
    const [{ seq, head }] = await session.history(alice);
    const said = Buffer.concat([view({ seq, head }), Buffer.from([3]),
      Buffer.from('any')]); // what stands in links is not looked at
    ok(await commit(said), 201);
    ok(await join(said));
    ok(await commit(Buffer.alloc(0), alice), 201); // from before
  });

  test('a log whose bytes have gone, and one that has lost its start',
    async () => {
      const session = await trio();
      for (let i = 0; i < 4; i++) await session.send(alice);
      const log = await session.history(bob);
      const sweep = async () => {
        await postgres.psql(`SET search_path = hermetic;
          UPDATE message SET sent_at = now() - interval '2 days'
            WHERE session_id = '${session.id}' AND seq <= 4;
          UPDATE history_swept SET seq = 0, next_at = now() - interval '2 days'
            WHERE session_id = '${session.id}'`);
        await rotateOnce(postgres, { HERMETIC_HISTORY_SECONDS: '86400' });
      };
      await sweep();
      for (const { seq, head } of log.slice(2))
        ok(await session.send(bob, { seen: { seq, head } }), 201);
      await postgres.psql(`SET search_path = hermetic;
        UPDATE message SET hash = NULL WHERE session_id = '${session.id}'
          AND seq <= 3;
        UPDATE first_group_info SET seq = 5
          WHERE session_id = '${session.id}'`);
      await sweep();
      // so many that the writer does not know the old ones by itself any more
      for (let i = 0; i < 16; i++) ok(await session.send(alice), 201);
      const answers = [];
      for (const { seq, head } of log)
        answers.push((await session.send(carol, { seen: { seq, head } }))
          .status);
      assert.deepEqual(answers, [409, 409, 201, 201, 201]);
    });

  test('one far away of a log that has lost its start is none', async () => {
    const session = await trio();
    await postgres.psql(`INSERT INTO hermetic.history_floor (session_id, seq, head)
      VALUES ('${session.id}', 2, sha256('before'))`);
    const has = seq => postgres.psql(`SELECT hermetic.has_view('${session.id}', ${seq},
      sha256('before'))`);
    assert.equal(await has(2n ** 63n - 1n), 'f');
    assert.equal(await has(1), 't');
  });
});
