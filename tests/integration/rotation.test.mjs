// What the rotation worker does to sessions, tokens and keys, and what the
// nodes make of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, base64, call, login, newUser, newUsers, ok, refused } from '../testlib/api.mjs';
import { newNonce } from '../testlib/mls.mjs';
import { Socket, problem } from '../testlib/socket.mjs';
import {
  admin, kek, newKek, rotateOnce, startNode, startPostgres, startRotation,
  until,
} from '../testlib/stack.mjs';

describe('rotation', { concurrency: false }, () => {
  let postgres, node, alice, bob;
  const psql = sql => postgres.psql(`SET search_path = hermetic; ${sql}`);
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, env: {
      HERMETIC_ROTATION_MESSAGES: '5', HERMETIC_ROTATION_GRACE_MESSAGES: '3',
      HERMETIC_LOGINS_PER_MINUTE: '10000' } }); // tokens are asked for until a key shows
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

  const due = async session => (await postgres.rows(
    `SELECT reason, asked FROM hermetic.rotation
      WHERE session_id = '${session.id}'`))[0];

  const age = (session, days) => psql(`UPDATE session SET
    epoch_at = now() - interval '${days} days'
    WHERE session_id = '${session.id}'`);

  test('messages make keys due, then are refused until a commit', async () => {
    const session = await pair();
    const answers = [];
    for (let i = 0; i < 8; i++)
      answers.push(ok(await session.send(alice), 201));
    assert.deepEqual(answers.map(a => a.rotation_due ?? false),
      [false, false, false, false, true, true, true, true]);
    const problem = refused(await session.send(bob), 409, 'rotation-required');
    assert.match(problem.detail, /commit/);
    await rotate(session, bob);
    assert.equal(await due(session), undefined);
    assert.equal(ok(await session.send(alice), 201).rotation_due, undefined);
  });

  test('a commit without a path does not count', async () => {
    const session = await pair();
    for (let i = 0; i < 6; i++) ok(await session.send(alice), 201);
    const carol = await newUser(node.url, 'carol');
    ok(await session.change(alice, { path: false,
      add: [carol.keysFor(session.algorithm).keyPackage()] }), 201);
    assert.equal(ok(await session.send(alice), 201).rotation_due, true);
  });

  test('the same envelope is answered as before, whatever is due', async () => {
    const session = await pair();
    const envelope = base64(session.envelope());
    const first = ok(await alice.post(session.path('/send'), { envelope }), 201);
    for (let i = 0; i < 7; i++) ok(await session.send(alice), 201);
    refused(await session.send(alice), 409, 'rotation-required');
    const again = ok(await alice.post(session.path('/send'), { envelope }));
    assert.equal(again.seq, first.seq);
  });

  test('age makes keys due; the next member is asked when one does not answer',
    async () => {
      const session = await pair();
      await age(session, 7.5);
      await rotateOnce(postgres);
      assert.deepEqual(await due(session), { reason: 'age', asked: [] });
      const sockets = [await Socket.of(alice), await Socket.of(bob)];
      await until(async () => await postgres.psql(
        'SELECT count(*) FROM hermetic.presence') >= 2, { name: 'presence' });
      await rotateOnce(postgres);
      const event = { type: 'rotation_due', session_id: session.id };
      const [one] = (await due(session)).asked;
      const first = one === alice.id ? 0 : 1;
      assert.equal((await sockets[first].frame(event)).reason, 'age');
      assert.equal(sockets[1 - first].frames.length, 0);
      // not at once again
      await rotateOnce(postgres);
      assert.equal((await due(session)).asked.length, 1);
      await psql("UPDATE rotation SET asked_at = now() - interval '1 minute'");
      await rotateOnce(postgres);
      await sockets[1 - first].frame(event);
      await rotate(session, bob);
      assert.equal(await due(session), undefined);
      await Promise.all(sockets.map(s => s.close()));
    });

  test('nobody there: due, and past the limit the first sender rotates',
    async () => {
      const session = await pair();
      await age(session, 7.5);
      await rotateOnce(postgres);
      assert.equal(ok(await session.send(alice), 201).rotation_due, true);
      const socket = await Socket.of(alice);
      assert.equal((await socket.subscribe(session)).rotation_due, true);
      await socket.close();
      await psql(`UPDATE rotation SET hard_at = now()
        WHERE session_id = '${session.id}'`);
      refused(await session.send(alice), 409, 'rotation-required');
      await rotate(session, alice);
      ok(await session.send(alice), 201);
    });

  test('the limit holds without any worker', async () => {
    const session = await pair();
    await age(session, 9);
    refused(await session.send(alice), 409, 'rotation-required');
  });

  test('many workers at once: everything is done once', async () => {
    const sessions = [];
    for (let i = 0; i < 5; i++) sessions.push(await pair());
    await rotateOnce(postgres); // what the tests before have left
    for (const session of sessions) await age(session, 7.5);
    const before = Number(await psql(`SELECT coalesce(sum(total), 0)
      FROM worker_action WHERE action = 'due_age'`));
    const logs = await Promise.all(Array.from({ length: 4 },
      () => rotateOnce(postgres)));
    const counted = logs.flatMap(l => l.split('\n')).filter(Boolean)
      .map(l => JSON.parse(l))
      .filter(l => l.action === 'due_age').map(l => l.count);
    assert.equal(counted.reduce((a, b) => a + b, 0), 5);
    assert.equal(Number(await psql(`SELECT total FROM worker_action
      WHERE action = 'due_age'`)) - before, 5);
  });

  test('killed in its work, the next run completes it', async () => {
    const sessions = [];
    for (let i = 0; i < 3; i++) sessions.push(await pair());
    for (const session of sessions) await age(session, 7.5);
    // its transaction waits here until it is killed
    const held = postgres.psql(`BEGIN; LOCK hermetic.rotation
      IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT`);
    const worker = startRotation(postgres);
    await until(async () => Number(await postgres.psql(
      `SELECT count(*) FROM ${postgres.waiting}
        WHERE application_name = 'hermetic rotation'`)) > 0,
    { name: 'a worker that waits' });
    await worker.kill();
    await held;
    await rotateOnce(postgres);
    for (const session of sessions)
      assert.equal((await due(session)).reason, 'age');
  });

  // --- departures ------------------------------------------------------------

  test('who leaves is served nothing, and the keys are due at once',
    async () => {
      const session = await pair();
      const socket = await Socket.of(bob);
      await socket.subscribe(session);
      ok(await session.send(alice), 201);
      const left = ok(await session.leave(bob), 201);
      const gone = await socket.frame({ type: 'unsubscribed' });
      assert.equal(gone.reason, 'not-a-member');
      refused(await session.send(bob), 403, 'not-a-member');
      // but for the entry that says so
      const read = ok(await bob.get(session.path('/messages'))).messages;
      assert.equal(read.at(-1).seq, left.seq);
      refused(await bob.get(session.path(`/messages?after=${left.seq}`)), 403,
        'not-a-member');
      refused(await session.change(bob), 403, 'not-a-member');
      problem(await socket.ask({ type: 'subscribe', session_id: session.id,
        after: 0 }), 403, 'not-a-member');
      await socket.close();

      refused(await session.send(alice), 409, 'rotation-required');
      const last = (await session.history(alice)).at(-1);
      assert.deepEqual([last.kind, last.seq, last.head, last.sender],
        [4, left.seq, left.head, bob.id]);
      const { members } = ok(await alice.get(session.path('/members')));
      assert.deepEqual(members.map(m => m.departed ?? false), [false, true]);
      // a commit that leaves the leaf where it is does not help
      await rotate(session, alice);
      refused(await session.send(alice), 409, 'rotation-required');
      assert.equal((await due(session)).reason, 'departure');
      await session.remove(alice, bob);
      ok(await session.send(alice), 201);
    });

  test('a revoked device: tokens, sockets and sessions end at once',
    async () => {
      const old = await bob.another();
      const session = await pair();
      await session.add(bob, old);
      const socket = await Socket.of(old);
      await socket.subscribe(session);
      ok(await bob.call('DELETE', `/devices/${old.id}`), 204);
      assert.deepEqual(await socket.closed,
        { code: 4401, reason: 'token revoked' });
      await until(async () => (await old.get('/sessions')).status === 401,
        { name: 'the other worker' });
      assert.ok([401, 403].includes((await session.send(old)).status));
      refused(await call(node.url, 'POST', '/auth/refresh',
        { json: { refresh_token: old.refreshToken } }), 401, 'refresh-invalid');
      // that is the server's word: members are asked, and nothing is refused
      assert.equal(ok(await session.send(alice), 201).rotation_due, true);
      assert.deepEqual(await due(session), { reason: 'revoked', asked: [] });
      const { members } = ok(await bob.get(session.path('/members')));
      assert.deepEqual(members.map(m => m.revoked ?? false),
        [false, false, true]);
      await psql('DELETE FROM presence');
      const asked = await Socket.of(bob);
      await until(async () => await postgres.psql(`SELECT count(*)
        FROM hermetic.presence WHERE device_id = '${bob.id}'`) === '1',
      { name: 'presence' });
      await rotateOnce(postgres);
      await asked.frame({ type: 'rotation_due', session_id: session.id,
        reason: 'revoked' });
      assert.match(await admin(postgres, ['status']), /revoked +\d+ sessions/);
      await asked.close();
      await session.remove(bob, old);
      ok(await session.send(alice), 201);
    });

  test('logout: access tokens of the family are refused on every node',
    async () => {
      const other = await startNode({ postgres });
      const device = await bob.another();
      const socket = await Socket.of(device, { url: other.url });
      ok(await device.post('/auth/logout', {}), 204);
      assert.equal((await socket.closed).code, 4401);
      for (const url of [node.url, other.url]) // every worker of it
        await until(async () => (await Promise.all(Array.from({ length: 8 },
          () => device.get('/sessions', { url,
            headers: { connection: 'close' } }))))
          .every(a => a.status === 401), { name: 'all of a node' });
      await other.stop();
    });

  test('all have left: the session ends', async () => {
    const session = await pair();
    ok(await session.leave(alice), 201);
    ok(await session.leave(bob), 201);
    await rotateOnce(postgres);
    assert.equal(await psql(`SELECT ended_at IS NOT NULL FROM session
      WHERE session_id = '${session.id}'`), 't');
  });

  test('whom another removes is not invited any more', async () => {
    const session = await Session.create(alice, { invite: [bob.username] });
    ok(await session.join(bob), 200);
    await session.remove(alice, bob);
    refused(await bob.get(session.path('/group-info')), 403, 'not-invited');
  });

  test('a connected device whose KeyPackages run out is told', async () => {
    const carol = await newUser(node.url, 'carol');
    const keys = carol.keysFor();
    ok(await carol.post('/key-packages', {
      key_packages: Array.from({ length: 4 }, () =>
        base64(keys.keyPackage())), last_resort: [] }), 201);
    const socket = await Socket.of(carol);
    await until(async () => await postgres.psql(`SELECT count(*)
      FROM hermetic.presence WHERE device_id = '${carol.id}'`) === '1',
    { name: 'presence' });
    await rotateOnce(postgres, { HERMETIC_KEY_PACKAGES_LOW: '4' });
    await rotateOnce(postgres, { HERMETIC_KEY_PACKAGES_LOW: '5' });
    await socket.frame({ type: 'key_packages_low' });
    assert.equal(socket.frames.length, 1);
    await socket.close();
  });

  test('an algorithm that is allowed no more makes its sessions due',
    async () => {
      const session = await pair();
      await rotateOnce(postgres, { HERMETIC_ALGORITHMS: 'aes-256-gcm' });
      assert.equal((await due(session)).reason, 'algorithm');
      await rotate(session, alice);
      assert.equal((await due(session)).reason, 'algorithm');
      await psql("DELETE FROM rotation WHERE reason = 'algorithm'");
    });

  // --- the keys that sign tokens -------------------------------------------------

  const kids = async () => ok(await call(node.url, 'GET',
    '/.well-known/jwks.json')).keys.map(k => k.kid);
  const renewed = async device => {
    device.take(ok(await call(device.url, 'POST', '/auth/refresh',
      { json: { refresh_token: device.refreshToken } })));
    return device;
  };
  const kidOf = device => JSON.parse(Buffer.from(
    device.access.split('.')[0], 'base64url')).kid;

  const valid = () => psql(
    'SELECT count(*) FROM signing_key WHERE retired_at IS NULL');

  test('signing keys rotate: published first, and the old one verifies on',
    async () => {
      const [first] = await kids();
      const before = await login(node.url, alice);
      assert.equal(kidOf(before), first);
      const often = { HERMETIC_SIGNING_KEY_SECONDS: '1',
        HERMETIC_SIGNING_KEY_OVERLAP_SECONDS: '600' };
      await rotateOnce(postgres, often);
      // of one answer: another worker may know of it a little later
      const both = await until(async () => {
        const all = await kids();
        return all.length === 2 && all;
      }, { name: 'two keys in the set' });
      const second = both.find(k => k !== first);
      const device = await login(node.url, alice);
      assert.equal(kidOf(device), first, 'the new one does not sign yet');
      await rotateOnce(postgres, often);
      assert.equal(await valid(), '2', 'one at a time');
      await psql(`UPDATE signing_key SET signs_at = now() - interval '1 second'
        WHERE kid = '${second}'`);
      await until(async () => kidOf(await renewed(device)) === second,
        { name: 'a token by the new key' });
      ok(await before.get('/sessions'));
      await rotateOnce(postgres);
      assert.equal(await valid(), '2', 'its tokens may still be good');
      await psql(`UPDATE signing_key SET signs_at = now() - interval '17 minutes'
        WHERE kid = '${second}'`);
      await rotateOnce(postgres);
      const last = await until(async () => {
        const all = await kids();
        return all.length === 1 && all;
      }, { name: 'one key in the set' });
      assert.deepEqual(last, [second]);
    });

  test('another key-encryption key: both open, rekey wraps, then one is enough',
    async () => {
      const next = newKek();
      const both = { HERMETIC_KEK: next, HERMETIC_KEK_PREVIOUS: kek };
      const one = await startNode({ postgres, env: both });
      const device = await login(one.url, alice);
      ok(await device.get('/sessions', { url: node.url }));
      const out = await admin(postgres, ['rekey'], both);
      assert.match(out, /rewrapped\nAll keys are under HERMETIC_KEK/);
      assert.equal(await admin(postgres, ['rekey'], both),
        'All keys are under HERMETIC_KEK.\n', 'again: nothing to do');
      await one.stop();
      const alone = await startNode({ postgres, env: { HERMETIC_KEK: next } });
      ok(await device.get('/sessions', { url: alone.url }));
      await alone.stop();
      await assert.rejects(admin(postgres, ['rekey'],
        { HERMETIC_KEK: newKek() }), /wrapped neither under/);
      await admin(postgres, ['rekey'],
        { HERMETIC_KEK: kek, HERMETIC_KEK_PREVIOUS: next });
    });

  test('hermetic-admin status says what is due, and when', async () => {
    const session = await pair();
    await age(session, 7.5);
    await rotateOnce(postgres);
    const status = JSON.parse(await admin(postgres, ['status', '--json']));
    assert.ok(status.sessions > 0);
    assert.equal(status.signing_keys, 1);
    assert.ok(status.next_signing_key_at > Date.now());
    const old = status.due.find(d => d.reason === 'age');
    assert.ok(old.sessions >= 1 && old.refused_from > Date.now());
    assert.ok(status.actions.find(a => a.action === 'due_age').total > 0);
    const text = await admin(postgres, ['status']);
    assert.match(text, /^Due now:\n {2}age +\d+ sessions/m);
    await assert.rejects(admin(postgres, ['dance']), /Usage: hermetic-admin/);
  });

  // --- its role ------------------------------------------------------------------

  const denied = {
    'read a message': 'SELECT envelope FROM hermetic.message',
    'write a message': "UPDATE hermetic.message SET envelope = ''",
    'read what ends': 'SELECT seq FROM hermetic.message_expiry',
    'sweep one log': `SELECT hermetic.sweep_history(gen_random_uuid(), now(),
      0)`,
    'read a password': 'SELECT password_hash FROM hermetic.account',
    'read a KeyPackage': 'SELECT key_package FROM hermetic.key_package',
    'read a Welcome': 'SELECT welcome FROM hermetic.welcome',
    'add a member': `INSERT INTO hermetic.session_member
      VALUES (gen_random_uuid(), gen_random_uuid(), 0)`,
    'change a session': 'UPDATE hermetic.session SET epoch = 0',
    'log in': `INSERT INTO hermetic.token_family (family_id, device_id)
      VALUES (gen_random_uuid(), gen_random_uuid())`,
    'make a table': 'CREATE TABLE hermetic.mine ()',
  };
  for (const [what, sql] of Object.entries(denied))
    test(`the role of the rotation cannot ${what}`, async () => {
      await assert.rejects(postgres.psql(sql, { url: postgres.rotationUrl }),
        /permission denied/);
    });

  test('senders do not wait for the worker', async () => {
    const session = await pair();
    const worker = startRotation(postgres, {
      HERMETIC_ROTATION_SECONDS: '1', HERMETIC_HISTORY_SECONDS: '3600' });
    await worker.logged(/rotation started/);
    // each of its statements is over before a sender's would be timed out
    for (let i = 0; i < 30; i++) {
      const nonce = newNonce();
      const answer = await session.send(alice, { nonce });
      if (answer.status === 409) await rotate(session, alice);
      else ok(answer, 201);
    }
    assert.doesNotMatch(worker.log(), /rotation failed/);
    const { code } = await worker.stop();
    assert.equal(code, 0);
  });
});
