// Statements are prepared when they are first run: what a connection begins with costs
// PostgreSQL little, so that many come up beside one another.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Session, newUsers, ok } from '../testlib/api.mjs';
import { needsOwn, root, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('statements', { concurrency: false, skip: needsOwn }, () => {
  const count = readdirSync(join(root, 'sql')).filter(f => /\.sql$/.test(f) &&
    f !== 'listen.sql').length;
  let postgres, node, alice, bob;
  before(async () => {
    postgres = await startPostgres({ settings: { log_line_prefix: '@%p %a@ ',
      log_min_duration_statement: '0' } });
    node = await startNode({ postgres, workers: 1 });
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  // { pid, who, name } of each that one of the node's connections had parsed.
  const parsed = () => [...postgres.log().matchAll(
    /@(\d+) (hermetic [^@]*)@ LOG: {2}duration: [\d.]+ ms {2}parse ([^:]+): /g)]
    .map(([, pid, who, name]) => ({ pid, who, name }));

  test('the first connection of a process looks whether all fit, and no other one', async () => {
    const looked = () => parsed().filter(p => p.name === '<unnamed>')
      .reduce((m, p) => m.set(p.pid, (m.get(p.pid) ?? 0) + 1), new Map());
    const connected = () => postgres.psql(`SELECT count(*) FROM pg_stat_activity
      WHERE application_name LIKE 'hermetic %'`).then(Number);
    const looks = () => [...looked().values()].filter(n => n >= count).length;
    const there = await connected();
    assert.ok(there >= 3, `${there} connections`);
    assert.equal(looks(), 1);
    await postgres.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'hermetic %'`);
    await node.logged(/database connection lost/);
    await until(async () => await connected() === there);
    await node.ready();
    assert.equal(looks(), 1);
  });

  test('each is prepared once a connection, by the first request for it', async () => {
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
    const session = await Session.pair(alice, bob);
    for (const sent of await Promise.all(Array.from({ length: 50 }, () =>
      session.send(alice)))) ok(sent, 201);
    const named = parsed().filter(p => p.name !== '<unnamed>');
    const keys = named.map(p => `${p.pid} ${p.name}`);
    assert.deepEqual([...new Set(keys)], keys);
    assert.ok(keys.length > 0 && new Set(named.map(p => p.name)).size < count);
    assert.ok(named.some(p => p.name.startsWith('message_append')), keys.join());
  });

  test('a preparation that fails is asked for again', async () => {
    const blocks = () => bob.get('/blocks');
    await postgres.psql('ALTER TABLE hermetic.account_block RENAME TO away');
    for (const answer of await Promise.all([blocks(), blocks(), blocks()]))
      assert.ok(answer.status >= 500, String(answer.status));
    await postgres.psql('ALTER TABLE hermetic.away RENAME TO account_block');
    for (const answer of await Promise.all([blocks(), blocks()])) ok(answer);
    ok(await blocks());
  });
});
