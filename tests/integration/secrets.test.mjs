// What must not be found on the server's side, looked for after two people
// talked: texts, the name of the session, passphrases, recovery keys, tokens, in the
// database, its WAL, the logs, and what /proc shows of the servers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hermetic, needsOwn, newHome, newKek, startNode, startPostgres }
  from '../testlib/stack.mjs';

const texts = ['a heron stood in the reeds', 'nine copper buttons',
  'the ferry leaves at dusk'];
const sessionName = 'boathouse committee';
const password = 'a password that curl would send';
const kek = newKek();

let postgres, node;
const tokens = [], recovery = [];
const users = {};

const as = async (name, ...args) => {
  users[name] ??= { home: newHome(), passphrase: `passphrase of ${name} 7781` };
  const result = await hermetic([...args, '--username', name, '--json'],
    { ...users[name], server: `127.0.0.1:${node.port}` });
  assert.equal(result.code, 0, `hermetic ${args.join(' ')}: ${result.err}`);
  return result.json;
};

const post = async (path, body, token) => {
  const response = await fetch(`${node.url}${path}`, {
    method: 'POST', body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }) },
  });
  return { status: response.status, ...await response.json() };
};

describe('secrets', { concurrency: false, skip: needsOwn }, () => {
  before(async () => {
    // The most talkative log that PostgreSQL has by configuration of its own.
    postgres = await startPostgres({ settings: { log_min_messages: 'debug1',
      log_min_error_statement: 'error', wal_level: 'replica' } });
    node = await startNode({ postgres,
      env: { HERMETIC_KEK: kek, HERMETIC_LOG_LEVEL: 'debug' } });

    for (const name of ['alice', 'bob'])
      recovery.push((await as(name, 'register'))
        .find(line => line.recovery_key).recovery_key);
    const [session] = await as('alice', 'create', '--name', sessionName,
      '--invite', 'bob');
    const id = session.session_id;
    await as('bob', 'join', id);
    await as('alice', 'send', id, texts[0]);
    await as('bob', 'send', id, texts[1], '--transport', 'ws');
    await as('alice', 'rotate', id);
    await as('alice', 'send', id, texts[2]);
    const read = await as('bob', 'read', id);
    for (const text of [texts[0], texts[2]])
      assert.ok(read.some(m => m.text === text), `bob did not read "${text}"`);

    // Somebody without the command; refused requests are in it, too.
    await post('/auth/register', { username: 'carol', password });
    const login = await post('/auth/login', { username: 'carol', password });
    assert.equal(login.status, 200);
    const again = await post('/auth/refresh',
      { refresh_token: login.refresh_token });
    assert.equal(again.status, 200);
    for (const t of [login, again]) tokens.push(t.access_token, t.refresh_token);
    await post('/auth/login', { username: 'carol', password: `${password}?` });
    await post('/auth/refresh', { refresh_token: login.refresh_token });
    await post('/session/create', { nonsense: texts[0] }, again.access_token);
  });

  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  // Each in the forms that it could take in a dump or a log.
  function needles() {
    const plain = [...texts, sessionName, password, ...tokens, kek,
      ...recovery, ...recovery.map(key => key.replaceAll('-', '')),
      ...Object.values(users).map(u => u.passphrase)];
    return plain.flatMap(text => {
      const bytes = Buffer.from(text);
      return [text, bytes.toString('hex'), bytes.toString('base64')
        .replace(/=+$/, '')];
    }).concat(Buffer.from(kek, 'base64').toString('hex'));
  }

  function assertAbsent(haystack, where) {
    const bytes = Buffer.isBuffer(haystack) ? haystack : Buffer.from(haystack);
    for (const needle of needles())
      assert.ok(!bytes.includes(needle), `${where} holds "${needle}"`);
  }

  function* filesBelow(dir) {
    for (const name of readdirSync(dir)) {
      const path = join(dir, name);
      const stat = statSync(path);
      if (stat.isDirectory()) yield* filesBelow(path);
      else if (stat.isFile()) yield path;
    }
  }

  test('what is looked for would be found', async () => {
    const dump = await postgres.dump();
    assert.ok(dump.includes('carol'), 'the dump holds the accounts');
    assert.throws(() => assertAbsent(`x ${texts[1]} y`, 'this'));
    assert.throws(() => assertAbsent(
      Buffer.from(tokens[1]).toString('hex'), 'this'));
  });

  test('nothing in a dump of the database', async () => {
    assertAbsent(await postgres.dump(), 'the dump');
  });

  test('nothing in the data files and the WAL', async () => {
    await postgres.psql('CHECKPOINT; SELECT pg_switch_wal();');
    let wal = 0;
    for (const path of filesBelow(join(postgres.dir, 'data'))) {
      if (path.includes('/pg_wal/')) wal++;
      assertAbsent(readFileSync(path), path);
    }
    assert.ok(wal > 0, 'there is a WAL');
  });

  test('nothing in the logs', () => {
    assert.ok(node.log().length > 0, 'the node writes a log');
    assertAbsent(node.log(), 'the log of the node');
    assertAbsent(postgres.log(), 'the log of PostgreSQL');
  });

  test('nothing in the arguments of the servers', () => {
    for (const pid of [...node.pids(), postgres.pid]) {
      const line = readFileSync(`/proc/${pid}/cmdline`);
      assertAbsent(line, `/proc/${pid}/cmdline`);
      for (const secret of Object.values(postgres.passwords))
        assert.ok(!line.includes(secret), `/proc/${pid}/cmdline: a password`);
    }
  });

  test('nothing in the environment of the servers', () => {
    for (const pid of node.pids()) {
      const environ = readFileSync(`/proc/${pid}/environ`);
      assertAbsent(environ, `/proc/${pid}/environ`);
      assert.ok(!environ.includes(postgres.passwords.hermetic_api),
        `/proc/${pid}/environ: the password of the database`);
    }
  });

  test('no core file is written by a node that crashes', () => {
    for (const pid of node.pids())
      assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'),
        /^Max core file size\s+0\s/m, `process ${pid} may dump its core`);
  });
});
