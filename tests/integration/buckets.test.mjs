// Where sessions are spread over machines, whatever is stored or read of a message is of one
// bucket, and each statement leads to its shard (docs/adr/0074). PostgreSQL's log says which
// statements there were, with which sessions, and by what each table was asked for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Session, newUser, ok } from '../testlib/api.mjs';
import { Socket } from '../testlib/socket.mjs';
import { needsOwn, root, startNode, startPostgres, until } from '../testlib/stack.mjs';

const BUCKETS = 4;
// What is asked for a message, whether it is stored, delivered or read again.
const ofMessage = ['message_fan_out', 'message_fan_out_many', 'message_get',
  'message_page_after', 'message_page_before', 'session_subscribe', 'typing_place'];

describe('buckets', { concurrency: false, skip: needsOwn }, () => {
  let postgres, nodes, alice, bob, spread;
  before(async () => {
    postgres = await startPostgres({ settings: {
      session_preload_libraries: 'auto_explain',
      'auto_explain.log_min_duration': '0',
      'auto_explain.log_nested_statements': 'on',
      'auto_explain.log_format': 'json',
      log_min_duration_statement: '0', log_line_prefix: '%a|' } });
    spread = (await postgres.rows(`SELECT attrelid::regclass::text AS name
      FROM pg_attribute WHERE attname = 'session_id'
        AND attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r'
          AND relnamespace = 'hermetic'::regnamespace)`))
      .map(t => t.name.replace('hermetic.', ''));
    nodes = await Promise.all([1, 2].map(() => startNode({ postgres, workers: 1,
      env: { HERMETIC_DATABASE_BUCKETS: String(BUCKETS) } })));
    [alice, bob] = await Promise.all(['alice', 'bob'].map((n, i) =>
      newUser(nodes[i].url, n)));
  });
  after(async () => {
    await Promise.all((nodes ?? []).map(n => n.stop()));
    await postgres?.stop();
  });

  const bucketsOf = async ids => (await postgres.rows(`SELECT DISTINCT
    (uuid_hash(id::uuid)::bigint + 2147483648) / ${2 ** 32 / BUCKETS} AS bucket
    FROM unnest('{${ids}}'::text[]) AS id`)).map(r => r.bucket);
  /** What `name` has told the log: the first line of each entry, and the others. */
  const entries = () => postgres.log().split(/\n(?=[^\t])/).map(text => {
    const [, name, rest] = text.match(/^([^|]*)\|([^]*)$/) ?? [];
    return { name, text: rest?.replace(/\n\t/g, '\n') ?? text };
  });
  // backends write into one file: a long entry may have another one in its midst
  const parsed = json => {
    try {
      return [JSON.parse(json)];
    } catch {
      return [];
    }
  };
  const plans = () => entries().flatMap(({ name, text }) => {
    const [, plan] = text.match(/^LOG: {2}duration: .* plan:\n([^]*)$/) ?? [];
    return plan ? parsed(plan).map(p => ({ name, ...p })) : [];
  });
  /** The tables that a plan reads without saying which session is meant. */
  const everywhere = plan => [
    ...spread.includes(plan['Relation Name']) &&
      plan['Node Type'] !== 'ModifyTable' &&
      !['Index Cond', 'Filter', 'Recheck Cond'].some(c =>
        /\bsession_id = (\$\d+|ANY \(\$\d+\)|'[0-9a-f-]{36}'::uuid)/.test(
          plan[c]?.replace(/(\w+\.)?session_id/g, 'session_id'))) ?
      [plan['Relation Name']] : [],
    ...(plan.Plans ?? []).flatMap(everywhere)];

  test('a batch is of one, and so is what a node reads at once', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 },
      () => Session.create(alice)));
    assert.ok((await bucketsOf(sessions.map(s => s.id))).length > 1);
    const socket = await Socket.of(bob);
    for (const session of sessions) {
      await session.add(alice, bob);
      await socket.subscribe(session);
    }
    // none goes with its notice: each is read
    for (let i = 0; i < 5; i++)
      (await Promise.all(sessions.map(s => s.send(alice, { length: 9000 }))))
        .forEach(answer => ok(answer, 201));
    for (const session of sessions) await socket.upTo(session, 6);
    await socket.close();

    // the parameters stand behind the statement
    const calls = async of => {
      const told = entries();
      const found = told.flatMap(({ text }, i) => of.test(text) &&
        /^LOG: {2}duration: .* execute/.test(text) ?
        [told[i + 1].text.match(/\$1 = '\{([^}]*)\}'/)[1].split(',')] : []);
      assert.ok(found.length > 0, String(of));
      for (const ids of found) assert.equal((await bucketsOf(ids)).length, 1);
      return found;
    };
    const stored = [...await calls(/append_expected\(/),
      ...await calls(/append_judged\(/)];
    assert.ok((await bucketsOf(stored.flat())).length > 1);
    await calls(/CROSS JOIN LATERAL[^]*FROM message/);
  });

  test('what stores a message asks each table for its sessions', async () => {
    await until(() => plans().some(p => /history_floor/.test(p['Query Text'])));
    const found = plans().filter(p => p.name === 'hermetic writer');
    for (const table of ['message', 'session', 'rotation', 'session_member'])
      assert.ok(found.some(p => JSON.stringify(p.Plan).includes(
        `"Relation Name":"${table}"`)), table);
    assert.deepEqual(found.flatMap(p => everywhere(p.Plan)
      .map(table => `${table}: ${p['Query Text']}`)), []);
  });

  test('what reads a message asks each table for its session', async () => {
    const planned = await postgres.psql(`SET search_path = hermetic;
      SET plan_cache_mode = force_generic_plan;\n${ofMessage.map(name => {
  const text = readFileSync(join(root, 'sql', `${name}.sql`), 'utf8');
  const count = Math.max(...[...text.matchAll(/\$(\d+)/g)].map(m => Number(m[1])));
  return `\\echo --- ${name}\nPREPARE ${name} AS ${text}
    EXPLAIN (FORMAT JSON) EXECUTE ${name}(${Array(count).fill('NULL')});\n`;
}).join('')}`);
    for (const text of planned.split(/^--- /m).slice(1)) {
      const at = text.indexOf('\n');
      const { Plan } = JSON.parse(text.slice(at))[0];
      assert.ok(JSON.stringify(Plan).includes('"Relation Name"'), text);
      assert.deepEqual(everywhere(Plan), [], text.slice(0, at));
    }
    // a rule that lets everything through would be none
    assert.deepEqual(everywhere({ 'Node Type': 'Index Scan', 'Relation Name': 'message',
      'Index Cond': '(session_id = i.session_id)' }), ['message']);
  });
});
