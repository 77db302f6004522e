// A process whose HERMETIC_DATABASE_BUCKETS does not fit the number of shards takes nothing, and
// says why: in its log, by a metric and, a node, at /readyz. What it reads is the table that
// Citus has; here there is that table alone, and spread.test.mjs has Citus.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { scrape } from '../testlib/metrics.mjs';
import { freePort, needsOwn, startBroker, startNode, startPool, startPostgres, until }
  from '../testlib/stack.mjs';

const SHARDS = 8;
const WHY = /HERMETIC_DATABASE_BUCKETS is (\d+), and the sessions are on 8 shards: it has to be that, or a multiple/;

describe('sessions on eight shards', { concurrency: false, skip: needsOwn }, () => {
  let postgres, pool;
  before(async () => {
    postgres = await startPostgres();
    pool = await startPool({ postgres, connections: 4 });
    await postgres.psql(`SET allow_system_table_mods = on;
      CREATE TABLE pg_catalog.pg_dist_shard (logicalrelid regclass);
      GRANT SELECT ON pg_catalog.pg_dist_shard TO PUBLIC;
      INSERT INTO pg_catalog.pg_dist_shard SELECT relid::regclass
        FROM unnest(ARRAY['hermetic.session', 'hermetic.message']) AS of (relid),
          generate_series(1, ${SHARDS})`);
  });
  after(async () => {
    await pool?.stop();
    await postgres?.stop();
  });

  const doors = {
    'a node': () => ({ postgres }),
    'a node by a pool': () => ({ postgres: { ...postgres, apiUrl: pool.apiUrl },
      env: { HERMETIC_DATABASE_LISTEN_URL: postgres.apiUrl } }),
  };
  const nodeOf = async (door, buckets, more) => {
    const { env, ...of } = doors[door]();
    return startNode({ ...of, workers: 1, ...more,
      env: { ...env, ...more?.env, HERMETIC_DATABASE_BUCKETS: String(buckets) } });
  };

  for (const door of Object.keys(doors)) {
    for (const buckets of [1, 12])
      test(`${door} with ${buckets} buckets says why it is not ready`, async () => {
        const port = await freePort();
        const node = await nodeOf(door, buckets, { ready: false,
          env: { HERMETIC_METRICS_PORT: String(port) } });
        const detail = await until(async () => {
          const answer = await fetch(`${node.url}/readyz`, { headers: { connection: 'close' } })
            .catch(() => undefined);
          assert.ok(answer === undefined || answer.status === 503);
          return answer && (await answer.json()).detail.match(WHY);
        }, { name: 'its reason at /readyz' });
        assert.equal(detail[1], String(buckets));
        await node.logged(new RegExp(`"connection":"hermetic writer"[^\n]*${WHY.source}`));
        await node.logged(new RegExp(`"connection":"hermetic queries"[^\n]*${WHY.source}`));
        const shown = await scrape(port);
        assert.ok(shown.get('hermetic_database_misfits_total') >= 2);
        assert.equal(shown.get('hermetic_database_refused_total'), 0);
        assert.equal(shown.get('hermetic_database_errors_total'), 0);
        await node.stop();
      });

    for (const buckets of [SHARDS, 3 * SHARDS])
      test(`${door} with ${buckets} buckets is ready`, async () => {
        const node = await nodeOf(door, buckets);
        assert.doesNotMatch(node.log(), WHY);
        await node.stop();
      });
  }

  test('a bridge says it, too', async () => {
    const port = await freePort();
    const broker = await startBroker({ postgres, env: { HERMETIC_DATABASE_BUCKETS: '1',
      HERMETIC_MQTT_METRICS_PORT: String(port) } });
    await until(() => WHY.test(broker.log()), { name: 'its word' });
    assert.ok((await scrape(port)).get('hermetic_database_misfits_total') > 0);
    await broker.stop();
  });
});
