// No statement of the API reads what others have stored: with large tables that
// were never analysed, by the planner's word and by what the tables were read.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUser, ok } from '../testlib/api.mjs';
import { needsOwn, root, startNode, startPostgres, until } from '../testlib/stack.mjs';

// Of the processes that look after all of them, now and then.
const everything = /^(worker_|admin_|mqtt_members_page|mqtt_recent|revocation_list)/;
// Tables with a row for each node, key, token or kind of work: only who operates the
// server fills them. All others count, also those that come.
const few = ['limit_key', 'signing_key', 'signing_key_voucher', 'admin_api_token',
  'registration_token', 'audit_end', 'worker_action'];

// Strangers: 20,000 accounts with a device, a session and a message each.
const filling = `
SET search_path = hermetic;
INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
  SELECT md5('u' || i)::uuid, 'stranger-' || i, '', '', 1, 1, 1
  FROM generate_series(1, 20000) i;
INSERT INTO device (device_id, user_id, name)
  SELECT md5('d' || i)::uuid, md5('u' || i)::uuid, 'x'
  FROM generate_series(1, 20000) i;
INSERT INTO token_family (family_id, device_id)
  SELECT md5('f' || i)::uuid, md5('d' || i)::uuid FROM generate_series(1, 20000) i;
INSERT INTO refresh_token (token_hash, family_id, expires_at)
  SELECT sha256(i::text::bytea), md5('f' || i)::uuid, now() + interval '1 day'
  FROM generate_series(1, 20000) i;
INSERT INTO key_package (device_id, algorithm, ref, key_package, last_resort, expires_at)
  SELECT md5('d' || i)::uuid, 'chacha20-poly1305', sha256(i::text::bytea), '\\x00',
         false, now() + interval '1 day' FROM generate_series(1, 20000) i;
INSERT INTO session (session_id, algorithm, creator, join_policy, epoch, last_seq, head)
  SELECT md5('s' || i)::uuid, 'chacha20-poly1305', md5('u' || i)::uuid, 'invited', 0,
         1, sha256(i::text::bytea) FROM generate_series(1, 20000) i;
INSERT INTO session_member (session_id, device_id, leaf_index)
  SELECT md5('s' || i)::uuid, md5('d' || (i + j) % 20000 + 1)::uuid, j
  FROM generate_series(1, 20000) i, generate_series(0, 2) j;
INSERT INTO invitation (session_id, user_id, invited_by)
  SELECT md5('s' || i)::uuid, md5('u' || i % 20000 + 1)::uuid, md5('u' || i)::uuid
  FROM generate_series(1, 20000) i;
INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope, head,
                     sent_at, hash)
  SELECT md5('s' || i)::uuid, 1, 1, 0, md5('d' || i)::uuid, substring(sha256(
         i::text::bytea) FOR 16), sha256(i::text::bytea), sha256(i::text::bytea),
         now(), sha256(i::text::bytea) FROM generate_series(1, 20000) i;
INSERT INTO account_log (fingerprint, user_id, salt)
  SELECT sha256(i::text::bytea), md5('u' || i)::uuid, sha256(i::text::bytea)
  FROM generate_series(1, 20000) i;
INSERT INTO account_link (fingerprint, number, hash, link)
  SELECT sha256(i::text::bytea), 2,
         sha256('hermetic account 1'::bytea || i::text::bytea), i::text::bytea
  FROM generate_series(1, 20000) i;
INSERT INTO account_block (by_user, by_name, blocked)
  SELECT md5('u' || i)::uuid, 'stranger-' || i, md5('u' || i % 20000 + 1)::uuid
  FROM generate_series(1, 20000) i;
INSERT INTO group_info (session_id, epoch, group_info, seq, head)
  SELECT md5('s' || i)::uuid, 0, '\\x00', 0, sha256(i::text::bytea)
  FROM generate_series(1, 20000) i;
INSERT INTO welcome (session_id, device_id, seq, head, welcome)
  SELECT md5('s' || i)::uuid, md5('d' || i)::uuid, 1, '', ''
  FROM generate_series(1, 20000) i;
INSERT INTO file (session_id, file_id, device_id, size, stored)
  SELECT md5('s' || i)::uuid, md5('f' || i)::uuid, md5('d' || i)::uuid, 1, 1
  FROM generate_series(1, 20000) i;
INSERT INTO file_piece SELECT session_id, file_id, 0, '\\x00' FROM file;
INSERT INTO file_naming SELECT session_id, file_id, '\\x00' FROM file;
INSERT INTO rotation (session_id, reason, hard_at)
  SELECT md5('s' || i)::uuid, 'age', now() FROM generate_series(1, 20000) i;
INSERT INTO allowance SELECT i, now() + interval '1 hour'
  FROM generate_series(1, 20000) i;
`;

describe('plans', { concurrency: false, skip: needsOwn }, () => {
  let postgres, node, large;
  before(async () => {
    postgres = await startPostgres({ settings: { autovacuum: 'off' } });
    await postgres.psql(filling);
    large = (await postgres.rows(`SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'hermetic'::regnamespace AND relkind = 'r'
        AND relname NOT IN (${few.map(t => `'${t}'`).join()})`)).map(t => t.name);
    assert.ok(large.includes('stored_link'));
    node = await startNode({ postgres, workers: 1 });
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const scans = plan => [
    ...(plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name']] : []),
    ...(plan.Plans ?? []).flatMap(scans)];

  test('no statement scans a table that others fill', async () => {
    const files = readdirSync(join(root, 'sql')).filter(f =>
      f.endsWith('.sql') && !everything.test(f)).map(file => ({ file,
      text: readFileSync(join(root, 'sql', file), 'utf8').trim()
        .replace(/;\s*$/, '') }))
      .filter(f => !/^\s*(LISTEN|NOTIFY)\b/m.test(f.text));
    const explain = ({ file, text }, i) => {
      const count = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)]
        .map(m => Number(m[1])));
      const nulls = count > 0 ? `(${Array(count).fill('NULL').join()})` : '';
      return `\\echo --- ${file}\nPREPARE s${i} AS ${text};\n` +
        `EXPLAIN (FORMAT JSON) EXECUTE s${i}${nulls};\n`;
    };
    const plans = (await postgres.psql(`SET search_path = hermetic;
      SET plan_cache_mode = force_generic_plan;\n${
  files.map(explain).join('')}`)).split(/^--- /m).slice(1);
    assert.equal(plans.length, files.length);
    const found = plans.flatMap(text => {
      const at = text.indexOf('\n');
      return [...new Set(scans(JSON.parse(text.slice(at))[0].Plan))]
        .filter(name => large.includes(name))
        .map(name => `${text.slice(0, at)}: ${name}`);
    });
    assert.deepEqual(found, []);
  });

  // What orders its rows gives several: by pages, to a LIMIT, or of what something else bounds.
  test('every list has an end', () => {
    const bounded = {
      account_links: 'its last parameters', account_logs: 'its last parameters',
      admin_api_tokens: 'operators', admin_devices: 'HERMETIC_DEVICES',
      admin_keys_to_rewrap: 'their age', admin_members: 'HERMETIC_SESSION_MEMBERS',
      admin_sessions: 'its last parameter', admin_tokens: 'operators',
      block_list: 'block_account()', device_list: 'HERMETIC_DEVICES',
      key_package_claim: 'HERMETIC_DEVICES', key_package_count: 'the algorithms',
      limit_share: 'its parameters', session_invited: 'a LIMIT of what it sorts', mqtt_members: 'its parameters',
      presence_put: 'its parameters', session_members: 'HERMETIC_SESSION_MEMBERS',
      signing_key_list: 'their age',
    };
    const inside = text => {
      const less = text.replace(/\([^()]*\)/g, '');
      return less === text ? text : inside(less);
    };
    const lists = readdirSync(join(root, 'sql')).filter(f => f.endsWith('.sql'))
      .map(file => ({ name: file.slice(0, -4), text: readFileSync(
        join(root, 'sql', file), 'utf8').replace(/--.*/g, '') }))
      .filter(({ text }) => /\bORDER BY\b/.test(inside(text)) &&
        !/\bLIMIT\b/.test(inside(text)) && !/\bLIMIT \$/.test(text))
      .map(({ name }) => name);
    assert.ok(lists.length > 5);
    assert.deepEqual(lists.filter(name => !bounded[name]), []);
    assert.deepEqual(Object.keys(bounded).filter(name => !lists.includes(name)), []);
  });

  // Functions, too: by what the database says it has read.
  test('what the API does reads no table from end to end', async () => {
    const read = async () => Object.fromEntries((await postgres.rows(`
      SELECT relname AS name, seq_scan AS n FROM pg_stat_user_tables
      WHERE relname IN (${large.map(t => `'${t}'`).join()})`))
      .map(r => [r.name, r.n]));
    const before = await read();
    const [alice, ...others] = await Promise.all(Array.from({ length: 6 },
      () => newUser(node.url)));
    const [bob] = others;
    ok(await bob.post('/key-packages', {
      key_packages: [base64(bob.keysFor().keyPackage())] }), 201);
    ok(await alice.post('/key-packages/claim', { username: bob.username }));
    const session = await Session.create(alice,
      { invite: [bob.username] });
    ok(await bob.get('/sessions'));
    await session.add(alice, ...others);
    ok(await session.send(bob), 201);
    await session.history(bob);
    ok(await bob.get(session.path('/members')));
    ok(await bob.get('/welcomes'));
    ok(await session.leave(bob), 201);
    await session.remove(alice, bob);
    ok(await alice.post('/auth/refresh', { refresh_token: alice.refreshToken }));
    // a backend tells what it has read when it is idle for a second
    const sends = async () => Number(await postgres.psql(
      `SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'session'`));
    await until(async () => await sends() > 20000, { name: 'figures' });
    const now = await read();
    assert.deepEqual(Object.keys(now).filter(t => now[t] > before[t]), []);
  });

  test('one\'s own sessions, whatever others have', async () => {
    const carol = await newUser(node.url, 'carol');
    const mine = [];
    for (let i = 0; i < 7; i++) mine.push((await Session.create(carol)).id);
    mine.sort();
    let after = '', got = [];
    do {
      const page = ok(await carol.get(`/sessions?limit=3${after}`));
      got.push(...page.sessions.map(s => s.session_id));
      after = page.next && `&after=${page.next}`;
    } while (after);
    assert.deepEqual(got, mine);
  });

  test('which link brings an entry is looked up, however many links there are',
    async () => {
      const text = readFileSync(join(root, 'sql/device_request_put.sql'), 'utf8');
      const plan = await postgres.psql(`SET search_path = hermetic;
        SET plan_cache_mode = force_generic_plan;
        PREPARE put AS ${text}
        EXPLAIN EXECUTE put(NULL, NULL, NULL)`);
      assert.match(plan, /stored_link_entry/);
    });

  test('of an account\'s links those that are wanted are read', async () => {
    // of each branch the number of its first link, and how many it has
    const branches = [[1, 6], [4, 3], [6, 2], [3, 4], [5, 5], [2, 2], [3, 1]];
    const rows = branches.flatMap(([first, count], branch) =>
      Array.from({ length: count }, (_, i) => ({ branch, number: first + i })));
    const key = r => `${r.branch}/${r.number}`;
    const print = `sha256('hermetic account 1'::bytea || '0/1')`;
    const logs = branches.map((_, branch) => branches.slice(0, branch + 1)
      .reduce((log, [from], b) => [...log.slice(0, from - 1),
        ...rows.filter(r => r.branch === b)], []));
    await postgres.psql(`SET search_path = hermetic;
      INSERT INTO account_log (fingerprint, user_id, salt, replaced_at)
        VALUES (${print}, md5('u1')::uuid, sha256(''), now());
      INSERT INTO stored_link (fingerprint, branch, number, hash, link)
        SELECT ${print}, b, n,
               sha256('hermetic account 1'::bytea || format('%s/%s', b, n)::bytea),
               format('%s/%s', b, n)::bytea
        FROM (VALUES ${rows.map(r => `(${r.branch}, ${r.number})`)}) AS r(b, n)`);
    const text = readFileSync(join(root, 'sql/account_links.sql'), 'utf8')
      .replace(/--.*|;/g, '');
    const hash = text =>
      `sha256('hermetic account 1'::bytea || '${text}'::bytea)`;
    const read = async (kept, wanted, place) => {
      const given = [`ARRAY[${print}, sha256('nobody')]`,
        `ARRAY[${kept.branch}, 0]`, `ARRAY[${kept.number}, 0]`,
        `ARRAY[${hash(kept.as ?? key(kept))}, '']`, String(wanted),
        `ARRAY[${place?.number ?? 0}, 0]`,
        `ARRAY[${hash(place ? key(place) : '')}, '']`];
      // as a node's connections have it: to compile costs a second each time
      return JSON.parse(await postgres.psql(`SET search_path = hermetic; SET jit = off;
        SELECT json_agg(convert_from(link, 'UTF8')) FROM (${
  text.replace(/\$(\d)/g, (_, n) => `(${given[n - 1]})`)}) AS t`));
    };
    const nothing = { branch: 0, number: 0 };
    for (let wanted = 0; wanted <= branches.length; wanted++) {
      const oldest = Math.max(0, branches.length - 1 - wanted);
      const those = new Set(logs.slice(oldest).flat().map(key));
      const expected = rows.map(key).filter(k => those.has(k));
      assert.deepEqual(await read(nothing, wanted), expected, `${wanted}`);
      // what is kept is no link of the log, or of a branch that is too old
      assert.deepEqual(await read({ branch: 5, number: 3, as: 'x' }, wanted),
        expected);
      if (oldest > 0)
        assert.deepEqual(await read({ branch: 0, number: 6 }, wanted), expected);
      // a group stands at a branch that is too old
      for (const place of [{ branch: 0, number: 5 }, { branch: 3, number: 6 }]) {
        const more = new Set([...logs.slice(oldest), ...oldest > place.branch ?
          [logs[place.branch]] : []].flat().map(key));
        assert.deepEqual(await read(nothing, wanted, place),
          rows.map(key).filter(k => more.has(k)), `${wanted} ${key(place)}`);
      }
    }
    for (const kept of [{ branch: 6, number: 3 }, { branch: 4, number: 6 },
      { branch: 2, number: 7 }])
      assert.deepEqual(await read(kept, 16), rows.filter(r =>
        r.branch > kept.branch ||
        r.branch === kept.branch && r.number >= kept.number).map(key), key(kept));
    // one link, the last one and those behind one, of the log that counts
    const log = logs.at(-1);
    assert.deepEqual(await postgres.rows(`SELECT n, (SELECT convert_from(link, 'UTF8')
        FROM hermetic.account_link_at(${print}, n)) AS at, (SELECT array_agg(
        convert_from(link, 'UTF8') ORDER BY number)
        FROM hermetic.account_links_behind(${print}, n, 2)) AS behind
      FROM generate_series(0, 9) n`), Array.from({ length: 10 }, (_, n) => ({ n,
      at: n > 0 && log[n - 1] ? key(log[n - 1]) : null,
      behind: log[n] ? log.slice(n, n + 2).map(key) : null })));
    assert.deepEqual(await postgres.rows(`SELECT number
      FROM hermetic.account_log_end(${print})`), [{ number: log.length }]);
    assert.deepEqual(await postgres.rows(`SELECT number
      FROM hermetic.account_link WHERE fingerprint = ${print} ORDER BY number`),
    log.map((_, i) => ({ number: i + 1 })));
  });

  test('free leaves are the leftmost ones', async () => {
    const leaves = await postgres.rows(`SELECT n, leaf
      FROM hermetic.free_leaves(gen_random_uuid(), 3)`);
    assert.deepEqual(leaves.map(l => l.leaf), [0, 1, 2]);
    const some = await postgres.psql(`BEGIN; SET search_path = hermetic;
      UPDATE session_member SET leaf_index = leaf_index * 2 + 1
        WHERE session_id = md5('s1')::uuid;
      SELECT string_agg(leaf::text, ',' ORDER BY n)
        FROM free_leaves(md5('s1')::uuid, 6); ROLLBACK;`);
    assert.equal(some, '0,2,4,6,7,8');
  });
});
