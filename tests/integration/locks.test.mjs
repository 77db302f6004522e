// Batches of envelopes that are for the same sessions wait for each other in one order, and
// never in a circle, whatever a table is like and however its statements are planned.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { holding as hold, letGo } from '../testlib/holding.mjs';
import { pgEnv } from '../testlib/psql.mjs';
import { needsOwn, root, startPostgres, until } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const text = name => readFileSync(join(root, 'sql', `${name}.sql`), 'utf8').trim();

// As a node plans what it keeps (src/store/prepare.c), and as a machine does that has other
// sessions, where the settings of nodes do not come.
const OF_A_NODE = `SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off;
  SET plan_cache_mode = force_generic_plan;`;

describe('locks of sessions', { concurrency: false, skip: needsOwn }, () => {
  let postgres;
  before(async () => {
    // nothing is known of the table, and its rows lie in the wrong order
    postgres = await startPostgres({ settings: { autovacuum: 'off' } });
    await postgres.psql(`SET search_path = hermetic;
      INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
        VALUES (md5('u')::uuid, 'somebody', '', '', 1, 1, 1);
      INSERT INTO device (device_id, user_id, name)
        VALUES (md5('d')::uuid, md5('u')::uuid, 'x')`);
  });
  after(async () => { await postgres?.stop(); });
  afterEach(letGo);

  const id = i => `00000000-0000-4000-8000-00000000000${i}`;
  beforeEach(async () => {
    await postgres.psql(`SET search_path = hermetic;
      TRUNCATE session, message CASCADE;
      INSERT INTO session (session_id, algorithm, creator, join_policy, epoch, last_seq,
                           head, epoch_at)
        SELECT s, 'chacha20-poly1305', md5('u')::uuid, 'invited', 0, 0, chain_start(s),
               now() - make_interval(hours => 4 - i::int)
        FROM unnest('{${id(3)},${id(2)},${id(1)}}'::uuid[]) WITH ORDINALITY AS t(s, i);
      INSERT INTO session_member (session_id, device_id, leaf_index)
        SELECT session_id, md5('d')::uuid, 0 FROM session`);
  });

  /** A statement of nodes on a connection of its own. */
  const run = (settings, name, values) => exec('psql', ['-X', '-q', '-A', '-t', '-v',
    'ON_ERROR_STOP=1', '-c', `SET search_path = hermetic; ${settings}
      PREPARE it AS ${text(name)}`, '-c', `EXECUTE it (${values})`],
  { env: { ...process.env, ...pgEnv(postgres.apiUrl) } }).then(r => r.stdout.trim());
  const array = (of, what) => `ARRAY[${of.map(what)}]`;
  const nonce = (what, i) => `substring(sha256('${what}${i}') FOR 16)`;

  /** A batch whose places are known: one envelope for each of these. */
  const expected = of => [array(of, i => `'${id(i)}'::uuid`), array(of, () => 0),
    array(of, () => 0), array(of, i => `chain_start('${id(i)}')`), array(of, () => 1),
    array(of, () => "sha256('h')"), array(of, i => `'${id(i)}'::uuid`),
    array(of, () => "md5('d')::uuid"), array(of, () => 1), array(of, i => nonce('e', i)),
    array(of, () => "'\\x01'::bytea"), array(of, () => "sha256('h')"),
    array(of, () => "sha256('x')"), array(of, () => "''"), 0, 0,
    "'{}'", "'{}'", "'{}'", "'{}'", "'{}'", "'{}'"];
  /** One of which each envelope is judged. */
  const judged = of => [array(of, i => `'${id(i)}'::uuid`),
    array(of, () => "md5('d')::uuid"), array(of, () => 0), array(of, i => nonce('j', i)),
    array(of, () => "'\\x01'::bytea"), array(of, () => "''"), array(of, () => -1),
    array(of, () => "''::bytea"), 0, 0, 0, 0, array(of, () => 0), 'NULL'];
  const waits = count => until(async () => count === Number(await postgres.psql(`
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE 'EXECUTE it%'`)),
  { name: `${count} statements that wait` });

  for (const [what, settings, name, more] of [
    ['one statement', OF_A_NODE, 'message_append_expected', []],
    ['the function', '', 'message_append_spread', [`'${id(1)}'`]]])
    test(`two batches do not wait in a circle: ${what}`, async () => {
      const gate = hold(postgres, `SELECT FROM session
        WHERE session_id = '${id(2)}' FOR NO KEY UPDATE`);
      await gate.ready;
      // whoever begins with the third one has it now, and waits for the second
      const first = run(settings, name, [...expected([1, 2, 3]), ...more]);
      await waits(1);
      const second = run(settings, 'message_append', judged([1, 3]));
      await waits(2);
      await gate.end();
      assert.deepEqual((await first).split('\n').map(row => row.split('|')[0]).sort(),
        ['1', '2', '3']);
      assert.deepEqual((await second).match(/^ok\|2\|/gm), ['ok|2|', 'ok|2|']);
    });

  test('one statement reads sessions in the order of their ids alone', async () => {
    const plan = async () => JSON.parse((await postgres.psql(`SET search_path = hermetic;
      ${OF_A_NODE} PREPARE it AS ${text('message_append_expected')}
      EXPLAIN (FORMAT JSON) EXECUTE it (${expected([1, 2, 3])})`)))[0].Plan;
    const scans = node => [
      ...node['Relation Name'] === 'session' && node['Node Type'] !== 'ModifyTable' ?
        [`${node['Node Type']} ${node['Scan Direction']} ${node['Index Name']}`] : [],
      ...(node.Plans ?? []).flatMap(scans)];
    const byId = ['Index Scan Forward session_pkey'];
    assert.deepEqual(scans(await plan()), byId);
    await postgres.psql(`SET search_path = hermetic;
      INSERT INTO session (session_id, algorithm, creator, join_policy, epoch, last_seq,
                           head)
        SELECT md5('s' || i)::uuid, 'chacha20-poly1305', md5('u')::uuid, 'invited', 0, 0,
               sha256('h') FROM generate_series(1, 20000) i`);
    assert.deepEqual(scans(await plan()), byId);
    await postgres.psql('ANALYZE hermetic.session');
    assert.deepEqual(scans(await plan()), byId);
  });
});
