// Where a log is known to end, the writer numbers and chains by itself. What it
// believes may be wrong in each way there is; then nothing may come of it.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { Session, base64, firstHead, newUsers, nextHead, ok, refused } from '../testlib/api.mjs';
import { holding as hold, letGo, waits as waiting } from '../testlib/holding.mjs';
import { newNonce } from '../testlib/mls.mjs';
import { scrape } from '../testlib/metrics.mjs';
import {
  freePort, startNode, startPostgres,
} from '../testlib/stack.mjs';

const DUE = 40, HARD = 60; // messages
let postgres, one, two, port, alice, bob, session;

before(async () => {
  postgres = await startPostgres();
  port = await freePort();
  const env = { HERMETIC_ROTATION_MESSAGES: String(DUE),
    HERMETIC_ROTATION_GRACE_MESSAGES: String(HARD - DUE) };
  one = await startNode({ postgres,
    env: { ...env, HERMETIC_METRICS_PORT: String(port) } });
  two = await startNode({ postgres, env });
  [alice, bob] = await newUsers(one.url, 'alice', 'bob');
});
after(async () => {
  await one?.stop();
  await two?.stop();
  await postgres?.stop();
});

/** How many messages node `one` stored where it had expected them. */
const expected = async () =>
  (await scrape(port)).get('hermetic_messages_expected_total') ?? 0;

const places = new Map(); // seq: head, of what a sender was told

async function send(device, { seq, ...options } = {}) {
  const told = ok(await session.send(device, options), 201);
  places.set(told.seq, told.head);
  if (seq !== undefined) assert.equal(told.seq, seq);
  return told;
}

/** Node `one` knows where the session's log ends; both have sent there. */
async function known() {
  await send(alice);
  await send(bob);
  const count = await expected();
  const { seq } = await send(alice);
  assert.equal(await expected(), count + 1);
  return seq;
}

/** The whole log: no gap, one chain, and what was told is what is there. */
async function whole(length) {
  const log = await session.history(alice, '?limit=500');
  let head = firstHead(session.id);
  log.forEach((message, i) => {
    assert.equal(message.seq, i + 1);
    head = nextHead(head, message);
    assert.equal(message.head, head, `the chain at ${message.seq}`);
  });
  for (const [seq, told] of places) assert.equal(log[seq - 1].head, told);
  if (length !== undefined) assert.equal(log.length, length);
  return log;
}

afterEach(letGo);
const holding = sql => hold(postgres, sql);
const waits = count => waiting(postgres, count);

describe('a log whose end is known', () => {
  beforeEach(async () => {
    places.clear();
    session = await Session.pair(alice, bob);
  });

  test('many at once: no gap, one chain', async () => {
    const seq = await known();
    const count = await expected();
    const all = await Promise.all(Array.from({ length: 30 }, (_, i) =>
      send(i % 2 ? alice : bob)));
    assert.equal(await expected(), count + 30);
    assert.equal(Math.max(...all.map(a => a.seq)), seq + 30);
    await whole(seq + 30);
  });

  test('another node has written: nothing is lost, doubled or crossed',
    async () => {
      const seq = await known();
      await send(bob, { url: two.url, seq: seq + 1 });
      await send(alice, { seq: seq + 2 });
      // it is careful for a while, then believes again
      const count = await expected();
      for (let i = 0; i < 20; i++) await send(alice);
      assert.ok(await expected() > count);
      await whole(seq + 22);
    });

  test('both nodes at once, again and again', async () => {
    const seq = await known();
    for (let i = 0; i < 5; i++)
      await Promise.all([one, two, one, two].map(({ url }) =>
        send(alice, { url })));
    await whole(seq + 20);
  });

  test('a commit in between: an old epoch is refused, a new one stored',
    async () => {
      const seq = await known();
      const old = session.envelope();
      ok(await session.change(bob), 201);
      refused(await alice.post(session.path('/send'),
        { envelope: base64(old) }), 409, 'epoch-changed');
      await send(alice, { seq: seq + 2 });
      await whole(seq + 2);
    });

  test('who has left is refused at once, and so is the rest of them',
    async () => {
      const seq = await known();
      ok(await session.leave(bob), 201);
      const count = await expected();
      refused(await session.send(bob), 403, 'not-a-member');
      refused(await session.send(alice), 409, 'rotation-required');
      assert.equal(await expected(), count);
      await whole(seq + 1);
    });

  test('who was revoked is refused at once, and the others are not',
    async () => {
      const seq = await known();
      const old = await alice.another();
      await session.add(alice, old);
      await send(old, { seq: seq + 2 });
      await send(old, { seq: seq + 3 });
      ok(await alice.call('DELETE', `/devices/${old.id}`), 204);
      assert.ok([401, 403].includes((await session.send(old)).status));
      assert.equal((await send(bob, { seq: seq + 4 })).rotation_due, true);
      ok(await session.change(bob), 201);
      assert.equal((await send(bob, { seq: seq + 6 })).rotation_due, undefined);
      await whole(seq + 6);
    });

  // The statement began while she was a member, waits for the commit that
  // removes her, and finds the epoch that she has guessed.
  test('who is removed cannot have guessed the next epoch', async () => {
    const seq = await known();
    const next = { epoch: session.epoch + 1 };
    const commit = holding(`SELECT FROM session
      WHERE session_id = '${session.id}' FOR UPDATE`);
    await commit.ready;
    const guess = session.send(bob, next);
    await waits(1);
    await commit.end(`DELETE FROM session_member
      WHERE session_id = '${session.id}' AND device_id = '${bob.id}';
      UPDATE session SET epoch = epoch + 1
      WHERE session_id = '${session.id}'`);
    refused(await guess, 403, 'not-a-member');
    refused(await session.send(bob, next), 403, 'not-a-member');
    assert.equal((await session.history(alice)).length, seq);
  });

  // It is not checked, as the session has another epoch when it comes; when it
  // is to be stored the epoch is the one that it is for.
  test('a commit that nobody has checked cannot have guessed the next epoch',
    async () => {
      const seq = await known();
      const other = holding(`SELECT FROM session
        WHERE session_id = '${session.id}' FOR UPDATE`);
      await other.ready;
      const guess = session.change(bob, { epoch: session.epoch + 1,
        keys: alice.keysFor(session.algorithm), identity: bob.identity });
      await waits(1);
      await other.end(`UPDATE session SET epoch = epoch + 1
        WHERE session_id = '${session.id}'`);
      refused(await guess, 409, 'epoch-changed');
      assert.equal((await session.history(alice)).length, seq);
    });

  test('who departs waits for a commit that is under way', async () => {
    const commit = holding(`SELECT FROM session
      WHERE session_id = '${session.id}' FOR UPDATE`);
    await commit.ready;
    const leaves = session.leave(bob);
    await waits(1);
    await commit.end(`DELETE FROM rotation
      WHERE session_id = '${session.id}'`);
    ok(await leaves, 201);
    refused(await session.send(alice), 409, 'rotation-required');
  });

  // What was checked before somebody departed is not what the members would see.
  test('a commit that was checked before a departure is checked again',
    async () => {
      const other = holding(`SELECT FROM session
        WHERE session_id = '${session.id}' FOR UPDATE`);
      await other.ready;
      const change = session.change(alice);
      await waits(1);
      await other.end(`UPDATE session_member
        SET departed_at = now(), departed_seq = 1
        WHERE session_id = '${session.id}' AND device_id = '${bob.id}'`);
      refused(await change, 409, 'epoch-changed');
    });

  test('keys get old where nobody judges: due, then refused', async () => {
    const epochSeq = 1;
    for (let seq = await known(); seq < epochSeq + DUE - 1;) {
      const told = await send(alice);
      assert.equal(told.rotation_due, undefined);
      ({ seq } = told);
    }
    assert.equal((await send(alice, { seq: epochSeq + DUE })).rotation_due,
      true);
    for (let n = DUE + 1; n <= HARD; n++) await send(bob);
    refused(await session.send(alice), 409, 'rotation-required');
    ok(await session.change(alice), 201);
    await send(alice, { seq: epochSeq + HARD + 2 });
    await whole();
  });

  // the last ones: after them nothing is expected for a moment
  test('the same nonce: the same bytes get the first answer, others none, ' +
    'and who was stored beside it is', async () => {
    const seq = await known();
    const nonce = newNonce();
    const json = { envelope: base64(session.envelope({ nonce })) };
    const first = ok(await alice.post(session.path('/send'), json), 201);
    const [again, other, good] = await Promise.all([
      alice.post(session.path('/send'), json),
      session.send(alice, { nonce }), session.send(bob)]);
    assert.deepEqual(ok(again), first);
    refused(other, 409, 'nonce-reused');
    assert.equal(ok(good, 201).seq, seq + 2);
    await whole(seq + 2);
  });

  test('a crowd of copies of one envelope holds nobody up', async () => {
    await send(alice);
    const json = { envelope: base64(session.envelope()) };
    const copies = Array.from({ length: 300 }, () =>
      alice.post(session.path('/send'), json));
    const good = await session.send(bob);
    const seqs = (await Promise.all(copies)).map(a => a.json.seq);
    assert.equal(new Set(seqs).size, 1);
    ok(good, 201);
    await whole();
  });
});
