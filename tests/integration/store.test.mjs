// What PostgreSQL holds for us: the schema up and down, what the API's role
// cannot do, every statement against the schema, and the writer's promises
// under races and crashes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  Session, base64, firstHead, newUser, nextHead, ok,
} from '../testlib/api.mjs';
import { holding, letGo } from '../testlib/holding.mjs';
import { newNonce } from '../testlib/mls.mjs';
import { needsOwn, root, runMigrate, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

let postgres;
before(async () => { postgres = await startPostgres(); });
after(async () => { await postgres?.stop(); });

const statements = readdirSync(join(root, 'sql')).filter(f => /\.sql$/.test(f));

describe('the schema', { skip: needsOwn }, () => {
  const schema = async () => (await postgres.dump())
    .split('\n').filter(l => !/hermetic_migration|^--|restrict/.test(l) &&
      !/^INSERT INTO public/.test(l)).join('\n');

  test('up, down, up gives the same; up again does nothing', async () => {
    const first = await schema();
    assert.equal((await runMigrate(postgres, 'up')).stdout, '');
    const { stdout } = await runMigrate(postgres, 'down', '99');
    assert.equal(stdout.match(/took back/g).length,
      readdirSync(join(root, 'migrations')).length / 2);
    assert.equal(await postgres.psql(`SELECT count(*) FROM pg_namespace
      WHERE nspname = 'hermetic'`), '0');
    await runMigrate(postgres, 'up');
    // the key that names are hashed with is another one each time
    const fixed = text => text.replace(/(limit_key VALUES \(true, ).*/, '$1');
    assert.equal(fixed(await schema()), fixed(first));
  });

  test('a migration that was changed after it was applied is refused',
    async () => {
      const name = '0001_schema';
      const [{ digest }] = await postgres.rows(
        `SELECT digest FROM hermetic_migration WHERE name = '${name}'`);
      await postgres.psql(`UPDATE hermetic_migration SET digest = 'other'
        WHERE name = '${name}'`);
      await assert.rejects(runMigrate(postgres, 'up'),
        /0001_schema: was changed after it was applied/);
      await postgres.psql(`UPDATE hermetic_migration SET digest = '${digest}'
        WHERE name = '${name}'`);
    });

  test('every statement can be prepared by the role of the API', async () => {
    for (const file of statements) {
      if (file === 'listen.sql') continue;
      const sql = readFileSync(join(root, 'sql', file), 'utf8');
      await postgres.psql(`SET search_path = hermetic; PREPARE s AS ${sql}`,
        { url: postgres.apiUrl });
    }
    assert.ok(statements.length > 30);
  });

  const denied = {
    'change a message': 'UPDATE hermetic.message SET envelope = NULL',
    'remove a message': 'DELETE FROM hermetic.message',
    'empty a table': 'TRUNCATE hermetic.message',
    'rename an account': "UPDATE hermetic.account SET username = 'x'",
    'remove an account': 'DELETE FROM hermetic.account',
    'bring a device back to another user':
      'UPDATE hermetic.device SET user_id = gen_random_uuid()',
    'make a token live longer':
      'UPDATE hermetic.refresh_token SET expires_at = now()',
    'change a signing key': "UPDATE hermetic.signing_key SET wrapped_key = ''",
    'make a table': 'CREATE TABLE hermetic.mine ()',
    'make one elsewhere': 'CREATE TABLE public.mine ()',
    'read the migrations': 'SELECT * FROM public.hermetic_migration',
    'be the owner': 'SET ROLE hermetic_owner',
    'read a file': "SELECT pg_read_file('postgresql.conf')",
  };
  for (const [what, sql] of Object.entries(denied))
    test(`the role of the API cannot ${what}`, async () => {
      await assert.rejects(postgres.psql(sql, { url: postgres.apiUrl }),
        /permission denied|must be/);
    });
});

/** Reads the whole log and checks that it has no gap and an unbroken chain. */
async function wholeLog(session, device) {
  const log = [];
  let head = firstHead(session.id);
  for (let after = 0; ;) {
    const page = ok(await device.get(
      session.path(`/messages?after=${after}&limit=500`)));
    for (const message of page.messages) {
      assert.equal(message.seq, log.length + 1);
      head = nextHead(head, message);
      assert.equal(message.head, head, `the chain at ${message.seq}`);
      log.push(message);
    }
    if (page.next === undefined) return log;
    after = page.next;
  }
}

describe('the writer', () => {
  let one, two, alice, session;
  before(async () => {
    one = await startNode({ postgres });
    two = await startNode({ postgres });
    alice = await newUser(one.url, 'alice');
    session = await Session.create(alice);
  });
  after(async () => {
    await one?.stop();
    await two?.stop();
  });

  test('two nodes at once: no gap, one chain', async () => {
    const sent = await Promise.all(Array.from({ length: 400 }, (_, i) =>
      session.send(alice, { url: i % 2 ? one.url : two.url })));
    const seqs = sent.map(a => ok(a, 201).seq).sort((a, b) => a - b);
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
    assert.equal((await wholeLog(session, alice)).length, 400);
  });

  test('one envelope posted to both nodes at once is stored once',
    async () => {
      for (let i = 0; i < 30; i++) {
        const json = { envelope: base64(session.envelope()) };
        const answers = await Promise.all([one, two, one, two].map(n =>
          alice.post(session.path('/send'), json, { url: n.url })));
        const seqs = answers.map(a => a.json.seq);
        assert.equal(new Set(seqs).size, 1, JSON.stringify(seqs));
        assert.deepEqual(answers.map(a => a.status).sort(),
          [200, 200, 200, 201]);
      }
      await wholeLog(session, alice);
    });

  test('other bytes under a nonce that is taken are refused', async () => {
    const nonce = newNonce();
    const answers = await Promise.all([one, two].map(n =>
      session.send(alice, { nonce, url: n.url })));
    assert.deepEqual(answers.map(a => a.status).sort(), [201, 409]);
  });

  test('PostgreSQL falls over again and again: what was acknowledged is ' +
    'there, once', { skip: needsOwn }, async () => {
    const acknowledged = new Map(); // envelope: seq
    let going = true;
    const sender = async node => {
      while (going) {
        const json = { envelope: base64(session.envelope()) };
        // a client that got no clear answer sends the same bytes again
        for (let tries = 0; tries < 60; tries++) {
          const answer = await alice.post(session.path('/send'), json,
            { url: node.url });
          if (answer.status === 201 || answer.status === 200) {
            acknowledged.set(json.envelope, answer.json.seq);
            break;
          }
          assert.equal(answer.status, 503);
          await node.ready();
        }
      }
    };
    const senders = Array.from({ length: 12 },
      (_, i) => sender(i % 2 ? one : two));
    for (let i = 0; i < 3; i++) {
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + 100,
        { name: 'a hundred more' });
      await postgres.restart();
    }
    const before = acknowledged.size;
    await until(() => acknowledged.size > before + 100,
      { name: 'a hundred after the last' });
    going = false;
    await Promise.all(senders);

    const log = await wholeLog(session, alice);
    const stored = new Map();
    for (const m of log) {
      assert.ok(!stored.has(m.envelope), `${m.seq} is stored twice`);
      stored.set(m.envelope, m.seq);
    }
    for (const [bytes, seq] of acknowledged)
      assert.equal(stored.get(bytes), seq);
  });
});

describe('a connection that breaks', { skip: needsOwn }, () => {
  let node, alice;
  before(async () => {
    node = await startNode({ postgres, workers: 1 });
    alice = await newUser(node.url, 'alice');
  });
  after(async () => {
    letGo();
    await node?.stop();
  });

  test('what is asked before the break is seen is answered at once', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    /** { status, ms } of a request that was written before `then()` is called. */
    const asks = async (then = () => {}) => {
      const started = Date.now();
      const request = get(`${node.url}/sessions`, { agent,
        headers: { authorization: `Bearer ${alice.access}` } });
      const answered = once(request, 'response');
      await once(request, 'finish');
      await then();
      const [answer] = await answered;
      answer.resume();
      await once(answer, 'end');
      return { status: answer.statusCode, ms: Date.now() - started };
    };
    assert.equal((await asks()).status, 200); // the connection stays
    const workers = node.pids().slice(1);
    for (const pid of workers) process.kill(pid, 'SIGSTOP');
    const { status, ms } = await asks(async () => {
      const [pid] = await postgres.backends('hermetic queries');
      process.kill(pid, 'SIGKILL'); // one that is asked to end says goodbye first
      await until(async () => !await postgres.backends('hermetic queries')
        .then(pids => pids.includes(pid), () => true), { name: 'its end' });
      for (const pid of workers) process.kill(pid, 'SIGCONT');
    });
    assert.equal(status, 503);
    assert.ok(ms < 5000, `${ms} ms`);
    await until(async () => (await asks()).status === 200, { name: 'a new connection' });
    agent.destroy();
  });

  // Seconds count here: a statement has ten for its answer, from when it was sent.
  test('what has waited for a connection is not cut off by it', async () => {
    const [, role] = postgres.apiUrl.match(/\/\/([^:@]+)/);
    const table = holding(postgres, 'LOCK TABLE session IN ACCESS EXCLUSIVE MODE');
    await table.ready;
    await postgres.psql(`ALTER ROLE "${role}" NOLOGIN`);
    const [pid] = await postgres.backends('hermetic queries');
    await postgres.psql(`SELECT pg_terminate_backend(${pid})`);
    await until(async () => (await postgres.backends('hermetic queries')).length === 0,
      { name: 'its end' });
    const started = Date.now();
    const answered = alice.get('/sessions');
    await sleep(3000);
    await postgres.psql(`ALTER ROLE "${role}" LOGIN`);
    await sleep(started + 11_500 - Date.now());
    await table.end();
    assert.equal((await answered).status, 200);
    assert.ok(Date.now() - started > 10_000);
  });
});

describe('KeyPackages', () => {
  let node, alice, bob;
  before(async () => {
    node = await startNode({ postgres });
    alice = await newUser(node.url, 'alice');
    bob = await newUser(node.url, 'bob');
  });
  after(async () => { await node?.stop(); });

  test('forty claims at once of twenty: none is given twice', async () => {
    const make = () => base64(bob.keysFor().keyPackage());
    ok(await bob.post('/key-packages', {
      key_packages: Array.from({ length: 20 }, make), last_resort: [make()],
    }), 201);
    const claims = await Promise.all(Array.from({ length: 40 }, () =>
      alice.post('/key-packages/claim', { username: bob.username })));
    const given = claims.flatMap(c => ok(c).devices[0].key_packages);
    const once = given.filter(k => !k.last_resort).map(k => k.key_package);
    assert.equal(given.length, 40);
    assert.equal(once.length, 20);
    assert.equal(new Set(once).size, 20);
    assert.equal(new Set(given.filter(k => k.last_resort)
      .map(k => k.key_package)).size, 1);
  });
});
