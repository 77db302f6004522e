// No call takes longer because more is stored: what grows is done in pieces (docs/adr/0089).
// By what the database says that each call has read and changed.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { AccountLog } from '../testlib/accounts.mjs';
import { Session, base64, newUser, ok } from '../testlib/api.mjs';
import {
  root, rotateOnce, startNode, startPostgres,
} from '../testlib/stack.mjs';

const many = 4500;
const most = 2100; // of one table: a piece, of two kinds

/** An account NAME with everything that others or time make many of. */
const filling = (name, user = `md5('user ${name}')::uuid`) => `
SET search_path = hermetic;
INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
  SELECT ${user}, '${name}', '', '', 2, 1, 1 ON CONFLICT DO NOTHING;
INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
  SELECT md5('${name} other' || i)::uuid, '${name}-other-' || i, '', '', 2, 1, 1
  FROM generate_series(1, ${many}) i;
INSERT INTO device (device_id, user_id, name)
  VALUES (md5('${name} device')::uuid, ${user}, '${name}s laptop');
INSERT INTO device (device_id, user_id, name, removed_at)
  SELECT md5('${name} device' || i)::uuid, ${user}, '${name}s phone', now()
  FROM generate_series(1, ${many}) i;
INSERT INTO session (session_id, algorithm, creator, join_policy, epoch, last_seq, head)
  SELECT md5('${name} session' || i)::uuid, 'chacha20-poly1305', ${user}, 'invited',
         0, 1, sha256('') FROM generate_series(1, ${many}) i;
INSERT INTO session_member (session_id, device_id, leaf_index)
  SELECT md5('${name} session' || i)::uuid, md5('${name} device')::uuid, 0
  FROM generate_series(1, ${many}) i;
INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope, head,
                     sent_at, hash, origin)
  SELECT md5('${name} session1')::uuid, i, 1, 0, md5('${name} device')::uuid,
         substring(sha256(i::text::bytea) FOR 16), '', sha256(''), now(), sha256(''),
         '${name}s request' FROM generate_series(1, ${many}) i;
INSERT INTO invitation (session_id, user_id, invited_by)
  SELECT md5('${name} session' || i)::uuid, ${user},
         md5('${name} other' || i)::uuid FROM generate_series(1, ${many}) i;
INSERT INTO invitation (session_id, user_id, invited_by)
  SELECT md5('${name} session1')::uuid, md5('${name} other' || i)::uuid, ${user}
  FROM generate_series(1, ${many}) i;
INSERT INTO invitation_letter (session_id, user_id, fingerprint, invited_by, letter)
  SELECT session_id, user_id, sha256(''), ${user}, '' FROM invitation
  WHERE invited_by = ${user};
INSERT INTO key_package (device_id, algorithm, ref, key_package, last_resort, expires_at)
  SELECT md5('${name} device')::uuid, 'x', sha256(('${name}' || i)::bytea), '', false,
         now() + interval '1 day' FROM generate_series(1, ${many}) i;
INSERT INTO welcome (session_id, device_id, seq, head, welcome)
  SELECT md5('${name} session' || i)::uuid, md5('${name} device')::uuid, 1, '', ''
  FROM generate_series(1, ${many}) i;
INSERT INTO token_family (family_id, device_id)
  VALUES (md5('${name} family')::uuid, md5('${name} device')::uuid);
INSERT INTO refresh_token (token_hash, family_id, expires_at, used_at)
  SELECT sha256(('${name} token' || i)::bytea), md5('${name} family')::uuid,
         now() + interval '1 day', now() - interval '1 hour'
  FROM generate_series(1, ${many}) i;
INSERT INTO account_block (by_user, by_name, blocked)
  SELECT md5('${name} other' || i)::uuid, '${name}-other-' || i, ${user}
  FROM generate_series(1, ${many}) i;
`;

describe('work that grows', { concurrency: false }, () => {
  let postgres;
  before(async () => { postgres = await startPostgres(); });
  after(async () => { await postgres?.stop(); });

  /** Runs a query; { value, changed, read } with the most of one table. */
  const measured = async query => {
    const [value, ...rows] = (await postgres.psql(`SET search_path = hermetic;
      SET enable_seqscan = off;
      BEGIN;
      ${query};
      SELECT relname || ' ' || n_tup_ins + n_tup_upd + n_tup_del || ' '
             || coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
        FROM pg_stat_xact_user_tables WHERE schemaname = 'hermetic';
      COMMIT;`)).split('\n');
    const figures = rows.map(r => r.split(' '));
    const worst = i => figures.reduce((w, f) => Number(f[i]) > w.n ?
      { table: f[0], n: Number(f[i]) } : w, { n: 0 });
    return { value, changed: worst(1), read: worst(2) };
  };
  /** Again and again until `over`, each time within bounds; how often. What it reads counts
   * where `reads`: what looks for work among all that there is changes little, but reads more. */
  const inPieces = async (query, over, { reads = true } = {}) => {
    for (let n = 1; ; n++) {
      const { value, changed, read } = await measured(query);
      assert.ok(changed.n <= most, `${query}: ${JSON.stringify(changed)}`);
      if (reads) assert.ok(read.n <= 2 * most, `${query}: ${JSON.stringify(read)}`);
      if (over(value)) return n;
      assert.ok(n < 100, query);
    }
  };
  const few = value => Number(value) < 1000;
  const leadsTo = async name => (await postgres.dump()).split('\n')
    .filter(l => l.includes(`${name}s `) ||
      l.includes(`'${name}'`)).map(l => l.slice(0, 200));

  test('an account is erased', async () => {
    await postgres.psql(filling('alice'));
    await inPieces(`SELECT admin_erase('alice')`, () => true);
    // what others see is so at once
    assert.deepEqual(await postgres.rows(`SELECT
      (SELECT count(*) FROM hermetic.account WHERE username = 'alice') AS accounts,
      (SELECT count(*) FROM hermetic.device
       WHERE name = 'alices laptop' AND removed_at IS NULL) AS devices,
      (SELECT count(*) FROM hermetic.token_family WHERE revoked_at IS NULL) AS logins`),
    [{ accounts: 0, devices: 0, logins: 0 }]);
    assert.ok(await inPieces('SELECT end_accounts()', few) > 3);
    assert.ok(await inPieces('SELECT end_devices()', few) > 3);
    assert.deepEqual(await leadsTo('alice'), []);
    assert.deepEqual(await postgres.rows(`SELECT
      (SELECT count(*) FROM hermetic.account
       WHERE user_id = md5('user alice')::uuid) AS accounts,
      (SELECT count(*) FROM hermetic.active_member) AS members,
      (SELECT count(*) FROM hermetic.rotation) AS due,
      (SELECT count(*) FROM hermetic.welcome) AS welcomes,
      (SELECT count(*) FROM hermetic.key_package) AS key_packages,
      (SELECT count(*) FROM hermetic.refresh_token) AS tokens,
      (SELECT count(*) FROM hermetic.device_end) AS begun`),
    [{ accounts: 0, members: 0, due: many, welcomes: 0, key_packages: 0, tokens: 0,
      begun: 0 }]);
    assert.equal(await inPieces(`SELECT admin_erase('alice')`, v => v === 'f'), 1);
  });

  test('a device ends', async () => {
    await postgres.psql(filling('bob'));
    await inPieces(`SELECT admin_device_end(md5('bob device')::uuid)`, () => true);
    assert.ok(await inPieces('SELECT end_devices()', few) > 3);
    assert.deepEqual(await postgres.rows(`SELECT count(*) FROM hermetic.active_member`),
      [{ count: 0 }]);
  });

  test('a refresh token is used again', async () => {
    const [token] = await postgres.rows(`SELECT token_hash AS hash
      FROM hermetic.refresh_token LIMIT 1`);
    await postgres.psql('UPDATE hermetic.token_family SET revoked_at = NULL');
    await inPieces(`SELECT outcome FROM rotate_refresh_token('${token.hash}', '',
      now(), interval '1 second', 0)`, value => value === 'refresh-reused');
  });

  test('what the worker does is done in pieces, each statement of it', async () => {
    await postgres.psql(`${filling('carol')}
      UPDATE session SET created_at = now() - interval '1 year', ended_at = NULL,
        epoch_at = now() - interval '1 year';
      INSERT INTO message_expiry SELECT session_id, seq, now() - interval '1 day'
        FROM message WHERE origin <> '';
      INSERT INTO held_name SELECT i, now() - interval '1 year'
        FROM generate_series(1, ${many}) i;
      INSERT INTO presence SELECT device_id, now() - interval '1 day' FROM device;
      INSERT INTO member_end SELECT md5('carol session1')::uuid, device_id, 1
        FROM device;
      UPDATE welcome SET created_at = now() - interval '1 year';
      UPDATE key_package SET expires_at = now() - interval '1 year';
      UPDATE refresh_token SET expires_at = now() - interval '1 year';
      UPDATE token_family SET revoked_at = now() - interval '1 year';
      SELECT admin_suspend('carol', true)`);
    const kinds = readdirSync(join(root, 'sql')).filter(f => /^worker_/.test(f))
      .map(f => ({ f, text: readFileSync(join(root, 'sql', f), 'utf8')
        .replace(/--.*/g, '').replace(/;\s*$/, '') }));
    assert.ok(kinds.length > 20);
    const value = text => text.replace(/\$\d+::(\w+(\[\])?)/g, (_, type) =>
      `(${{ bigint: '1', text: `'x'`, 'text[]': `'{}'`,
        'uuid[]': `'{}'` }[type] ?? assert.fail(type)}::${type})`);
    const times = {};
    // the keys are due, then the sessions are over, then they go
    for (let round = 0; round < 2; round++) {
      for (const { f, text } of kinds)
        times[f] = await inPieces(value(text), /AS count/.test(text) ? few : () => true,
          { reads: false });
      await postgres.psql(`UPDATE hermetic.session
        SET ended_at = now() - interval '1 day'`);
    }
    for (const f of ['worker_drop_messages.sql', 'worker_drop_sessions.sql'])
      assert.ok(times[f] > 3, `${f}: ${times[f]}`);
    assert.deepEqual(await postgres.rows('SELECT count(*) FROM hermetic.session'),
      [{ count: 0 }]);
  });
});

describe('an account with much', { concurrency: false }, () => {
  let postgres, node;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, env: { HERMETIC_LINKS_PER_MINUTE: '1000' } });
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  test('who is invited to a session is a list with an end', async () => {
    const user = await newUser(node.url, 'erin');
    const session = await Session.create(user);
    await postgres.psql(`SET search_path = hermetic;
      INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
        SELECT md5('guest' || i)::uuid, 'guest-' || lpad(i::text, 4, '0'), '', '', 2, 1, 1
        FROM generate_series(1, 1200) i;
      INSERT INTO invitation (session_id, user_id, invited_by)
        SELECT '${session.id}', g.user_id, u.user_id FROM account g, account u
        WHERE g.username LIKE 'guest-%' AND u.username = '${user.username}'`);
    const { invited } = ok(await user.get(session.path('/members')));
    assert.equal(invited.length, 1000);
    assert.deepEqual(invited, [...invited].sort());
  });

  test('is closed by one request, and the worker does the rest', async () => {
    const user = await newUser(node.url, 'dora');
    const log = new AccountLog(user.username);
    for (const body of [{ link: base64(log.links[0]), salt: base64(log.salt) },
      { link: base64(log.close()) }])
      ok(await user.post(`/users/${user.username}/log`, body), 201);
    const [{ id }] = await postgres.rows(`SELECT user_id AS id FROM hermetic.account
      WHERE username = '${user.username}'`);
    await postgres.psql(filling('dora', `'${id}'::uuid`));
    ok(await user.post('/auth/close', { password: user.password }), 204);
    const left = async () => (await postgres.rows(`SELECT count(*) AS n
      FROM hermetic.account WHERE user_id = '${id}'`))[0].n;
    assert.equal(await left(), 1);
    await rotateOnce(postgres);
    assert.equal(await left(), 0);
    assert.ok(!(await postgres.dump()).includes(id));
  });
});
