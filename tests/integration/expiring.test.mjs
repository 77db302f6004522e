// What ends after a time: sessions that nobody uses, the bytes of old messages, messages that
// were to end, KeyPackages, Welcomes and tokens.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Session, base64, firstHead, newUsers, nextHead, ok, refused } from '../testlib/api.mjs';
import { Socket, problem } from '../testlib/socket.mjs';
import { rotateOnce, startNode, startPostgres } from '../testlib/stack.mjs';

describe('what expires', { concurrency: false }, () => {
  let postgres, node, alice, bob;
  const psql = sql => postgres.psql(`SET search_path = hermetic; ${sql}`);
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const pair = options => Session.pair(alice, bob, options);

  async function rotate(session, device) {
    ok(await session.change(device), 201);
  }

  const age = (session, days) => psql(`UPDATE session SET
    epoch_at = now() - interval '${days} days'
    WHERE session_id = '${session.id}'`);

  test('an idle session ends, and goes', async () => {
    const session = await pair(), used = await pair();
    for (const s of [session, used]) {
      ok(await s.send(alice), 201);
      await age(s, 100);
    }
    await psql(`UPDATE message SET sent_at = now() - interval '100 days'
      WHERE session_id = '${session.id}'`);
    await rotateOnce(postgres);
    refused(await session.send(alice), 410, 'session-ended');
    refused(await session.change(alice), 410, 'session-ended');
    assert.equal((await session.history(alice)).length, 2, 'still readable');
    refused(await used.send(alice), 409, 'rotation-required');
    await psql(`UPDATE session SET ended_at = now() - interval '31 days'
      WHERE session_id = '${session.id}'`);
    await rotateOnce(postgres);
    await rotateOnce(postgres);
    refused(await alice.get(session.path()), 404, 'not-found');
    for (const table of ['session', 'message', 'session_member', 'group_info',
      'rotation'])
      assert.equal(await psql(`SELECT count(*) FROM ${table}
        WHERE session_id = '${session.id}'`), '0', table);
  });

  const DAY = { HERMETIC_HISTORY_SECONDS: '86400' };
  /** As if what was sent up to `seq` were older than a day. */
  const makeOld = (session, seq) => psql(`UPDATE message
      SET sent_at = now() - interval '2 days'
      WHERE session_id = '${session.id}' AND seq <= ${seq};
    UPDATE history_swept SET next_at = now() - interval '2 days'
      WHERE session_id = '${session.id}'`);

  test('history: the bytes of old messages go, and the log stays whole',
    async () => {
      const session = await pair();
      for (let i = 0; i < 2; i++) ok(await session.send(alice), 201);
      await rotate(session, bob);
      for (let i = 0; i < 2; i++) ok(await session.send(alice), 201);
      await makeOld(session, 5);
      const whole = await session.history(bob);
      const page = await bob.get(session.path('/messages?limit=3'));
      await rotateOnce(postgres, DAY);
      await rotateOnce(postgres, DAY); // again: nothing to do
      const left = await session.history(bob);
      assert.deepEqual(left.map(m => m.envelope !== undefined),
        [true, false, false, true, false, true]);
      assert.deepEqual(left, whole.map(({ envelope, ...m }, i) =>
        left[i].envelope === undefined ? m : { envelope, ...m }));
      let head = firstHead(session.id);
      for (const m of left) assert.equal(head = nextHead(head, m), m.head);
      // one message, and a page that somebody has kept
      const one = ok(await bob.get(session.path('/messages/2')));
      assert.deepEqual(one, left[1]);
      refused(await bob.get(session.path('/messages/2'),
        { accept: 'application/octet-stream' }), 404, 'not-found');
      assert.equal((await bob.get(session.path('/messages?limit=3'), {
        headers: { 'if-none-match': page.headers.get('etag') } })).status, 200);
      // by a subscription from the start
      const socket = await Socket.of(alice);
      await socket.subscribe(session, 0);
      const pushed = await socket.upTo(session, 6, 0);
      assert.deepEqual(pushed.map(({ type, ...m }) => m), left);
      await socket.close();
      // the same envelope again is known by its hash
      assert.equal(ok(await alice.post(session.path('/send'),
        { envelope: whole[4].envelope })).seq, 5);
      // what is sent later goes later
      await makeOld(session, 6);
      await rotateOnce(postgres, DAY);
      assert.equal((await session.history(bob)).at(-1).envelope, undefined);
    });

  test('a message that ends: its bytes go at its time, and the log stays whole',
    async () => {
      const session = await pair();
      ok(await session.send(alice), 201);
      const envelope = base64(session.envelope());
      const soon = Date.now() + 3600_000;
      const { seq } = ok(await alice.post(session.path('/send'),
        { envelope, expires_at: soon }), 201);
      const socket = await Socket.of(alice);
      const other = await socket.ask({ type: 'send', expires_at: soon,
        envelope: base64(session.envelope()) });
      assert.equal(other.type, 'sent');
      await socket.close();
      await rotateOnce(postgres);
      const whole = await session.history(bob);
      assert.ok(whole.every(m => m.envelope !== undefined));
      await psql(`UPDATE message_expiry
        SET expires_at = now() - interval '1 second'
        WHERE session_id = '${session.id}'`);
      await rotateOnce(postgres);
      const left = await session.history(bob);
      assert.deepEqual(left.filter(m => m.envelope === undefined)
        .map(m => m.seq), [seq, other.seq]);
      let head = firstHead(session.id);
      for (const m of left) assert.equal(head = nextHead(head, m), m.head);
      assert.equal(ok(await alice.post(session.path('/send'),
        { envelope, expires_at: soon })).seq, seq, 'known by its hash');
      assert.equal(await psql(`SELECT count(*) FROM message_expiry
        WHERE session_id = '${session.id}'`), '0');
      refused(await alice.post(session.path('/send'),
        { envelope, expires_at: -1 }), 400, 'malformed');
    });

  test('history: more than a turn takes, of several sessions', async () => {
    const sessions = [await pair(), await pair()];
    for (const session of sessions) {
      await psql(`INSERT INTO message (session_id, sender, seq, epoch, sent_at,
          kind, nonce, head, envelope, hash)
        SELECT '${session.id}', '${alice.id}', n + 1, 1, now(), 1,
          decode(lpad(to_hex(n), 32, '0'), 'hex'), sha256('head'), 'bytes',
          sha256('bytes') FROM generate_series(1, 2500) n`);
      await makeOld(session, 2001);
    }
    await rotateOnce(postgres, DAY);
    for (const session of sessions)
      assert.equal(await psql(`SELECT string_agg(DISTINCT
          (seq > 2001)::text || (envelope <> '')::text, ' ')
        FROM message WHERE session_id = '${session.id}' AND kind = 1`),
      'falsefalse truetrue');
  });

  test('history of before: its start goes, and what is asked of it is ' +
    'answered clearly', async () => {
      const session = await pair();
      for (let i = 0; i < 4; i++) ok(await session.send(alice), 201);
      // as a migration would have found it, after one commit more
      await rotate(session, bob);
      await psql(`UPDATE message SET hash = NULL
          WHERE session_id = '${session.id}';
        UPDATE first_group_info f SET seq = g.seq, head = g.head,
          epoch = g.epoch, group_info = g.group_info
          FROM group_info g WHERE f.session_id = g.session_id
            AND f.session_id = '${session.id}'`);
      await makeOld(session, 3);
      await rotateOnce(postgres, DAY);
      const expired = refused(await alice.get(session.path('/messages')), 410,
        'history-expired');
      assert.equal(expired.first_seq, 4);
      const socket = await Socket.of(alice);
      assert.equal(problem(await socket.ask({ type: 'subscribe',
        session_id: session.id, after: 1 }), 410, 'history-expired').first_seq,
      4);
      await socket.subscribe(session, 3);
      await socket.upTo(session, 6, 3);
      await socket.close();
      assert.deepEqual((await session.history(alice, '?after=3'))
        .map(m => m.seq), [4, 5, 6]);
      assert.deepEqual((await session.history(alice, '?before=100'))
        .map(m => m.seq), [6, 5, 4]);
      // by default nothing goes
      await rotateOnce(postgres);
      assert.equal((await session.history(alice, '?after=3')).length, 3);
      // nor does what comes after the first GroupInfo that is known
      ok(await session.send(alice), 201);
      await psql(`UPDATE message SET hash = NULL
        WHERE session_id = '${session.id}'`);
      await makeOld(session, 7);
      await rotateOnce(postgres, DAY);
      assert.deepEqual((await session.history(alice, '?after=5'))
        .map(m => m.envelope !== undefined), [true, true]);
    });

  test('KeyPackages, Welcomes and tokens expire', async () => {
    const session = await pair();
    await psql(`
      UPDATE welcome SET created_at = now() - interval '31 days'
        WHERE session_id = '${session.id}';
      UPDATE refresh_token SET expires_at = now();
      INSERT INTO key_package (device_id, algorithm, ref, key_package,
        last_resort, expires_at) VALUES ('${alice.id}', 'aes-256-gcm',
        '\\x01', '', false, now())`);
    // as nodes do, the worker remembers a revocation for ten minutes more than a life
    const revoked = [randomUUID(), randomUUID()];
    await psql(`INSERT INTO token_family (family_id, device_id, revoked_at) VALUES
      ('${revoked[0]}', '${alice.id}', now() - interval '1180 seconds'),
      ('${revoked[1]}', '${alice.id}', now() - interval '1220 seconds')`);
    await rotateOnce(postgres, { HERMETIC_ACCESS_TOKEN_SECONDS: '600' });
    assert.equal(await psql(`SELECT family_id FROM token_family
      WHERE family_id IN ('${revoked.join("', '")}')`), revoked[0]);
    assert.equal(await psql(`SELECT count(*) FROM welcome
      WHERE session_id = '${session.id}'`), '0');
    assert.equal(await psql('SELECT count(*) FROM refresh_token'), '0');
    assert.equal(await psql(`SELECT count(*) FROM key_package
      WHERE ref = '\\x01'`), '0');
  });
});
