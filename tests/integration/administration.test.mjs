// What an operator does: who may register, accounts that are suspended, the record.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';

import { Session, call, login, newAccount, newName, newUser, ok, refused }
  from '../testlib/api.mjs';
import { holding, letGo } from '../testlib/holding.mjs';
import { Person } from '../testlib/people.mjs';
import { Socket } from '../testlib/socket.mjs';
import { admin, rotateOnce, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('administration', { concurrency: false }, () => {
  let postgres, node;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, workers: 1 });
  });
  afterEach(letGo);
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });
  const run = (...args) => admin(postgres, args);
  const fails = (pattern, ...args) => assert.rejects(run(...args),
    e => pattern.test(e.stderr) || assert.fail(e.stderr));
  const lines = text => text.trim().split('\n').filter(Boolean)
    .map(line => JSON.parse(line));
  const register = (url, more = {}) => call(url, 'POST', '/auth/register', {
    json: { username: newName('new'), password: randomUUID(), ...more } });

  test('accounts are listed', async () => {
    const [alice, bob] = [await newUser(node.url, 'alice'),
      await newUser(node.url, 'bob')];
    await alice.another();
    const users = lines(await run('users', '--json'));
    const of = who => users.find(u => u.username === who.username);
    assert.equal(of(alice).devices, 2);
    assert.equal(of(bob).devices, 1);
    assert.equal(of(bob).user_id, bob.userId);
    assert.equal(of(bob).suspended_at, null);
    assert.match(await run('users', bob.username), /1 devices/);
    await fails(/./, 'users', 'nobody-here');
  });

  const waits = what => until(() => postgres.psql(`SELECT pid FROM ${postgres.waiting}
    WHERE query LIKE '%${what}(%'`), { name: what });

  // Each waits for what is held, having locked nothing that others need.
  test('an export and an erasure keep nobody waiting', async () => {
    const [alice, bob] = [await newUser(node.url, 'alice'), await newUser(node.url, 'bob')];
    const session = await Session.pair(alice, bob);
    ok(await session.send(alice), 201);
    await postgres.psql(`UPDATE hermetic.message SET origin = 'x'
      WHERE session_id = '${session.id}'`);
    const act = what => postgres.psql(
      `SELECT hermetic.${what}('${alice.username}') IS NOT NULL`);
    const held = holding(postgres, 'LOCK file');
    await held.ready;
    const done = act('admin_export');
    await waits('admin_export');
    await login(node.url, bob);
    await login(node.url, alice);
    ok(await session.send(bob), 201);
    ok(await session.send(alice), 201);
    await held.end();
    assert.equal(await done, 't');
    // an erasure waits for no message: the worker comes to these afterwards
    const message = holding(postgres,
      `SELECT FROM message WHERE session_id = '${session.id}' FOR UPDATE`);
    await message.ready;
    assert.equal(await act('admin_erase'), 't');
    await login(node.url, bob);
    ok(await session.send(bob), 201);
    await message.end();
    await rotateOnce(postgres);
    assert.equal(await postgres.psql(`SELECT count(*) FROM hermetic.message
      WHERE session_id = '${session.id}' AND sender = '${alice.id}'
        AND origin <> ''`), '0');
  });

  test('a suspension keeps nobody else waiting', async () => {
    const [alice, bob] = [await newUser(node.url, 'alice'), await newUser(node.url, 'bob')];
    const held = holding(postgres, `SELECT FROM token_family
      WHERE device_id = '${alice.id}' FOR UPDATE`);
    await held.ready;
    const done = postgres.psql(`SELECT hermetic.admin_suspend('${alice.username}', true)`);
    await waits('admin_suspend');
    await login(node.url, bob); // which is recorded
    await held.end();
    assert.equal(await done, 't');
  });

  test('a suspended account is out, and comes back', async () => {
    const carol = await newUser(node.url, 'carol');
    await run('suspend', carol.username);
    await until(async () => (await carol.get('/sessions')).status === 401,
      { name: 'the end of its tokens' });
    const json = { username: carol.username, password: carol.password };
    refused(await call(node.url, 'POST', '/auth/login', { json }), 403,
      'account-suspended');
    // nobody learns it who does not know the passphrase
    refused(await call(node.url, 'POST', '/auth/login',
      { json: { ...json, password: 'not this one' } }), 401, 'bad-credentials');
    refused(await call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: carol.refreshToken } }), 401, 'refresh-invalid');
    await run('resume', carol.username);
    const again = await login(node.url, carol);
    await run('sign-out', carol.username);
    await until(async () => (await again.get('/sessions')).status === 401,
      { name: 'the end of its tokens' });
    await login(node.url, carol);
    await fails(/no such user/, 'suspend', 'nobody-here');
  });

  test('registration may be closed, or want a token', async () => {
    const [closed, wants] = await Promise.all(['closed', 'token'].map(mode =>
      startNode({ postgres, workers: 1,
        env: { HERMETIC_REGISTRATION: mode } })));
    try {
      refused(await register(closed.url), 403, 'registration-closed');
      refused(await register(wants.url), 403, 'registration-closed');
      refused(await register(wants.url, { token: 'x' }), 403,
        'registration-closed');
      const { token } = JSON.parse(await run('token', '2', '--json'));
      const username = newName('taken');
      ok(await register(wants.url, { token, username }), 201);
      // a name that is taken uses nothing up
      refused(await register(wants.url, { token, username }), 409,
        'username-taken');
      ok(await register(wants.url, { token }), 201);
      refused(await register(wants.url, { token }), 403, 'registration-closed');
      const late = JSON.parse(await run('token', '--json')).token;
      await postgres.psql(`UPDATE hermetic.registration_token
        SET expires_at = now() - interval '1 second'`);
      refused(await register(wants.url, { token: late }), 403,
        'registration-closed');
      const over = JSON.parse(await run('token', '--json')).token;
      const [{ token_id: id }] = lines(await run('tokens', '--json'));
      await run('end-token', id);
      assert.deepEqual(lines(await run('tokens', '--json')), []);
      refused(await register(wants.url, { token: over }), 403, 'registration-closed');
      assert.ok(!(await postgres.dump()).includes(late));
    } finally {
      await Promise.all([closed.stop(), wants.stop()]);
    }
  });

  test('a device is ended, and its account goes on', async () => {
    const eve = await newUser(node.url, 'eve'), other = await eve.another();
    await run('end-device', other.id);
    await until(async () => (await other.get('/sessions')).status === 401);
    ok(await eve.get('/sessions'));
    assert.deepEqual(lines(await run('devices', eve.username, '--json'))
      .map(d => d.device_id), [eve.id]);
    await fails(/./, 'end-device', randomUUID());
  });

  test('a device\'s name is cut between characters', async () => {
    const dora = await newUser(node.url, 'dora');
    ok(await call(node.url, 'POST', '/auth/login', { json: {
      username: dora.username, password: dora.password,
      device_name: `x${'\u00e9'.repeat(33)}` } }));
    const { devices } = ok(await dora.get(`/users/${dora.username}/devices`));
    assert.ok(devices.some(d => d.name === `x${'\u00e9'.repeat(31)}`));
  });

  test('sessions are listed with their sizes, and ended', async () => {
    const [alice, bob] = [await newUser(node.url, 'alice'),
      await newUser(node.url, 'bob')];
    const session = await Session.pair(alice, bob);
    for (let i = 0; i < 3; i++) ok(await session.send(alice), 201);
    const [of] = lines(await run('sessions', session.id, '--json'));
    assert.deepEqual([of.session_id, of.people, of.devices, of.entries, of.ended_at],
      [session.id, 2, 2, 4, null]);
    const [{ bytes }] = await postgres.rows(`SELECT sum(length(envelope)) AS bytes
      FROM hermetic.message WHERE session_id = '${session.id}'`);
    assert.equal(of.bytes, bytes);
    assert.deepEqual(lines(await run('sessions', '--json'))
      .filter(s => s.session_id === session.id), [of]);
    await run('end-session', session.id);
    refused(await session.send(bob), 410, 'session-ended');
    assert.match(await run('sessions', session.id), /4 entries.*, ended/);
    await fails(/no such session goes on/, 'end-session', session.id);
    await fails(/no such session/, 'sessions', randomUUID());
    assert.ok(lines(await run('audit')).some(a =>
      a.event === 'session-ended' && a.subject === session.id));
  });

  test('an account is exported as one text', async () => {
    const dave = await newAccount(node.url, 'dave');
    const session = await Session.create(dave);
    ok(await session.send(dave), 201);
    const file = randomUUID();
    ok(await dave.call('POST', session.path(`/files/${file}`),
      { bytes: Buffer.from('seven b') }), 201);
    const archive = JSON.parse(await run('export', dave.username));
    assert.equal(archive.username, dave.username);
    assert.deepEqual(archive.devices.map(d => d.device_id), [dave.id]);
    assert.equal(archive.devices[0].logins.length, 1);
    assert.deepEqual(archive.logs.map(l => [l.fingerprint, l.links.length]),
      [[dave.log.fingerprint.toString('hex'), 1]]);
    assert.deepEqual(archive.sessions.map(s => [s.session_id, s.sent]),
      [[session.id, 1]]);
    assert.deepEqual(archive.files.map(f => [f.file_id, f.size, f.stored]),
      [[file, 7, 7]]);
    assert.deepEqual(archive.audit.map(a => a.event),
      ['registered', 'device', 'login', 'exported']);
    await fails(/no such user/, 'export', 'nobody-here');
  });

  /** A word in each form that somebody might look for it: text, hex, base64. */
  const forms = word => {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(word);
    const coded = ['hex', 'base64', 'base64url'].map(e => bytes.toString(e)
      .replace(/=+$/, ''));
    return Buffer.isBuffer(word) ? coded : [word, ...coded];
  };
  /** Those of these words that a dump holds in any form. */
  const dumped = async (words, but = /^$/) => {
    const dump = (await postgres.dump()).split('\n').filter(l => !but.test(l))
      .join('\n').toLowerCase();
    return words.filter(w => forms(w).some(f => dump.includes(f.toLowerCase())));
  };
  const uuid = text => Buffer.from(text.replaceAll('-', ''), 'hex');
  const hex = text => Buffer.from(text, 'hex');
  const ofPerson = async name => {
    const [account] = await postgres.rows(`SELECT user_id,
      encode(password_hash, 'hex') AS hash, encode(salt, 'hex') AS salt
      FROM hermetic.account WHERE username = '${name}'`);
    const kept = await postgres.rows(`SELECT encode(salt, 'hex') AS word
      FROM hermetic.account_log WHERE user_id = '${account.user_id}'
      UNION ALL SELECT encode(key, 'hex') FROM hermetic.audit_key
      WHERE user_id = '${account.user_id}'
      UNION ALL SELECT encode(r.token_hash, 'hex')
      FROM hermetic.refresh_token r JOIN hermetic.token_family USING (family_id)
      JOIN hermetic.device d USING (device_id)
      WHERE d.user_id = '${account.user_id}'`);
    const names = await postgres.rows(`SELECT name FROM hermetic.device
      WHERE user_id = '${account.user_id}' AND name <> 'device'`);
    return { user: account.user_id,
      words: [name, account.user_id, ...names.map(n => n.name),
        ...[account.hash, account.salt, ...kept.map(k => k.word)].map(hex)] };
  };

  /** What bob gives with each request, by a proxy that is trusted. */
  const HIS = { 'x-forwarded-for': '203.0.113.77', 'user-agent': 'his-own-browser/7',
    'x-request-id': 'request-of-bob-the-builder',
    traceparent: '00-b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0-b1b1b1b1b1b1b1b1-01' };
  /** What a database keeps of that while its account is there. */
  const ORIGIN = [HIS['x-request-id'], HIS.traceparent.slice(3, 35)];
  /** What it keeps of nobody: addresses as text and as bytes, for one. */
  const NEVER = ['203.0.113.77', hex('cb00714d'),
    hex('00000000000000000000ffffcb00714d'), '2001:db8:b0b:1::77',
    hex('20010db80b0b00010000000000000077'), hex('20010db80b0b0001'),
    HIS['user-agent'], '127.0.0.1'];

  test('a dump holds nothing that leads to a person whose account is erased',
    async () => {
      const told = await startNode({ postgres, workers: 1, env: {
        HERMETIC_TRUSTED_PROXIES: '127.0.0.0/8', HERMETIC_ACCESS_LOG: '1' } });
      const [alice, bob] = await Promise.all(['alice', 'bob'].map(n =>
        newAccount(told.url, n)));
      const ask = bob.call;
      bob.call = (method, path, options) => ask.call(bob, method, path,
        { ...options, headers: { ...HIS, ...options?.headers } });
      const { refresh_token: refresh, access_token: access } = ok(await call(told.url,
        'POST', '/auth/login', { json: { password: bob.password,
          username: bob.username, device_name: 'a telephone of his' },
        headers: { ...HIS, 'x-forwarded-for': '2001:db8:b0b:1::77' } }));
      const { refresh_token: next } = ok(await call(told.url, 'POST', '/auth/refresh',
        { json: { refresh_token: refresh }, headers: HIS }));
      refused(await call(told.url, 'POST', '/auth/login', { headers: HIS, json: {
        username: bob.username, password: 'a passphrase of his' } }), 401,
      'bad-credentials');
      const socket = await Socket.of(bob);
      const session = await Session.pair(alice, bob);
      ok(await session.send(bob), 201);
      ok(await bob.post(`/session/${(await Session.create(bob)).id}/invite`,
        { usernames: [alice.username] }), 204);
      ok(await alice.post(`/session/${(await Session.create(alice)).id}/invite`,
        { usernames: [bob.username] }), 204);
      const { user, words } = await ofPerson(bob.username);
      assert.ok(words.includes('a telephone of his') && words.length === 10,
        words.join());
      words.push(...ORIGIN);
      const tokens = [refresh, next, access, bob.access, bob.refreshToken,
        access.split('.')[2], bob.password, 'a passphrase of his'];
      assert.deepEqual(await dumped(words), words);
      assert.deepEqual(await dumped([...NEVER, ...tokens]), []);
      const { audit_subject: subject } =
        JSON.parse(await run('users', bob.username, '--json'));

      await run('delete', bob.username);
      await rotateOnce(postgres);
      assert.deepEqual(await dumped([...words, uuid(user), ...NEVER, ...tokens]), []);
      await fails(/no such user/, 'delete', bob.username);
      assert.deepEqual(lines(await run('users', '--json'))
        .filter(u => u.user_id === user), []);
      // the record goes on naming it by the hash whose key is gone
      assert.deepEqual(lines(await run('audit')).filter(a => a.subject === subject)
        .map(a => a.event),
      ['registered', 'device', 'login', 'device', 'login', 'erased']);
      await run('audit', 'verify');
      refused(await call(told.url, 'POST', '/auth/login', { json: {
        username: bob.username, password: bob.password } }), 401,
      'bad-credentials');
      await until(async () => (await bob.get('/sessions')).status === 401,
        { name: 'the end of its tokens' });
      await socket.closed;
      // the name is held back (HERMETIC_NAME_HOLD_SECONDS)
      refused(await call(told.url, 'POST', '/auth/register', { json: {
        username: bob.username, password: randomUUID() } }), 409,
      'username-taken');
      // whom he invited still has the invitation, of nobody
      assert.match(JSON.parse(await run('export', alice.username))
        .invitations[0].invited_by, /^erased\.[0-9a-f]{24}$/);
      await told.stop();
    });

  test('the sessions of others go on', async () => {
    const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol']
      .map(n => new Person(n, node.url).register('--device', `box-of-${n}`)));
    const [{ session_id: id }] = await alice.does('create', '--name', 'reeds',
      '--invite', bob.name);
    await bob.does('join', id);
    await bob.does('send', id, 'bob was here');
    await alice.does('invite', id, carol.name);
    await carol.does('join', id);
    const { words } = await ofPerson(bob.name);
    await run('delete', bob.name);
    // leaves by name, where there are such, stand in the commits
    assert.deepEqual(await dumped(words,
      /^INSERT INTO hermetic\.(message|group_info|first_group_info) /), []);

    await alice.does('send', id, 'and now?');
    assert.deepEqual((await carol.texts(id)).slice(-1), ['and now?']);
    // who comes later can follow the log
    const dora = await new Person('dora', node.url).register();
    await alice.does('invite', id, dora.name);
    await dora.does('join', id);
    await dora.does('send', id, 'I am new');
    assert.deepEqual((await alice.texts(id)).slice(-1), ['I am new']);
  });

  test('what was done is on record, and the record cannot be changed',
    async () => {
      const erin = await newUser(node.url, 'erin');
      ok(await erin.post('/auth/password', { password: erin.password,
        new_password: 'quite another one' }), 204);
      await run('suspend', erin.username);
      const { audit_subject: subject } =
        JSON.parse(await run('users', erin.username, '--json'));
      const events = lines(await run('audit'))
        .filter(a => a.subject === subject).map(a => a.event);
      assert.deepEqual(events, ['registered', 'device', 'login', 'passphrase',
        'signed-out', 'suspended']);
      assert.match(await run('audit', 'verify'), /none changed or missing/);
      // the API may add to it, and nothing else; nor may hermetic-admin's role
      for (const url of [postgres.apiUrl, postgres.rotationUrl])
        for (const act of ['DELETE FROM hermetic.audit',
          "UPDATE hermetic.audit SET event = 'x'",
          'UPDATE hermetic.audit_end SET n = 0',
          "INSERT INTO hermetic.audit VALUES (1000, 0, 'admin', '', " +
            "gen_random_uuid(), '', '')"])
          await assert.rejects(postgres.psql(act, { url }),
            /permission denied/);
      for (const act of [
        "UPDATE hermetic.audit SET detail = 'x' WHERE n = 2",
        'DELETE FROM hermetic.audit WHERE n = 3',
        'DELETE FROM hermetic.audit WHERE n = (SELECT max(n) FROM hermetic.audit)',
      ]) {
        await postgres.psql(`CREATE TABLE kept AS SELECT * FROM hermetic.audit;
          ${act}`);
        await fails(/the record was changed/, 'audit', 'verify');
        await postgres.psql(`DELETE FROM hermetic.audit;
          INSERT INTO hermetic.audit SELECT * FROM kept; DROP TABLE kept`);
        await run('audit', 'verify');
      }
    });
});
