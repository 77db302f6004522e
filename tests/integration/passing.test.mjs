// What passes by itself in the database is a 503 for who asks, and no fault.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { newUser, ok, refused } from '../testlib/api.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('passing states of the database', { concurrency: false }, () => {
  let postgres, node, alice;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    alice = await newUser(node.url, 'alice');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const ready = () => fetch(`${node.url}/readyz`);

  /** Cancels the first statement that waits for a lock on `session`. */
  const cancelFirst = () => postgres.psql(`
    DO $$
    DECLARE waiter integer;
    BEGIN
      LOCK TABLE hermetic.session IN ACCESS EXCLUSIVE MODE;
      NOTIFY locked;
      FOR i IN 1 .. 1000 LOOP
        SELECT pid INTO waiter FROM pg_locks
          WHERE NOT granted AND relation = 'hermetic.session'::regclass;
        EXIT WHEN FOUND;
        PERFORM pg_sleep(0.01);
      END LOOP;
      PERFORM pg_cancel_backend(waiter);
    END $$`);

  test('a statement that is cancelled is a 503; so is /readyz, for a while',
    async () => {
      const cancelled = cancelFirst();
      await until(async () => /[1-9]/.test(await postgres.psql(`SELECT count(*)
        FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock'
        AND relation = 'hermetic.session'::regclass`)), { name: 'the lock' });
      const answer = await alice.get(`/session/${randomUUID()}`);
      refused(answer, 503, 'unavailable');
      assert.match(answer.headers.get('retry-after'), /^[1-9]/);
      await cancelled;
      const said = await ready();
      assert.equal(said.status, 503);
      assert.match((await said.json()).detail, /refuses for now/);
      assert.match(node.log(), /the database refuses for now.*57014/);
      assert.ok(!node.log().includes('statement refused'));
      await until(async () => (await ready()).status === 200,
        { ms: 15_000, name: 'to be ready again' });
      ok(await alice.get('/sessions'));
    });
});
