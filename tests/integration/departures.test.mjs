// A device that leaves, or that another one of its user takes out: by an entry of
// the log, which the server has checked before it marks anything.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import {
  Session, base64, bytesOf, firstHead, newUser, newUsers, nextHead, ok, refused,
} from '../testlib/api.mjs';
import { noise, roles } from '../testlib/mls.mjs';
import { MqttClient, messagesOf } from '../testlib/mqtt.mjs';
import { Socket } from '../testlib/socket.mjs';
import { startBroker, startNode, startPostgres } from '../testlib/stack.mjs';

describe('departures', { concurrency: false }, () => {
  let postgres, node, broker, alice, bob, phone, carol;
  before(async () => {
    postgres = await startPostgres();
    [node, broker] = await Promise.all([startNode({ postgres }),
      startBroker({ postgres })]);
    [alice, bob, carol] = await newUsers(node.url, 'alice', 'bob', 'carol');
    phone = await bob.another();
  });
  after(async () => {
    await broker?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  /** Alice owns it; Bob is in it with two devices, Carol with one. */
  async function four() {
    const session = await Session.create(alice,
      { extensions: roles({ [alice.username]: 'owner' }) });
    await session.add(alice, bob, phone, carol);
    return session;
  }

  const post = (session, device, bytes) =>
    device.post(session.path('/leave'), { departure: base64(bytes) });
  const departed = async session =>
    ok(await alice.get(session.path('/members'))).members
      .map(m => m.departed ?? false);

  test('what is not right marks nobody, and holds nobody up', async () => {
    const session = await four();
    const other = await four();
    const good = session.departure(bob);
    const spoiled = Buffer.from(good);
    spoiled[spoiled.length - 1] ^= 1;
    const of = (gone, options) => session.departure(gone, options);
    const bad = {
      nothing: noise(0),
      noise: noise(130),
      'the proof of before': Buffer.alloc(64),
      'a signature that was changed': spoiled,
      'too little': good.subarray(0, good.length - 1),
      'too much': Buffer.concat([good, Buffer.alloc(1)]),
      'another label': of(bob, { label: 'hermetic leave' }),
      'another session': other.departure(bob),
      'another generation': of(bob, { generation: 1 }),
      'a leaf that is not there': of(bob, { leafIndex: 9, signer: 9 }),
      'a leaf node that was there': of(bob,
        { leaf: bob.keysFor().leaf({ source: 1 }) }),
      'the key of another': of(bob, { keys: carol.keysFor() }),
      'heir to himself': of(bob, { heir: bob.username }),
    };
    for (const [what, bytes] of Object.entries(bad)) {
      const answer = await post(session, bob, bytes);
      assert.equal(answer.status, what === 'nothing' ? 400 : 422,
        `${what}: ${JSON.stringify(answer.json)}`);
      if (what !== 'nothing') refused(answer, 422, 'departure-invalid');
    }
    // of another user, by whoever that is
    for (const by of [alice, carol])
      refused(await session.leave(bob, { by }), 422, 'departure-invalid');
    // a good one, which somebody else has got hold of
    refused(await post(session, carol, good), 422, 'departure-invalid');
    const stranger = await newUser(node.url, 'stranger');
    refused(await post(session, stranger, good), 403, 'not-a-member');
    refused(await bob.post(`/session/${randomUUID()}/leave`,
      { departure: base64(good) }), 404, 'not-found');
    assert.deepEqual(await departed(session), [false, false, false, false]);
    ok(await session.send(carol), 201);
    assert.equal((await session.history(carol)).length, 2);
  });

  test('an entry like others at every door; anybody removes the leaf',
    async () => {
      const session = await four();
      const socket = await Socket.of(alice);
      await socket.subscribe(session);
      const mqtt = await MqttClient.of(carol, broker);
      await mqtt.subscribe(messagesOf(session));
      const bytes = session.departure(bob);
      const { seq, head } = ok(await post(session, bob, bytes), 201);
      assert.equal(seq, 2);
      const log = await session.history(carol);
      assert.equal(nextHead(nextHead(firstHead(session.id), log[0]), log[1]),
        head);
      const { kind, sender, envelope, epoch } = log[1];
      assert.deepEqual({ kind, sender, envelope, epoch },
        { kind: 4, sender: bob.id, envelope: base64(bytes), epoch: 1 });
      const { type, ...pushed } = (await socket.upTo(session, 2)).at(-1);
      assert.deepEqual(pushed, log[1]);
      const { type: _, ...published } = (await mqtt.upTo(session, 2)).at(-1);
      assert.deepEqual(published, log[1]);
      const page = ok(await alice.get(
        session.path('/messages?handshake=true&after=1')));
      assert.deepEqual(page.messages, [log[1]]);
      assert.equal(bytesOf(page.messages[0].envelope).compare(bytes), 0);
      await mqtt.close();
      await socket.close();

      // again: the same answer, also when the leaf has gone
      assert.deepEqual(ok(await post(session, bob, bytes)), { seq, head });
      assert.deepEqual(await departed(session), [false, true, false, false]);
      refused(await session.leave(bob, { heir: carol.username }), 403,
        'not-a-member');
      refused(await session.change(bob), 403, 'not-a-member');
      refused(await session.send(carol), 409, 'rotation-required');
      refused(await session.change(carol, { remove: [2] }), 403, 'not-allowed');
      await session.remove(carol, bob); // a plain member
      ok(await session.send(carol), 201);
      assert.deepEqual(ok(await post(session, bob, bytes)), { seq, head });
      // whoever comes back is another leaf node: it does not depart by that
      await session.add(phone, bob);
      assert.deepEqual(ok(await post(session, phone, bytes)), { seq, head });
      assert.deepEqual(await departed(session), [false, false, false, false]);
    });

  test('both devices of an account post one: the first answer for both',
    async () => {
      const session = await four();
      const bytes = session.departure(phone, { by: bob });
      const told = ok(await post(session, bob, bytes), 201);
      assert.deepEqual(ok(await post(session, phone, bytes)), told);
      assert.equal((await session.history(carol)).length, told.seq);
      // another account's device learns nothing by it
      refused(await post(session, carol, bytes), 422, 'departure-invalid');
    });

  test('a device takes out another one of its user', async () => {
    const session = await four();
    const bytes = session.departure(phone, { by: bob });
    refused(await post(session, carol, bytes), 422, 'departure-invalid');
    const told = ok(await post(session, bob, bytes), 201);
    assert.deepEqual(ok(await post(session, bob, bytes)), told);
    refused(await session.send(phone), 403, 'not-a-member');
    refused(await session.leave(phone, { by: bob, heir: carol.username }), 422,
      'departure-invalid');
    // who has departed takes nobody out
    refused(await post(session, phone, session.departure(bob, { by: phone })),
      403, 'not-a-member');
    refused(await session.send(bob), 409, 'rotation-required');
    await session.remove(carol, phone);
    // one that the other posts, which is on its way out
    const own = session.departure(bob, { by: bob });
    ok(await post(session, bob, own), 201);
    await session.remove(carol, bob);
    ok(await session.send(carol), 201);
  });

  test('a revoked device can still be taken out by a departure', async () => {
    const session = await Session.create(alice,
      { extensions: roles({ [alice.username]: 'owner' }) });
    const old = await bob.another();
    await session.add(alice, bob, old, carol);
    ok(await bob.call('DELETE', `/devices/${old.id}`), 204);
    ok(await session.send(carol), 201);
    refused(await session.change(carol, { remove: [2] }), 403, 'not-allowed');
    ok(await session.leave(old, { by: bob }), 201);
    refused(await session.send(carol), 409, 'rotation-required');
    await session.remove(carol, old);
    ok(await session.send(carol), 201);
  });

  test('nothing administrative waits: neither for messages nor for keys',
    async () => {
      const session = await four();
      ok(await session.leave(phone), 201);
      await postgres.psql(`UPDATE hermetic.session
        SET epoch_at = now() - interval '100 days', epoch_seq = -1000000
        WHERE session_id = '${session.id}'`);
      refused(await session.send(alice), 409, 'rotation-required');
      ok(await session.change(alice, { extensions: roles({
        [alice.username]: 'owner', [carol.username]: 'admin' }) }), 201);
      refused(await session.send(alice), 409, 'rotation-required');
      const dave = await newUser(node.url, 'dave');
      ok(await alice.post(session.path('/invite'),
        { usernames: [dave.username] }), 204);
      ok(await session.join(dave));
      refused(await session.send(alice), 409, 'rotation-required');
      // his phone has left, he has not yet
      ok(await bob.get(session.path('/members')));
      ok(await session.leave(bob), 201);
      for (const who of [bob, phone])
        refused(await who.get(session.path('/members')), 404, 'not-found');
      ok(await session.change(carol, { remove: [1, 2] }), 201);
      ok(await session.send(alice), 201);
    });

  test('two at once, and a commit that comes in between', async () => {
    for (let i = 0; i < 5; i++) {
      const session = await four();
      const answers = await Promise.all([session.leave(bob),
        session.leave(phone, { by: bob }), session.leave(phone),
        session.change(alice)]);
      const { length } = await session.history(alice);
      const stored = answers.filter(a => a.status === 201).length;
      assert.equal(length, 1 + stored, JSON.stringify(answers.map(a => a.json)));
      for (const a of answers)
        assert.ok([201, 403, 409, 422].includes(a.status), `${a.status}`);
      // Bob has left, so his phone is gone by its own word or by his, once
      const gone = await departed(session);
      assert.equal(gone[0] || gone[3], false);
      assert.equal(gone.filter(Boolean).length,
        answers.slice(0, 3).filter(a => a.status === 201).length);
    }
  });
});
