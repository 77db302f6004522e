// What somebody may do, and how often: at all nodes together, at all three doors.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';

import {
  Session, base64, call, callAdmin, login, newName, newUser, newUsers, ok, refused,
} from '../testlib/api.mjs';
import { api } from '../testlib/openapi.mjs';
import { MqttClient, eventsOf, sendTo } from '../testlib/mqtt.mjs';
import { invited } from '../testlib/mls.mjs';
import { Person } from '../testlib/people.mjs';
import { Socket, problem } from '../testlib/socket.mjs';
import { admin, startAdminApi, startBroker, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

describe('limits', { concurrency: false }, () => {
  let postgres;
  const nodes = [];
  const start = async (env = {}, more = {}) => {
    const node = await startNode({ postgres, workers: 1, env: {
      HERMETIC_LOGINS_PER_MINUTE: '1000', ...env }, ...more });
    nodes.push(node);
    return node;
  };
  before(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => Promise.all(nodes.splice(0).map(n => n.stop())));
  after(() => postgres?.stop());

  const later = (answer, policy, window) => {
    const { retry_after } = refused(answer, 429, 'too-many-requests');
    const retry = Number(answer.headers.get('retry-after'));
    assert.equal(retry, retry_after);
    assert.ok(retry >= 1 && retry <= window, `${retry}`);
    assert.match(answer.headers.get('ratelimit-policy'),
      new RegExp(`^"${policy}";q=\\d+;w=${window}$`));
    assert.match(answer.headers.get('ratelimit'),
      new RegExp(`^"${policy}";r=\\d+;t=\\d+$`));
  };
  const claim = (node, who, username = who.username) =>
    call(node.url, 'POST', '/key-packages/claim',
      { token: who.access, json: { username } });
  const tryLogin = (node, username, { from, password = 'this is not it' } = {}) =>
    call(node.url, 'POST', '/auth/login', { json: { username, password },
      headers: from ? { 'x-forwarded-for': from } : {} });
  const debts = n => until(async () => Number(await postgres.psql(
    'SELECT count(*) FROM hermetic.allowance WHERE free_at > now()')) >= n,
  { name: `${n} debts in the database` });

  test('tries at one node count at the other', async () => {
    // the only debts in the database are those of claims
    const env = { HERMETIC_CLAIMS_PER_MINUTE: '4', HERMETIC_LOGINS_PER_MINUTE: '0',
      HERMETIC_REGISTRATIONS_PER_HOUR: '0', HERMETIC_LINKS_PER_MINUTE: '0' };
    const [one, two] = await Promise.all([start(env), start(env)]);
    const [user, other] = [await newUser(one.url), await newUser(one.url)];
    const limited = async (node, who) => (await claim(node, who)).status === 429;
    const seconds = async of => Number(await postgres.psql(
      `SELECT extract(epoch FROM ${of})`));
    const paid = () => seconds('(SELECT max(free_at) FROM hermetic.allowance)');
    const told = at => until(async () => await paid() > at,
      { name: 'a word to the database' });
    // each claim puts off the time at which all is paid by a quarter of a minute
    const begin = await seconds('clock_timestamp()');
    for (let i = 0; i < 4; i++) assert.ok(!await limited(one, user), `${i}`);
    await told(begin + 59);
    // a node hears of the others' when it tells its own first one
    const before = await paid();
    assert.ok(!await limited(two, user));
    await told(before);
    let tries = 0;
    await until(async () => ++tries && limited(two, user),
      { name: 'a refusal by the other node' });
    assert.ok(tries <= 3, `it counted its own alone: ${tries}`);
    assert.ok(await limited(one, user));
    assert.ok(!await limited(two, other), 'it is nobody else\'s');
  });

  test('429 says which limit it was and when to try again', async () => {
    const node = await start({ HERMETIC_LOGINS_PER_MINUTE: '3',
      HERMETIC_REGISTRATIONS_PER_HOUR: '2' });
    const answers = await Promise.all(Array.from({ length: 3 },
      () => tryLogin(node, 'nobody-3')));
    later(await tryLogin(node, 'nobody-3'), 'logins', 60);
    // what is left is said before it is too late
    const left = answers.map(a => a.headers.get('ratelimit')).sort();
    assert.match(left[0], /^"logins";r=0;t=\d+$/);
    assert.deepEqual(left.slice(1), [null, null]);
    const register = () => call(node.url, 'POST', '/auth/register', { json: {
      username: `n-${randomUUID().slice(0, 8)}`, password: randomUUID() } });
    for (let i = 0; i < 2; i++) ok(await register(), 201);
    later(await register(), 'registrations', 3600);
  });

  // Each by a user of its own, with a body that is good for nothing. What a handler charges
  // by its body has tests of its own, and one only asks.
  test('whatever writes has a limit, each operation of the document', async () => {
    const byBody = ['/session/{session_id}/send', '/session/{session_id}/typing'];
    const asks = ['/users/logs'];
    const once = ['/auth/logout']; // it ends what it is asked with
    const few = Object.fromEntries(['WRITES', 'LINKS', 'CLAIMS', 'FILES']
      .map(name => [`HERMETIC_${name}_PER_MINUTE`, '3']));
    const [lax, node] = await Promise.all([start(), start({ ...few,
      HERMETIC_REGISTRATIONS_PER_HOUR: '3', HERMETIC_LOGINS_PER_MINUTE: '5' })]);
    const writing = api.operations.filter(o => o.method !== 'get' &&
      ![...byBody, ...asks, ...once].includes(o.path));
    assert.ok(writing.length > 20);
    const without = [];
    for (const o of writing) {
      const user = await newUser(lax.url);
      const path = o.path.replace('{username}', user.username)
        .replace(/\{\w+\}/g, () => randomUUID());
      const json = o.path === '/auth/register' ?
        { username: newName('new'), password: randomUUID() } : {};
      let status;
      for (let i = 0; i < 120 && status !== 429; i++)
        ({ status } = await call(node.url, o.method.toUpperCase(), path,
          { token: user.access, ...o.method !== 'delete' && { json } }));
      if (status !== 429) without.push(`${o.method} ${o.path}: ${status}`);
    }
    assert.deepEqual(without, []);
  });

  test('files that an account begins to store', async () => {
    const node = await start({ HERMETIC_FILES_PER_MINUTE: '2' });
    const alice = await newUser(node.url);
    const session = await Session.create(alice);
    const store = () => alice.call('POST', session.path(`/files/${randomUUID()}`),
      { bytes: Buffer.from('a file') });
    for (let i = 0; i < 2; i++) ok(await store(), 201);
    later(await store(), 'files', 60);
  });

  // Each at once after its own tries.
  test('behind a trusted proxy each client has its own count', async () => {
    const node = await start({ HERMETIC_LOGINS_PER_MINUTE: '4',
      HERMETIC_TRUSTED_PROXIES: '127.0.0.0/8' });
    // the beginning of the list is the client's own word
    for (const [from, again] of [
      ['203.0.113.1', '198.51.100.9, 203.0.113.1'],
      ['2001:db8::1', '203.0.113.1, 2001:db8::1'],
      ['203.0.113.2', '203.0.113.2, 127.0.0.9'],
      ['nonsense', 'more nonsense'], // counted as the proxy's
      // one client of IPv6 has 64 bits, and one of IPv4 may be mapped
      ['2001:db8:1::1', '2001:0DB8:1:0:ffff::2'],
      ['203.0.113.3', '::ffff:203.0.113.3'],
    ]) {
      const tries = await Promise.all(Array.from({ length: 4 },
        () => tryLogin(node, 'nobody-4', { from })));
      assert.deepEqual(tries.map(t => t.status), [401, 401, 401, 401], from);
      assert.equal((await tryLogin(node, 'nobody-4', { from: again })).status,
        429, from);
    }
    assert.equal((await tryLogin(node, 'nobody-4',
      { from: '2001:db8:0:1::1' })).status, 401, 'another network');
    // the list may come in several lines: the last one is the proxy's
    const body = JSON.stringify({ username: 'nobody-4', password: 'this is not it' });
    const inLines = (...lines) => new Promise((done, fail) => request(
      `${node.url}/auth/login`, { method: 'POST', headers: [
        'Host', 'x', 'Content-Type', 'application/json',
        'Content-Length', String(body.length),
        ...lines.flatMap(line => ['X-Forwarded-For', line])] },
      answer => { answer.resume(); done(answer.statusCode); })
      .on('error', fail).end(body));
    for (let i = 0; i < 4; i++)
      assert.equal(await inLines(`198.51.100.${i}`, '203.0.113.4'), 401);
    assert.equal(await inLines('198.51.100.9', '203.0.113.4'), 429);
  });

  test('a customer of IPv6 has one count for all its networks', async () => {
    const node = await start({ HERMETIC_REGISTRATIONS_PER_HOUR: '1',
      HERMETIC_TRUSTED_PROXIES: '127.0.0.0/8' });
    const register = (from, json = { username: `w-${randomUUID().slice(0, 8)}`,
      password: randomUUID() }) => call(node.url, 'POST', '/auth/register',
      { headers: { 'x-forwarded-for': from }, json });
    // what is no registration is not counted
    for (let i = 0; i < 3; i++)
      refused(await register('2001:db8:7::1', {}), 400, 'malformed');
    const network = i => `2001:db8:7:${i}::1`;
    for (let i = 0; i < 10; i++) ok(await register(network(i)), 201);
    later(await register(network(10)), 'wide-registrations', 3600);
    ok(await register('2001:db8:8::1'), 201);
  });

  test('one login is refreshed so often, and a used token is known as long as it lasts', async () => {
    const node = await start({ HERMETIC_LOGINS_PER_MINUTE: '2',
      HERMETIC_TRUSTED_PROXIES: '127.0.0.0/8' });
    const user = await newUser(node.url);
    let token = user.refreshToken;
    // each from an address of its own: what is tried counts there until it was right
    let tries = 0;
    const refresh = async () => call(node.url, 'POST', '/auth/refresh',
      { headers: { 'x-forwarded-for': `10.0.0.${++tries}` }, json: { refresh_token: token } });
    const goOn = async () => { token = ok(await refresh()).refresh_token; };
    const family = `(SELECT family_id FROM hermetic.token_family
      WHERE device_id = '${user.id}')`;
    const past = () => postgres.psql(`UPDATE hermetic.refresh_token
      SET used_at = used_at - interval '1 hour' WHERE family_id = ${family}`);
    await goOn();
    await goOn();
    later(await refresh(), 'refreshes-of-one', 60);
    await past();
    for (let i = 0; i < 12; i++) {
      await goOn(); // and the one that was refused is still good
      await past();
    }
    const rows = () => postgres.psql(`SELECT count(*) FROM hermetic.refresh_token
      WHERE family_id = ${family}`);
    assert.equal(await rows(), '15');
    token = user.refreshToken; // a thief may have refreshed often since
    for (let i = 0; i < 2; i++) refused(await refresh(), 401, 'refresh-reused');
    assert.equal(await rows(), '1');
  });

  test('a guess counts when a hash was compared, and one account keeps nobody out',
    async () => {
      const node = await start({ HERMETIC_GUESSES_PER_HOUR: '40',
        HERMETIC_LOGIN_THREADS: '1', HERMETIC_LOGIN_QUEUE: '4' });
      const [alice, mallory] = [await newUser(node.url), await newUser(node.url)];
      const many = Array.from({ length: 30 }, () =>
        tryLogin(node, mallory.username));
      const own = Array.from({ length: 3 }, () => tryLogin(node, alice.username,
        { password: alice.password }));
      for (const answer of await Promise.all(own)) ok(answer);
      const statuses = (await Promise.all(many)).map(a => a.status);
      assert.ok(statuses.includes(503), 'all of them had a place');
      let compared = statuses.filter(s => s === 401).length;
      for (let answer; (answer = await tryLogin(node, mallory.username)).status !== 429;)
        compared += answer.status === 401;
      assert.equal(compared, 40);
    });

  test('a passphrase that is asked of somebody who is there is a login', async () => {
    const node = await start({ HERMETIC_LOGINS_PER_MINUTE: '3' });
    const user = await newUser(node.url);
    const password = 'this is not it';
    refused(await user.post('/auth/password', { password, new_password: password }),
      403, 'wrong-password');
    refused(await user.post('/auth/close', { password }), 403, 'wrong-password');
    later(await user.post('/auth/password', { password, new_password: password }),
      'logins', 60);
  });

  test('who is no trusted proxy is not believed', async () => {
    const node = await start({ HERMETIC_LOGINS_PER_MINUTE: '4' });
    await Promise.all([1, 2, 3, 4].map(async i => assert.equal((await tryLogin(
      node, 'nobody-5', { from: `203.0.113.${i}` })).status, 401)));
    assert.equal((await tryLogin(node, 'nobody-5',
      { from: '203.0.113.99' })).status, 429);
  });

  test('guesses count for an account, from wherever they come', async () => {
    const node = await start({ HERMETIC_GUESSES_PER_HOUR: '5', HERMETIC_WORKERS: '1',
      HERMETIC_TRUSTED_PROXIES: '127.0.0.0/8' });
    const user = await newUser(node.url);
    const { username, password } = user;
    // the right one is no guess
    for (let i = 0; i < 3; i++)
      await Promise.all([0, 1].map(async () =>
        ok(await tryLogin(node, username, { password }))));
    await Promise.all([0, 1, 2, 3, 4].map(async i => assert.equal(
      (await tryLogin(node, username.toUpperCase(),
        { from: `198.51.100.${i}` })).status, 401)));
    later(await tryLogin(node, username, { from: '198.51.100.99' }),
      'guesses', 3600);
    later(await user.post('/auth/password', { password: 'not this one',
      new_password: 'another one' }), 'guesses', 3600);
    ok(await user.get('/sessions')); // who is there stays

    // an administrator lets the owner in, at all nodes at once
    const other = await start({ HERMETIC_GUESSES_PER_HOUR: '5' });
    const refusedThere = async () =>
      (await tryLogin(other, username)).status === 429;
    await until(refusedThere, { name: 'the other node to know' });
    await admin(postgres, ['reset-limits', username]);
    // here alone: what another node has lent and got back is known here a little later
    ok(await tryLogin(node, username, { password }));
    const guess = () => tryLogin(node, username, { from: '198.51.100.77' });
    for (let i = 0; i < 5; i++)
      refused(await guess(), 401, 'bad-credentials');
    later(await guess(), 'guesses', 3600); // and they count anew
    const desk = await startAdminApi({ postgres });
    nodes.push(desk);
    const token = (await admin(postgres, ['api-token', 'desk', 'write'])).trim();
    ok(await callAdmin(desk.url, token, 'DELETE', `/users/${username}/limits`), 204);
    for (const at of [node, other]) ok(await tryLogin(at, username, { password }));
    const record = (await admin(postgres, ['audit'])).trim().split('\n')
      .map(line => JSON.parse(line)).filter(e => e.event === 'limits-reset');
    assert.deepEqual(record.map(e => e.actor), ['admin', 'admin:desk']);
    assert.equal(new Set(record.map(e => e.subject)).size, 1);
  });

  test('nobody takes all the KeyPackages of another', async () => {
    const node = await start({ HERMETIC_CLAIMS_OF_ONE_PER_HOUR: '2',
      HERMETIC_CLAIMED_PER_HOUR: '3', HERMETIC_KEY_PACKAGES: '8' });
    const [victim, one, two] = await newUsers(node.url, 'victim', 'one', 'two');
    const packages = n => Array.from({ length: n }, () =>
      base64(victim.keysFor().keyPackage()));
    const post = (key_packages, last_resort = []) =>
      victim.post('/key-packages', { key_packages, last_resort });
    ok(await post(packages(8), [base64(victim.keysFor().keyPackage(
      { lastResort: true }))]), 201);
    refused(await post(packages(1)), 409, 'quota-exceeded');
    const last = async who => ok(await claim(node, who, victim.username))
      .devices[0].key_packages[0].last_resort;
    assert.equal(await last(one), false);
    assert.equal(await last(one), false);
    later(await claim(node, one, victim.username), 'claims-of-one', 3600);
    assert.equal(await last(two), false);
    assert.equal(await last(two), true, 'beyond what an hour gives');
    assert.equal(await last(victim), false, 'its own are its own');
  });

  test('a device keeps fifty KeyPackages ready, as far as the quota goes',
    async () => {
      const stocks = (person) => postgres.psql(`SELECT count(*)
        FROM hermetic.key_package WHERE device_id = '${person.device}'
        AND NOT last_resort GROUP BY algorithm`);
      const person = async (env, server) => {
        const made = new Person('stock', server.url);
        made.env.HERMETIC_STOCK = '';
        Object.assign(made.env, env);
        return await made.register();
      };
      const node = await start();
      const full = await person({}, node);
      assert.deepEqual((await stocks(full)).split('\n'), ['50', '50', '50']);
      // a few are gone: it is enough; a fifth is: it is filled up
      const take = n => postgres.psql(`DELETE FROM hermetic.key_package
        WHERE ref IN (SELECT ref FROM hermetic.key_package
          WHERE device_id = '${full.device}' AND algorithm = 'aes-256-gcm'
          AND NOT last_resort LIMIT ${n})`);
      await take(10);
      await full.does('login');
      assert.deepEqual((await stocks(full)).split('\n').sort(),
        ['40', '50', '50']);
      await take(1);
      await full.does('login');
      assert.deepEqual((await stocks(full)).split('\n'), ['50', '50', '50']);
      // a server that takes fewer than that: what it takes is the stock
      const narrow = await start({ HERMETIC_KEY_PACKAGES: '40' });
      assert.deepEqual((await stocks(await person({}, narrow))).split('\n'),
        ['32', '32', '32']);
      const none = new Person('none', narrow.url);
      none.env.HERMETIC_STOCK = '101';
      const wrong = await none.run('register', '--username', none.name);
      assert.equal(wrong.code, 2);
      assert.match(wrong.error.detail, /from 1 to 100/);
    });

  test('sessions and invitations are counted by the day', async () => {
    const node = await start({ HERMETIC_SESSIONS_PER_DAY: '3',
      HERMETIC_INVITATIONS_PER_DAY: '4', HERMETIC_INVITATIONS_PENDING: '2' });
    const [host, ...guests] = await Promise.all(Array.from({ length: 5 },
      () => newUser(node.url)));
    const invite = (s, ...who) => host.post(s.path('/invite'),
      { usernames: who.map(w => w.username) });
    const create = (more = {}) => Session.create(host, more);
    const sessions = [await create({ invite: [guests[0].username] }),
      await create({ invite: [guests[0].username] }), await create()];
    await assert.rejects(create(), /429/);
    refused(await invite(sessions[2], guests[0]), 409, 'quota-exceeded');
    assert.equal((await invite(sessions[0], guests[0])).status, 204); // again
    assert.equal((await invite(sessions[0], guests[1], host)).status, 204);
    assert.equal((await invite(sessions[0], guests[2])).status, 204);
    later(await invite(sessions[0], guests[3]), 'invitations', 86400);
    // who has followed an invitation may get others
    const more = await newUser(node.url);
    const own = await Session.create(more, { invite: [guests[0].username] });
    ok(await own.join(guests[0]));
    await Session.create(more, { invite: [guests[0].username] });
    await Session.create(more, { invite: [guests[0].username] });
  });

  test('devices and members have an end', async () => {
    const node = await start({ HERMETIC_DEVICES: '2',
      HERMETIC_SESSION_MEMBERS: '3' });
    const host = await newUser(node.url);
    const second = await login(node.url, host);
    const json = { username: host.username, password: host.password };
    refused(await call(node.url, 'POST', '/auth/login', { json }), 409,
      'quota-exceeded');
    ok(await call(node.url, 'POST', '/auth/login',
      { json: { ...json, device_id: second.id } }));
    assert.equal((await host.call('DELETE', `/devices/${second.id}`)).status,
      204);
    await login(node.url, host);
    const guests = await Promise.all(Array.from({ length: 3 },
      () => newUser(node.url)));
    const session = await Session.create(host, { join_policy: 'open' });
    await session.add(host, guests[0], guests[1]);
    refused(await session.change(host, { add: [
      guests[2].keysFor(session.algorithm).keyPackage()],
    welcome: Buffer.alloc(100) }), 409, 'quota-exceeded');
    refused(await session.join(guests[2]), 409, 'quota-exceeded');
    await session.remove(host, guests[0]);
    await session.add(host, guests[2]);
  });

  test('a group ends where its commits could not be posted any more', async () => {
    const node = await start({ HERMETIC_BODY_BYTES: '6144',
      HERMETIC_LOGINS_PER_MINUTE: '1000' });
    const host = await newUser(node.url);
    const session = await Session.create(host);
    const guests = [];
    let answer;
    do {
      guests.push(await newUser(node.url));
      answer = await session.change(host, { part: true, welcome: Buffer.alloc(9),
        add: [guests.at(-1).keysFor(session.algorithm).keyPackage()] });
      if (answer.status === 201)
        session.leaves.set(guests.at(-1).id, session.freeLeaf());
    } while (answer.status === 201 && guests.length < 40);
    assert.match(refused(answer, 409, 'quota-exceeded').detail, /too large/);
    assert.ok(guests.length > 3, `${guests.length}`);
    // each of them can still make a commit, and be removed
    ok(await session.change(guests[0], { part: true }), 201);
    ok(await session.change(host, { part: true,
      remove: [session.leaves.get(guests[1].id)] }), 201);
    session.leaves.delete(guests[1].id);
    ok(await session.leave(guests[0]), 201);
    // nor does it grow by invitations alone
    const says = (...users) => invited(host.username, users);
    const other = await Session.create(host, { extensions: says() });
    const added = guests.map(g => g.keysFor(other.algorithm).keyPackage());
    do answer = await other.change(host, { part: true, welcome: Buffer.alloc(9),
      add: [added.pop()] });
    while (answer.status === 201);
    refused(answer, 409, 'quota-exceeded');
    const users = Array.from({ length: 16 }, (_, i) => `${'u'.repeat(60)}${i + 10}`);
    for (let n = 1; n <= users.length; n++) {
      answer = await other.change(host, { part: true,
        extensions: says(...users.slice(0, n)) });
      if (answer.status !== 201) break;
    }
    assert.match(refused(answer, 409, 'quota-exceeded').detail, /too large/);
    ok(await other.change(host, { part: true, extensions: says() }), 201);
  });

  test('quotas are exact when two nodes count at the same moment', async () => {
    const env = { HERMETIC_DEVICES: '4', HERMETIC_KEY_PACKAGES: '10',
      HERMETIC_INVITATIONS_PENDING: '3', HERMETIC_WORKERS: '1' };
    const nodes = [await start(env), await start(env)];
    const [host, guest] = [await newUser(nodes[0].url),
      await newUser(nodes[0].url)];
    // both have begun, and neither may write, before either goes on
    const atOnce = async (table, what) => {
      const barrier = postgres.psql(`DO $$ BEGIN
        LOCK TABLE hermetic.${table} IN SHARE MODE;
        WHILE (SELECT count(DISTINCT pid) FROM ${postgres.waiting}) < 2 LOOP
          PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
        END LOOP; END $$`);
      await until(async () => await postgres.psql(`SELECT count(*) FROM pg_locks
        WHERE relation = 'hermetic.${table}'::regclass AND mode = 'ShareLock'
          AND granted`) === '1', { name: 'the barrier' });
      const answers = await Promise.all(nodes.map(what));
      await barrier;
      assert.deepEqual(answers.map(a => a.status < 300 ? 200 : a.status).sort(),
        [200, 409]);
    };
    await atOnce('key_package', node => host.post('/key-packages',
      { last_resort: [], key_packages: Array.from({ length: 6 },
        () => base64(host.keysFor().keyPackage())) }, { url: node.url }));
    for (let i = 0; i < 2; i++) await login(nodes[0].url, host);
    await atOnce('device', node => call(node.url, 'POST', '/auth/login', {
      json: { username: host.username, password: host.password } }));
    const sessions = await Promise.all([0, 1, 2, 3].map(() =>
      Session.create(host)));
    const invite = (s, url) => host.post(s.path('/invite'),
      { usernames: [guest.username] }, { url });
    for (const s of sessions.slice(0, 2))
      assert.equal((await invite(s, nodes[0].url)).status, 204);
    await atOnce('invitation', node => invite(
      sessions[2 + nodes.indexOf(node)], node.url));
  });

  test('messages by REST', async () => {
    const node = await start({ HERMETIC_MESSAGES_PER_MINUTE: '5' });
    const [alice, bob] = [await newUser(node.url), await newUser(node.url)];
    const session = await Session.pair(alice, bob);
    for (let i = 0; i < 5; i++) ok(await session.send(alice), 201);
    later(await session.send(alice), 'messages', 60);
    later(await alice.call('POST', session.path('/send'),
      { bytes: Buffer.alloc(10), type: 'application/octet-stream' }),
    'messages', 60);
    ok(await session.send(bob), 201);
  });

  test('bytes, and messages of a session', async () => {
    const node = await start({ HERMETIC_BYTES_PER_MINUTE: '3000',
      HERMETIC_SESSION_MESSAGES_PER_MINUTE: '3' });
    const [alice, bob, stranger] = await Promise.all(Array.from({ length: 3 },
      () => newUser(node.url)));
    const session = await Session.pair(alice, bob);
    for (let i = 0; i < 5; i++)
      refused(await session.send(stranger), 403, 'not-a-member');
    for (const who of [alice, bob, alice]) ok(await session.send(who), 201);
    later(await session.send(bob), 'session-messages', 60);
    let answer, n = 0;
    do answer = await alice.call('POST', session.path('/send'), {
      bytes: Buffer.alloc(1000), type: 'application/octet-stream' });
    while (answer.status !== 429 && ++n < 5);
    later(answer, 'bytes', 60);
  });

  test('messages by WebSocket, and how many WebSockets', async () => {
    const node = await start({ HERMETIC_MESSAGES_PER_MINUTE: '3',
      HERMETIC_WEBSOCKETS: '2', HERMETIC_SUBSCRIPTIONS: '1' });
    const alice = await newUser(node.url);
    const session = await Session.create(alice);
    const socket = await Socket.of(alice), other = await Socket.of(alice);
    await assert.rejects(Socket.of(alice), /409/);
    const send = to => to.ask({ type: 'send',
      envelope: base64(session.envelope()) });
    for (let i = 0; i < 3; i++) assert.equal((await send(socket)).type, 'sent');
    const answer = await send(other);
    problem(answer, 429, 'too-many-requests');
    assert.ok(answer.problem.retry_after >= 1);
    later(await session.send(alice), 'messages', 60);
    const second = await Session.create(alice);
    await socket.subscribe(session);
    problem(await socket.ask({ type: 'subscribe', session_id: second.id,
      after: 0 }), 409, 'quota-exceeded');
    await other.close();
    await until(() => Socket.of(alice).then(() => true, () => false));
  });

  test('messages by MQTT', async () => {
    const env = { HERMETIC_MESSAGES_PER_MINUTE: '3' };
    const broker = await startBroker({ postgres, env });
    try {
      const node = await start(env);
      const alice = await newUser(node.url);
      const session = await Session.create(alice);
      for (const version of [5, 4]) {
        const device = version === 5 ? alice : await newUser(node.url);
        if (version === 4) await session.add(alice, device);
        const client = await MqttClient.of(device, broker, { version });
        await client.subscribe(eventsOf(device));
        for (let i = 0; i < 3; i++)
          assert.equal((await client.send(session)).type, 'sent');
        const answer = await client.send(session);
        problem(answer, 429, 'too-many-requests');
        assert.ok(answer.problem.retry_after >= 1);
        if (version === 5) assert.equal(answer.ack.refused, 0x97);
        await client.publish(sendTo(session), 'nonsense').catch(() => {});
        await client.close();
      }
      // the bridge tells what it has counted to the nodes
      await debts(2);
      await until(async () => (await session.send(alice)).status === 429,
        { name: 'the same limit by REST' });
    } finally {
      await broker.stop();
    }
  });

  test('no address and no name is in the database', async () => {
    const dump = await postgres.dump();
    const rows = dump.match(/INSERT INTO hermetic\.allowance.*/g);
    assert.ok(rows.length > 5);
    for (const row of rows)
      assert.match(row, /VALUES \('?-?\d+'?, '[^']+'\);$/);
    for (const text of ['203.0.113', '198.51.100', '2001:db8', 'nobody-3'])
      assert.ok(!dump.includes(text), text);
  });
});
