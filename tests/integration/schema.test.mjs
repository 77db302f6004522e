// The schema can be spread over machines by the session, as Citus would do it
// (docs/scaling.md), and a change of the log's layout keeps what is in it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, newUser, nextHead, ok } from '../testlib/api.mjs';
import { runMigrate, startNode, startPostgres } from '../testlib/stack.mjs';

let postgres;
before(async () => { postgres = await startPostgres(); });
after(async () => { await postgres?.stop(); });

const KEY = 'session_id';
const REFERENCE = ['account', 'device']; // a copy of them on each machine

describe('the schema, by the rules of Citus', () => {
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
    assert.deepEqual(distributed, ['departure', 'group_info', 'history_floor',
      'invitation', 'message', 'rotation', 'session', 'session_member',
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
    const stays = k => REFERENCE.includes(k.to) ||
      distributed.includes(k.to) && distributed.includes(k.from) &&
        k.theirs.includes(KEY) &&
        k.theirs.indexOf(KEY) === k.referenced.indexOf(KEY) &&
        'acr'.includes(k.confdeltype) && 'ar'.includes(k.confupdtype);
    const between = k => ![...distributed, ...REFERENCE].includes(k.from) &&
      !distributed.includes(k.to);
    assert.deepEqual(keys.filter(k => !stays(k) && !between(k)), []);
    // a rule that lets everything through would be none
    assert.equal(stays({ from: 'message', to: 'signing_key' }), false);
  });

  test('nothing in them is numbered or triggered on one machine', async () => {
    assert.deepEqual(await catalogue(`SELECT attrelid::regclass::text AS of
      FROM pg_attribute WHERE attidentity <> '' AND attrelid::regclass::text
        = ANY ('{${distributed.map(t => `hermetic.${t}`)}}')`), []);
    assert.deepEqual(await catalogue(`SELECT tgname FROM pg_trigger
      WHERE NOT tgisinternal`), []);
  });
});

test('a new layout of the log keeps what is in it', async () => {
  const node = await startNode({ postgres, workers: 1 });
  try {
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map(n => newUser(node.url, n)));
    const session = await Session.create(alice);
    await session.add(alice, bob); // a commit, as well as messages
    for (let i = 0; i < 5; i++) ok(await session.send(alice), 201);
    const before = await session.history(bob);
    const down = await runMigrate(postgres, 'down', '4');
    assert.match(down.stdout, /0009_message_layout/);
    assert.deepEqual(await session.history(bob), before);
    await session.change(alice); // by the function as it was before
    await runMigrate(postgres, 'up');
    ok(await session.send(alice), 201);
    await session.change(alice);
    const after = await session.history(bob);
    assert.deepEqual(after.slice(0, before.length), before);
    assert.ok(after.length >= before.length + 3);
    for (let i = 1; i < after.length; i++)
      assert.equal(nextHead(after[i - 1].head, after[i]), after[i].head);
  } finally {
    await node.stop();
  }
});
