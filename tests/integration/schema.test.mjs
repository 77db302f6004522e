// The schema can be spread over machines by the session, as Citus would do it
// (docs/scaling.md), and a change of the log's layout keeps what is in it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';

import { Session, base64, newAccount, newUsers, nextHead, nextHead1, ok } from '../testlib/api.mjs';
import { needsOwn, root, runMigrate, startNode, startPostgres } from '../testlib/stack.mjs';

let postgres;
before(async () => { postgres = await startPostgres(); });
after(async () => { await postgres?.stop(); });

const KEY = 'session_id';
// What a session's tables refer to on one machine alone: deploy/distribute.sql drops these keys.
const DROPPED = ['account', 'device'];

describe('the schema, by the rules of Citus', { skip: needsOwn }, () => {
  const catalogue = sql => postgres.rows(sql); // once it is up
  const names = key => `(SELECT array_agg(a.attname ORDER BY k.i)
    FROM unnest(${key}) WITH ORDINALITY AS k(n, i)
    JOIN pg_attribute a ON a.attnum = k.n AND a.attrelid = `;
  let distributed;
  before(async () => {
    distributed = (await catalogue(`SELECT relname FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = '${KEY}'
      WHERE c.relnamespace = 'hermetic'::regnamespace AND c.relkind = 'r'
      ORDER BY 1`)).map(r => r.relname);
  });

  test('what belongs to a session has its id, and not as NULL', async () => {
    assert.deepEqual(distributed, ['departure', 'file', 'file_naming', 'file_object', 'file_piece', 'first_group_info',
      'group_info', 'history_floor', 'history_swept', 'invitation', 'invitation_letter', 'member_end', 'message',
      'message_expiry', 'rotation', 'session', 'session_member',
      'welcome']);
    assert.deepEqual(await catalogue(`SELECT attrelid::regclass AS what
      FROM pg_attribute WHERE attname = '${KEY}' AND NOT attnotnull
        AND attrelid IN (SELECT oid FROM pg_class
          WHERE relnamespace = 'hermetic'::regnamespace
            AND relkind = 'r')`), []);
  });

  test('every unique key of such a table holds it', async () => {
    const keys = await catalogue(`SELECT t.relname AS of, i.relname AS key,
        ${names('x.indkey::smallint[]')} t.oid) AS columns
      FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
      JOIN pg_class i ON i.oid = x.indexrelid
      WHERE x.indisunique AND t.relnamespace = 'hermetic'::regnamespace`);
    const ours = keys.filter(k => distributed.includes(k.of));
    assert.deepEqual(ours.filter(k => !k.columns.includes(KEY)), []);
    for (const table of distributed)
      assert.ok(ours.some(k => k.of === table), `${table} has no key`);
    assert.deepEqual(await catalogue(`SELECT conname FROM pg_constraint
      WHERE contype = 'x' AND connamespace = 'hermetic'::regnamespace`), []);
  });

  test('foreign keys stay on the machine', async () => {
    const keys = await catalogue(`SELECT c.conname AS name, f.relname AS from,
        t.relname AS to, c.confdeltype, c.confupdtype,
        ${names('c.conkey')} f.oid) AS theirs,
        ${names('c.confkey')} t.oid) AS referenced
      FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid
      JOIN pg_class t ON t.oid = c.confrelid
      WHERE c.contype = 'f' AND f.relnamespace = 'hermetic'::regnamespace`);
    assert.ok(keys.length > 10);
    const stays = k => distributed.includes(k.from) && DROPPED.includes(k.to) ||
      distributed.includes(k.to) && distributed.includes(k.from) &&
        k.theirs.includes(KEY) &&
        k.theirs.indexOf(KEY) === k.referenced.indexOf(KEY) &&
        'acr'.includes(k.confdeltype) && 'ar'.includes(k.confupdtype);
    const between = k => !distributed.includes(k.from) && !distributed.includes(k.to);
    assert.deepEqual(keys.filter(k => !stays(k) && !between(k)), []);
    // a rule that lets everything through would be none
    assert.equal(stays({ from: 'message', to: 'signing_key' }), false);
  });

  test('a bucket is what PostgreSQL\'s hash of a session says', async () => {
    const known = [...readFileSync(join(root, 'tests/unit/test_bucket.c'), 'utf8')
      .matchAll(/\{ "([0-9a-f-]{36})", (\d+) \}/g)]
      .map(m => ({ id: m[1], bucket: Number(m[2]) }));
    assert.ok(known.length > 5);
    assert.deepEqual(await catalogue(`SELECT id,
        (uuid_hash(id::uuid)::bigint + 2147483648) / ${2 ** 32 / 1024} AS bucket
      FROM unnest('{${known.map(k => k.id)}}'::text[]) WITH ORDINALITY AS k(id, i)
      ORDER BY i`), known);
  });

  test('nothing in them is numbered or triggered on one machine', async () => {
    assert.deepEqual(await catalogue(`SELECT attrelid::regclass::text AS of
      FROM pg_attribute WHERE attidentity <> '' AND attrelid::regclass::text
        = ANY ('{${distributed.map(t => `hermetic.${t}`)}}')`), []);
    assert.deepEqual(await catalogue(`SELECT tgname FROM pg_trigger
      WHERE NOT tgisinternal`), []);
  });
});

describe('the functions', { skip: needsOwn }, () => {
  const folder = join(root, 'sql/functions');
  const files = readdirSync(folder).sort();
  const texts = files.map(f => readFileSync(join(folder, f), 'utf8'));
  const DEFINITIONS = `SELECT coalesce(json_agg(json_build_object('name', proname,
      'text', pg_get_functiondef(oid)) ORDER BY oid::regprocedure::text), '[]')
    FROM pg_proc
    WHERE pronamespace = 'hermetic'::regnamespace AND prokind = 'f'`;
  /** All that there are, once `sql` has been run; nothing of it stays. */
  const after = async sql => JSON.parse(await postgres.psql(`BEGIN;
    SET LOCAL search_path = hermetic;
    ${sql}
    ${DEFINITIONS};
    ROLLBACK;`));
  let migrated;
  before(async () => { migrated = await after(''); });

  test('stand in sql/functions/ as the migrations leave them', async () => {
    assert.ok(migrated.length > 20);
    assert.deepEqual(await after(texts.join('\n')), migrated);
    const changed = texts.map((text, i) => files[i] === 'make_due.sql' ?
      text.replace('hard_at < r', 'hard_at <= r') : text);
    assert.notDeepEqual(await after(changed.join('\n')), migrated);
  });

  test('each in a file of its name, each file of functions that there are',
    async () => {
      assert.deepEqual(files,
        [...new Set(migrated.map(f => `${f.name}.sql`))].sort());
      for (const [i, text] of texts.entries()) {
        const defined = [...text.matchAll(/^CREATE OR REPLACE FUNCTION (\w+)/gm)]
          .map(m => `${m[1]}.sql`);
        assert.deepEqual(defined,
          migrated.filter(f => `${f.name}.sql` === files[i])
            .map(() => files[i]), files[i]);
      }
    });
});

describe('a change of the log', { skip: needsOwn }, () => {
  let node, alice, bob, session;
  before(async () => {
    node = await startNode({ postgres, workers: 1 });
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
  });
  after(async () => { await node?.stop(); });
  beforeEach(async () => {
    session = await Session.pair(alice, bob); // a commit, as well as messages
    for (let i = 0; i < 5; i++) ok(await session.send(alice), 201);
  });

  const COUNT = readdirSync(join(root, 'migrations')).length / 2;
  const downTo = number => runMigrate(postgres, 'down',
    String(COUNT - number + 1));
  /** The log as whatever schema there is has it. */
  const log = () => postgres.rows(`SELECT session_id, seq, kind, epoch, sender,
    translate(encode(envelope, 'base64'), E'\\n', '') AS envelope,
    encode(head, 'hex') AS head, encode(nonce, 'hex') AS nonce
    FROM hermetic.message WHERE session_id = '${session.id}' ORDER BY seq`);
  const commit = bytes => postgres.psql(`SET search_path = hermetic;
    SELECT outcome FROM append_commit('${session.id}', '${alice.userId}',
      '${alice.id}', (SELECT epoch FROM session
        WHERE session_id = '${session.id}'), 0, '{}', '{}', '{}',
      substring(sha256('${bytes}') FOR 16), '${bytes}', 'info', NULL, true)`);

  test('a new layout keeps what is in it', async () => {
    const first = await log();
    assert.match((await downTo(9)).stdout, /0009_message_layout/);
    assert.deepEqual(await log(), first);
    assert.equal(await commit('one'), 'ok'); // by the function of before
    await runMigrate(postgres, 'up');
    assert.equal(await commit('two'), 'ok');
    session.epoch += 2;
    ok(await session.send(alice), 201);
    const last = await session.history(bob);
    assert.deepEqual(last.slice(0, first.length).map(m => m.envelope),
      first.map(m => m.envelope));
    assert.equal(last.length, first.length + 3);
    const chains = last.slice(1).map((m, i) =>
      nextHead(last[i].head, m) === m.head ? 2 :
        nextHead1(last[i].head, m) === m.head ? 1 : 0);
    assert.deepEqual(chains, [2, 2, 2, 2, 2, 1, 2, 2]);
  });

  test('a log that was closed before is closed behind it', async () => {
    const user = await newAccount(node.url, 'closed');
    ok(await user.post(`/users/${user.username}/log`,
      { link: base64(user.log.close()) }), 201);
    // until the one that closes logs
    while (!(await runMigrate(postgres, 'down')).stdout.includes('0034'));
    await runMigrate(postgres, 'up');
    const logs = await postgres.rows(`SELECT closed_at IS NOT NULL AS closed
      FROM hermetic.account_log
      WHERE fingerprint = '\\x${user.log.fingerprint.toString('hex')}'`);
    assert.deepEqual(logs, [{ closed: true }]);
    ok(await user.post('/auth/close', { password: user.password }), 204);
  });

  test('a letter of before stands under the account that it names, or nowhere',
    async () => {
      const [first, second, guest] = await Promise.all(['first', 'second', 'guest']
        .map(name => newAccount(node.url, name)));
      while (!(await runMigrate(postgres, 'down')).stdout.includes('0046'));
      const letter = by => Buffer.concat([Buffer.alloc(89), by.log.fingerprint,
        Buffer.alloc(104)]).toString('hex');
      const invite = (by, who) => postgres.psql(`INSERT INTO hermetic.invitation
        (session_id, user_id, invited_by, letter) VALUES ('${session.id}',
          '${who.userId}', '${first.userId}', '\\x${letter(by)}')`);
      await invite(first, guest);
      await invite(second, second);
      await runMigrate(postgres, 'up');
      assert.deepEqual(await postgres.rows(`SELECT user_id, invited_by
        FROM hermetic.invitation_letter WHERE session_id = '${session.id}'`),
      [{ user_id: guest.userId, invited_by: first.userId }]);
    });

  test('sessions of before go over to the second chain, and are known by ' +
    'their last GroupInfo', async () => {
    await downTo(13);
    assert.equal(await commit('one'), 'ok');
    await runMigrate(postgres, 'up');
    const [{ seq, head }] = (await log()).slice(-1);
    for (const table of ['group_info', 'first_group_info'])
      assert.deepEqual(await postgres.rows(`SELECT epoch, seq,
        encode(head, 'hex') AS head FROM hermetic.${table}
        WHERE session_id = '${session.id}'`), [{ epoch: 2, seq, head }], table);
    // one that has made no commit begins where its log does
    const [{ count }] = await postgres.rows(`SELECT count(*)
      FROM hermetic.first_group_info WHERE seq = 0
        AND head <> hermetic.chain_start(session_id)`);
    assert.equal(count, 0);
    session.epoch = 2;
    const { head: next, seq: at } = ok(await session.send(alice), 201);
    const [last] = await session.history(bob, '?before=1000&limit=1');
    assert.equal(at, seq + 1);
    assert.equal(nextHead(head, last), next);
  });
});
