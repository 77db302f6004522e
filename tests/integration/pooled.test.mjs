// The API behind PgBouncer in transaction mode, with two connections for all.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, base64, call, login, newUser, nextHead, ok, refused }
  from '../testlib/api.mjs';
import { Socket } from '../testlib/socket.mjs';
import { startNode, startPool, startPostgres, until }
  from '../testlib/stack.mjs';

describe('by a pool', { concurrency: false }, () => {
  let postgres, pool, nodes, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    pool = await startPool({ postgres });
    nodes = await Promise.all([1, 2].map(() => startNode({
      postgres: { ...postgres, apiUrl: pool.apiUrl },
      env: { HERMETIC_DATABASE_LISTEN_URL: postgres.apiUrl } })));
    [alice, bob] = await Promise.all([newUser(nodes[0].url, 'alice'),
      newUser(nodes[1].url, 'bob')]);
  });
  after(async () => {
    await Promise.all((nodes ?? []).map(n => n.stop()));
    await pool?.stop();
    await postgres?.stop();
  });

  test('accounts, logins and tokens', async () => {
    const again = await login(nodes[1].url, alice);
    ok(await call(nodes[0].url, 'GET', '/sessions', { token: again.access }));
    refused(await call(nodes[0].url, 'POST', '/auth/login', { json: {
      username: alice.username, password: 'not it, to be sure',
      device_id: alice.id } }), 401, 'bad-credentials');
  });

  test('what one node stores the other one delivers, in one order',
    async () => {
      const session = await Session.pair(alice, bob);
      const socket = await Socket.of(bob, { url: nodes[1].url });
      await socket.subscribe(session);
      const sent = await Promise.all(Array.from({ length: 60 }, (_, i) =>
        session.send(...i % 2 ? [bob] : [alice])));
      for (const answer of sent) ok(answer, 201);
      const got = await socket.upTo(session, 61);
      assert.deepEqual(got.map(m => m.seq),
        Array.from({ length: 61 }, (_, i) => i + 1));
      const log = (await session.history(bob, '?limit=500'));
      assert.equal(log.length, 61);
      for (let i = 1; i < log.length; i++)
        assert.equal(nextHead(log[i - 1].head, log[i]), log[i].head);
      await socket.close();
    });

  test('the same envelope again gets the first answer', async () => {
    const session = await Session.create(alice);
    const envelope = session.envelope();
    const body = { envelope: base64(envelope) };
    const first = ok(await alice.post(session.path('/send'), body), 201);
    const again = ok(await alice.post(session.path('/send'), body), 200);
    assert.deepEqual({ ...again }, { ...first });
    const old = session.envelope();
    await session.change(alice);
    refused(await alice.post(session.path('/send'), { envelope: base64(old) }),
      409, 'epoch-changed');
  });

  test('connections are shared, and nothing stays in them', async () => {
    const rows = await postgres.rows(`SELECT application_name AS name
      FROM ${postgres.activity} WHERE usename = 'hermetic_api'`);
    assert.equal(rows.filter(r => r.name === 'hermetic listener').length, 2);
    assert.ok(rows.length <= 4, `${rows.length} connections`);
    const show = what => postgres.psql(`SHOW ${what}`, { url: pool.apiUrl });
    for (let i = 0; i < 6; i++) {
      assert.equal(await show('search_path'), '"$user", public');
      assert.equal(await show('synchronous_commit'), 'on');
      assert.equal(await show('enable_seqscan'), 'on');
    }
    assert.equal(await postgres.psql('SELECT count(*) FROM pg_locks ' +
      "WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database " +
      'WHERE datname = current_database())'), '0');
  });

  test('a connection of the pool breaks under load', async () => {
    const session = await Session.create(alice);
    const seqs = [];
    let goOn = true;
    const senders = [1, 2, 3].map(async () => {
      while (goOn) {
        const body = { envelope: base64(session.envelope()) };
        let answer;
        do answer = await alice.post(session.path('/send'), body);
        while (answer.status === 503);
        assert.ok([200, 201].includes(answer.status),
          JSON.stringify(answer));
        seqs.push(answer.json.seq);
      }
    });
    await until(() => seqs.length > 20);
    await postgres.psql(`SELECT pg_terminate_backend(pid)
      FROM ${postgres.activity} WHERE usename = 'hermetic_api'
        AND application_name <> 'hermetic listener'`);
    const before = seqs.length;
    await until(() => seqs.length > before + 20);
    goOn = false;
    await Promise.all(senders);
    const log = [];
    for (let page; page?.length !== 0; log.push(...page))
      page = await session.history(alice, `?after=${log.length}&limit=500`);
    assert.deepEqual(seqs.sort((a, b) => a - b), log.map(m => m.seq));
  });
});
