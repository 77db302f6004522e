// Sessions on the workers of a real Citus (docs/scaling.md): deploy/distribute.sql, a batch, what
// reads messages, a migration afterwards. It needs the cluster of HERMETIC_TEST_CITUS_URL.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { citusUrl } from '../testlib/citus.mjs';
import { root, runMigrate, startNode, startPostgres, until } from '../testlib/stack.mjs';

const COUNT = 24;
const text = name => readFileSync(join(root, 'sql', `${name}.sql`), 'utf8')
  .replace(/--.*/g, '').trim().replace(/;$/, '');

describe('sessions on workers', { concurrency: false,
  skip: !citusUrl && 'HERMETIC_TEST_CITUS_URL is not set' }, () => {
  let postgres, shards;
  const as = role => ({ url: postgres[`${role}Url`] });
  const api = sql => postgres.psql(`SET search_path = hermetic;
    SET plan_cache_mode = force_custom_plan; ${sql}`, as('api'));
  const id = (what, i) => `md5('${what}${i}')::uuid`;
  before(async () => {
    postgres = await startPostgres();
    await postgres.psql(`SET search_path = hermetic;
      INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
        VALUES (${id('u', 1)}, 'somebody', '', '', 1, 1, 1);
      INSERT INTO device (device_id, user_id, name)
        VALUES (${id('d', 1)}, ${id('u', 1)}, 'x');
      INSERT INTO session (session_id, algorithm, creator, join_policy, epoch, last_seq,
                           head)
        SELECT md5('s' || i)::uuid, 'chacha20-poly1305', ${id('u', 1)}, 'invited', 0, 0,
               chain_start(md5('s' || i)::uuid) FROM generate_series(1, ${COUNT}) i;
      INSERT INTO session_member (session_id, device_id, leaf_index)
        SELECT md5('s' || i)::uuid, ${id('d', 1)}, 0 FROM generate_series(1, ${COUNT}) i`,
    as('owner'));
    const count = postgres.env.HERMETIC_DATABASE_BUCKETS;
    shards = new Map();
    for (const row of await postgres.rows(`SELECT i,
        get_shard_id_for_distribution_column('hermetic.session', md5('s' || i)::uuid) AS shard,
        (uuid_hash(md5('s' || i)::uuid)::bigint + 2147483648) / (4294967296 / ${count})
          AS bucket
      FROM generate_series(1, ${COUNT}) i ORDER BY i`))
      shards.set(row.shard, [...shards.get(row.shard) ?? [], row]);
  });
  after(async () => { await postgres?.stop(); });

  /** A batch of an envelope for each of these sessions. */
  const batch = (sessions, nonce) => {
    const array = of => `ARRAY[${sessions.map(of)}]`;
    return `PREPARE batch AS ${text('message_append')};
      %s EXECUTE batch (${array(i => id('s', i))}, ${array(() => id('d', 1))},
        ${array(() => 0)}, ${array(() => `substring(sha256('${nonce}') FOR 16)`)},
        ${array(i => `'\\x0${i % 10}'::bytea`)}, ${array(() => "''")}, ${array(() => 0)},
        ${array(i => `chain_start(${id('s', i)})`)}, 0, 0, 0, 0, ${array(() => 0)},
        ${id('s', sessions[0])});`;
  };
  const run = sql => api(sql.replace('%s', ''));
  const stored = async () => Number(await postgres.psql(
    'SELECT count(*) FROM hermetic.message'));

  test('a node finds the shard of a session by its hash', () => {
    assert.ok(shards.size > 2);
    const buckets = [...shards.values()].map(of => new Set(of.map(r => r.bucket)));
    assert.ok(buckets.every(of => of.size === 1));
    assert.equal(new Set(buckets.flatMap(of => [...of])).size, shards.size);
  });

  test('a batch is one task of one worker, and is stored', async () => {
    for (const of of shards.values()) {
      const sql = batch(of.map(r => r.i), 'first');
      assert.match(await api(sql.replace('%s', 'EXPLAIN (COSTS OFF)')),
        /Citus Adaptive[^]*Task Count: 1\n/);
      const before = await stored();
      assert.equal((await run(sql)).match(/^ok\|1\|/gm).length, of.length);
      assert.equal(await stored(), before + of.length);
      assert.equal((await run(sql)).match(/^duplicate\|1\|/gm).length, of.length);
    }
  });

  test('one over two shards is refused as a whole', async () => {
    const [[one], [two]] = [...shards.values()];
    const before = await stored();
    await assert.rejects(run(batch([one.i, two.i], 'second')), /FOR UPDATE/);
    assert.equal(await stored(), before);
  });

  test('where a log is known to end, too', async () => {
    const [{ i }] = [...shards.values()][0];
    const head = await postgres.psql(`SELECT encode(head, 'hex') FROM hermetic.session
      WHERE session_id = ${id('s', i)}`);
    const of = `ARRAY[${id('s', i)}]`;
    const sql = `PREPARE expected AS ${text('message_append_spread')};
      %s EXECUTE expected (${of}, '{0}', '{1}', ARRAY['\\x${head}'::bytea], '{2}',
        ARRAY[sha256('h')], ${of}, ARRAY[${id('d', 1)}], '{2}',
        ARRAY[substring(sha256('third') FOR 16)], ARRAY['\\x01'::bytea],
        ARRAY[sha256('h')], ARRAY[sha256('x')], '{""}', 0, 0, ${of}, '{1}',
        ARRAY['\\x${head}'::bytea], ${of}, '{2}', '{4000000000000}', ${id('s', i)})`;
    assert.match(await api(sql.replace('%s', 'EXPLAIN (COSTS OFF)')),
      /Citus Adaptive[^]*Task Count: 1\n/);
    assert.match(await run(sql), /^1\|\d+$/m);
    assert.equal(await run(sql), '');
    assert.equal(await postgres.psql(`SELECT last_seq FROM hermetic.session
      WHERE session_id = ${id('s', i)}`), '2');
  });

  test('what reads messages asks one worker', async () => {
    const of = [...shards.values()].find(rows => rows.length > 1);
    const session = id('s', of[0].i), device = id('d', 1);
    const reads = {
      message_fan_out: `${session}, 0, 10`,
      message_fan_out_many: `ARRAY[${of.map(r => id('s', r.i))}],
        ARRAY[${of.map(() => 0)}], 10, ${session}`,
      message_get: `${session}, ${device}, 1`,
      message_page_after: `${session}, ${device}, 0, 10`,
      message_page_before: `${session}, ${device}, 10, 10`,
      session_subscribe: `${session}, ${device}`,
      typing_place: `${session}, ${device}`,
    };
    for (const [name, values] of Object.entries(reads)) {
      const ask = how => api(`PREPARE ask AS ${text(name)};
        ${how} EXECUTE ask(${values})`);
      assert.match(await ask('EXPLAIN (COSTS OFF)'),
        /Citus Adaptive[^]*Task Count: 1\n/, name);
      assert.ok((await ask('')).length > 0, name);
    }
  });

  test('a node that was told another number of buckets says so, and writes nothing',
    async () => {
      const node = await startNode({ postgres, workers: 1, ready: false,
        env: { HERMETIC_DATABASE_BUCKETS: '1' } });
      await until(() => /HERMETIC_DATABASE_BUCKETS is 1, and the sessions are on 8 shards/
        .test(node.log()), { name: 'its word' });
      const answer = await fetch(`${node.url}/readyz`);
      assert.equal(answer.status, 503);
      assert.match((await answer.json()).detail, /^HERMETIC_DATABASE_BUCKETS is 1, /);
      await node.stop();
    });

  test('migrations and what spreads them run again, as the owner', async () => {
    await runMigrate(postgres, 'down', '1');
    await runMigrate(postgres, 'up');
    await postgres.distribute();
    await postgres.distribute();
    const [of] = [...shards.values()].slice(-1);
    assert.match(await run(batch(of.map(r => r.i), 'first')), /^duplicate\|1\|/m);
  });
});
