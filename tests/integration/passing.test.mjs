// What passes by itself in the database is a 503 for who asks, and no fault. The
// table of all such states is src/store/sqlstate.c; here are those that a real
// server can be brought into for certain.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { newUser, ok, refused } from '../testlib/api.mjs';
import { freePort, needsOwn, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('passing states of the database', { concurrency: false, skip: needsOwn }, () => {
  // One node for each state: what /readyz says of one is not another's.
  const nodes = {};
  let postgres, alice;

  const begin = async (name, url = postgres.apiUrl, env = {}) => {
    const port = await freePort();
    nodes[name] = await startNode({ postgres, workers: 1, env: { ...env,
      HERMETIC_DATABASE_URL: url, HERMETIC_METRICS_PORT: String(port) } });
    nodes[name].metrics = `http://127.0.0.1:${port}/metrics`;
  };

  before(async () => {
    postgres = await startPostgres({ settings: { deadlock_timeout: '1s' } });
    await postgres.psql(
      "CREATE ROLE crowded LOGIN PASSWORD 'crowded' IN ROLE hermetic_api");
    await Promise.all([
      begin('cancelled'), begin('ended'),
      begin('impatient',
        `${postgres.apiUrl}&options=-c%20lock_timeout%3D200ms`),
      begin('crowded', postgres.apiUrl.replace(/hermetic_api:[^@]*/,
        'crowded:crowded'), { HERMETIC_QUEUE_STATEMENTS: '16' }),
    ]);
    alice = await newUser(nodes.cancelled.url, 'alice');
  });
  after(async () => {
    await Promise.all(Object.values(nodes).map(n => n.stop()));
    await postgres?.stop();
  });

  const ready = node => fetch(`${node.url}/readyz`);

  const unready = async (node, why) => {
    const answer = await ready(node);
    assert.equal(answer.status, 503);
    assert.match((await answer.json()).detail, why);
  };

  /** An answer that says no more than that it is to be tried again. */
  const passing = answer => {
    refused(answer, 503, 'unavailable');
    assert.match(answer.headers.get('retry-after'), /^[1-9]/);
  };

  /** Nobody is told that a statement and the schema disagree. */
  const quiet = async node => {
    assert.doesNotMatch(node.log(), /statement refused|database does not fit/);
    const metrics = await (await fetch(node.metrics)).text();
    assert.match(metrics, /^hermetic_database_errors_total 0$/m);
  };

  const wellAgain = async node => {
    await until(async () => (await ready(node)).status === 200,
      { ms: 15_000, name: 'to be ready again' });
    ok(await alice.get('/sessions', { url: node.url }));
    await quiet(node);
  };

  /** The database locks `table`, and does `act` once `waiter` waits for it. */
  const lock = (table, act) => postgres.psql(`
    DO $$
    DECLARE waiter integer;
    BEGIN
      SET LOCAL deadlock_timeout = '10s';
      LOCK TABLE hermetic.${table} IN ACCESS EXCLUSIVE MODE;
      FOR i IN 1 .. 1000 LOOP
        SELECT pid INTO waiter FROM pg_locks
          WHERE NOT granted AND relation = 'hermetic.${table}'::regclass;
        EXIT WHEN FOUND;
        PERFORM pg_sleep(0.01);
      END LOOP;
      ${act};
    END $$`);
  const whileItWaits = `WHILE EXISTS (SELECT FROM pg_locks
    WHERE NOT granted AND pid = waiter) LOOP
      PERFORM pg_sleep(0.01);
    END LOOP`;

  /** A lock on `table` is there, or one is waited for. */
  const locked = (table, which = "granted AND mode = 'AccessExclusiveLock'") =>
    until(async () => /[1-9]/.test(await postgres.psql(`SELECT count(*)
      FROM pg_locks WHERE ${which}
      AND relation = 'hermetic.${table}'::regclass`)),
    { name: `a lock on ${table}` });

  const ask = node => alice.get(`/session/${randomUUID()}`, { url: node.url });

  /** What `node` answers when `act` happens to its statement. */
  const asked = async (node, table, act) => {
    const acted = lock(table, act);
    await locked(table);
    const answer = await ask(node);
    await acted;
    return answer;
  };

  // It has locked `session` when it waits for `account`. Its own second is over
  // long before the other transaction's ten, so the node is refused.
  test('a deadlock (40P01), which says nothing about the database', async () => {
    const node = nodes.ended;
    passing(await asked(node, 'account',
      'LOCK TABLE hermetic.session IN ACCESS EXCLUSIVE MODE'));
    await node.logged(/the database refuses for now.*40P01/);
    assert.equal((await ready(node)).status, 200);
  });

  test('a statement that is cancelled (57014)', async () => {
    const node = nodes.cancelled;
    passing(await asked(node, 'session',
      'PERFORM pg_cancel_backend(waiter)'));
    await unready(node, /refuses for now/);
    await node.logged(/the database refuses for now.*57014/);
  });

  test('a lock that is not to be had in time (55P03)', async () => {
    const node = nodes.impatient;
    passing(await asked(node, 'session', whileItWaits));
    await unready(node, /refuses for now/);
    await node.logged(/the database refuses for now.*55P03/);
  });

  test('a backend that an administrator ends (57P01)', async () => {
    const node = nodes.ended;
    passing(await asked(node, 'session',
      'PERFORM pg_terminate_backend(waiter)'));
    await unready(node, /no connection|refuses for now/);
    await node.logged(/the database refuses for now.*57P01/);
  });

  test('no room for a connection (53300): who waits for one is answered',
    async () => {
      const node = nodes.crowded;
      await postgres.psql('ALTER ROLE crowded CONNECTION LIMIT 0');
      await postgres.psql(`SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity WHERE usename = 'crowded'`);
      await node.logged(/too many connections for role/);
      await unready(node, /no connection|CONNECTION LIMIT of the role/);
      const answers = Array.from({ length: 32 }, () => ask(node));
      passing(await Promise.race(answers)); // more than may wait
      await unready(node, /no connection|CONNECTION LIMIT of the role/);
      await postgres.psql('ALTER ROLE crowded CONNECTION LIMIT -1');
      const all = await Promise.all(answers);
      all.filter(a => a.status === 503).forEach(passing);
      const waited = all.filter(a => a.status !== 503);
      waited.forEach(a => refused(a, 404, 'not-found'));
      assert.ok(waited.length > 0 && waited.length < all.length);
    });

  test('all of them pass', () => Promise.all(
    Object.values(nodes).map(wellAgain)));

  test('a server that is gone in the middle of a statement (08, 57P02)',
    async () => {
      const node = nodes.cancelled;
      const held = lock('session', whileItWaits).then(() => 'released',
        () => 'gone');
      await locked('session');
      const answer = ask(node);
      await locked('session', 'NOT granted');
      await postgres.stop('immediate');
      passing(await answer);
      assert.equal(await held, 'gone');
      await unready(node, /no connection/);
      await node.logged(/database connection lost/);
      await postgres.supervise();
      await wellAgain(node);
    });
});
