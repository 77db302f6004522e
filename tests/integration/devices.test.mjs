// Devices of an account: a new one waits until another one has approved it with the
// code; a signed link ends one. And what a server cannot do: add a device by itself, or
// give a new one an account of its own making.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import {
  AccountDevice, AccountLog, kinds, linkHash,
} from '../testlib/accounts.mjs';
import {
  Device, base64, call, login as loginOver, newUser, ok, refused,
} from '../testlib/api.mjs';
import { noise } from '../testlib/mls.mjs';
import { Person, conversation, twoPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { Socket } from '../testlib/socket.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

const hex = bytes => bytes.toString('hex');
const only = list => (assert.equal(list.length, 1), list[0]);

describe('devices', { concurrency: false }, () => {
  let postgres, node, other, proxy, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    [node, other] = await Promise.all([1, 2].map(() => startNode({ postgres,
      env: { HERMETIC_LOGINS_PER_MINUTE: '1000',
        HERMETIC_LINKS_PER_MINUTE: '1000' } })));
    proxy = await startProxy(node.url);
    [alice, bob] = await twoPeople(node.url);
  });
  after(async () => {
    await proxy?.stop();
    await Promise.all([node?.stop(), other?.stop()]);
    await postgres?.stop();
  });

  const listed = async person => new Map((await person.does('devices'))
    .map(d => [d.device_id, d]));
  /** What the account's log says, read by somebody else. */
  const logOf = async person =>
    (await bob.does('verify', person.name)).at(-1).person;

  // --- approving ----------------------------------------------------------------

  test('a new device waits, is approved, and is in all sessions', async () => {
    const id = await conversation(alice, bob);
    const second = await conversation(alice, bob);
    await alice.does('send', id, 'before');
    await alice.does('verify', bob.name, '--yes');
    const phone = alice.sibling();
    const { login, code, device_id: device } = await phone.asks('phone');
    assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
    const waiting = (await listed(alice)).get(device);
    assert.equal(waiting.pending, true);
    assert.equal(waiting.name, 'phone');
    // before that it can do nothing but wait
    await phone.cannot('device-pending', 'sessions');
    await phone.cannot('device-pending', 'devices');
    await alice.cannot('code', 'devices', 'approve', 'not-a-code');
    await alice.cannot('code-mismatch', 'devices', 'approve',
      '00000-00000-00000-00000');
    assert.equal((await logOf(alice)).devices, 1);

    const done = await alice.does('devices', 'approve',
      code.toLowerCase().replaceAll('-', ' '));
    assert.equal(done[0].approved, 'phone');
    assert.deepEqual(done.slice(1).map(l => [l.session_id, l.devices]).sort(),
      [[id, 1], [second, 1]].sort());
    const ended = await login.ended;
    assert.equal(ended.code, 0, ended.err);
    const approved = (await listed(alice)).get(device);
    assert.equal(approved.pending, undefined);
    assert.equal(approved.number, done[0].number);
    assert.equal((await logOf(alice)).devices, 2);

    for (const session of [id, second]) // it came in by itself
      assert.ok((await phone.does('members', session)).some(m => m.own));
    await bob.texts(id); // he sees the new device
    await phone.does('send', id, 'from the phone');
    assert.deepEqual(await bob.texts(id), ['before', 'from the phone']);
    // whom the person has compared is compared here, too
    const met = (await phone.does('verify', bob.name)).at(-1);
    assert.equal(met.person.compared, 'yes');
    assert.equal(met.own.fingerprint,
      (await alice.does('verify', bob.name)).at(-1).own.fingerprint);
    // the code is nowhere in the clear, and is forgotten
    assert.ok(!readFileSync(join(phone.home, 'state.db')).includes(code));
    await alice.cannot('nobody-waits', 'devices', 'approve', code);
    await phone.does('login'); // as ever
  });

  test('a device that waits goes on with the same code', async () => {
    const tablet = alice.sibling();
    const first = await tablet.asks('tablet');
    await first.login.stop();
    const again = await tablet.asks();
    assert.equal(again.code, first.code);
    assert.equal(again.device_id, first.device_id);
    await alice.does('devices', 'approve', again.code);
    assert.equal((await again.login.ended).code, 0);
  });

  test('two devices approve at once: both new ones stand in the log',
    async () => {
      const carol = await new Person('carol', node.url).register();
      const phone = await carol.newDevice('phone');
      const [one, two] = [carol.sibling(), carol.sibling()];
      const asked = [await one.asks('one'), await two.asks('two')];
      await Promise.all([carol.does('devices', 'approve', asked[0].code),
        phone.does('devices', 'approve', asked[1].code)]);
      for (const { login } of asked)
        assert.equal((await login.ended).code, 0);
      assert.equal((await logOf(carol)).devices, 4);
      assert.deepEqual([...(await listed(carol)).values()]
        .map(d => typeof d.number), Array(4).fill('number'));
    });

  test('an approval that was cut off goes on, on both sides', async () => {
    const carl = await new Person('carl', node.url).register();
    const phone = carl.sibling();
    const { login, code, device_id: device } = await phone.asks('phone');
    carl.server = proxy.url;
    proxy.hooks = { request: ({ method, path }) => method === 'POST' &&
      path === `/devices/requests/${device}` && { drop: true } };
    const cut = await carl.run('devices', 'approve', code);
    assert.equal(cut.code, 3, cut.err); // the link stands, the answer does not
    proxy.hooks = {};
    assert.equal((await logOf(carl)).devices, 2);
    await login.stop();
    const again = await phone.asks(); // goes on waiting, with the same code
    assert.equal(again.code, code);
    const approving = carl.does('devices', 'approve', code);
    assert.equal((await again.login.ended).code, 0);
    await approving;
    await phone.does('sessions');
  });

  test('a device from before there were logs goes on, and can be approved',
    async () => {
      const gerd = await new Person('gerd', node.url).register();
      const id = await conversation(gerd, bob);
      const old = gerd.sibling();
      const { login, device_id: device } = await old.asks('old');
      await login.stop();
      await postgres.psql(`DELETE FROM hermetic.device_request
          WHERE device_id = '${device}';
        UPDATE hermetic.device SET pending = false
          WHERE device_id = '${device}'`);
      await until(async () => (await old.run('sessions')).code === 0,
        { name: 'its next token' });
      await gerd.does('link'); // it is in no log, so nobody brings it in
      assert.equal((await bob.does('members', id)).length, 2);
      const asked = await old.asks();
      await gerd.does('devices', 'approve', asked.code);
      assert.equal((await asked.login.ended).code, 0);
      assert.ok((await old.does('members', id)).some(m => m.own));
    });

  test('one that is refused is out', async () => {
    const guess = alice.sibling();
    const { login, code, device_id: device } = await guess.asks('stranger');
    await alice.cannot('not-asking', 'devices', 'refuse', 'ffff-0000');
    await alice.does('devices', 'refuse', 'stranger');
    const { code: exit, err } = await login.ended;
    assert.equal(exit, 1);
    assert.match(err, /not-approved.*was not approved/);
    await alice.cannot('nobody-waits', 'devices', 'approve', code);
    assert.equal((await listed(alice)).has(device), false);
  });

  test('what a device that waits may ask of the server', async () => {
    const { user, log, phone } = await account('waiting');
    const own = `/users/${user.username}/log`;
    ok(await phone.get(own));
    for (const [method, path, json] of [['GET', '/sessions'],
      ['GET', '/key-packages'], ['GET', `/users/${user.username}/devices`],
      ['GET', '/devices/requests'], ['GET', `/users/${bob.name}/log`],
      ['POST', '/users/logs', { accounts: [bob.name] }],
      ['POST', '/key-packages', { key_packages: [], last_resort: [] }],
      ['POST', '/key-packages/claim', { username: bob.name }],
      ['DELETE', `/devices/requests/${phone.id}`],
      ['GET', `/devices/requests/${user.id}`],
      ['POST', '/auth/password', { password: 'xxxxxxxx',
        new_password: 'xxxxxxxx' }],
      ['DELETE', `/devices/${user.id}`], ['GET', '/welcomes']])
      refused(await phone.call(method, path, { json }), 403,
        'device-pending');
    await assert.rejects(Socket.of(phone), e => e.status === 403);
    // its request has to be one, and only the link lets it in
    refused(await phone.post('/devices/requests',
      { request: base64(noise(200)) }), 422, 'invalid');
    const device = new AccountDevice();
    const request = requestOf(log, device);
    const sockets = await Promise.all([node.url, other.url].map(url =>
      Socket.of(user, { url })));
    ok(await phone.post('/devices/requests', { request: base64(request) }),
      204);
    for (const socket of sockets) { // its devices are told, at each node
      await socket.until(() => socket.frames
        .some(f => f.type === 'device_waits'));
      socket.ws.close();
    }
    assert.deepEqual(ok(await phone.get(`/devices/requests/${phone.id}`)),
      { pending: true });
    const asked = only(ok(await user.get('/devices/requests')).requests);
    assert.equal(asked.device_id, phone.id);
    assert.equal(asked.request, base64(request));
    const answer = { answer: base64(answerOf(log)) };
    refused(await user.post(`/devices/requests/${phone.id}`, answer), 409,
      'link-wanted');
    refused(await user.post(`/devices/requests/${user.id}`, answer), 404,
      'not-found');
    ok(await user.post(own, { link: base64(log.add(device)) }), 201);
    ok(await user.post(`/devices/requests/${phone.id}`, answer), 204);
    assert.deepEqual(ok(await phone.get(`/devices/requests/${phone.id}`)),
      { pending: false, ...answer });
    refused(await phone.get('/sessions'), 403, 'device-pending');
    phone.take(ok(await call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: phone.refreshToken } })));
    ok(await phone.get('/sessions')); // with its next token
  });

  // --- removing -----------------------------------------------------------------

  test('a link ends a device: its leaves and its tokens, at each node',
    async () => {
      const id = await conversation(alice, bob);
      const phone = await alice.newDevice('lost');
      await bob.texts(id);
      await alice.does('revoke', 'Lost'); // by its name
      assert.equal((await listed(alice)).has(phone.device), false);
      phone.server = other.url;
      const { code } = await phone.run('send', id, 'still here?');
      assert.notEqual(code, 0);
      await bob.does('send', id, 'alone again');
      assert.ok(!(await bob.does('members', id))
        .some(m => m.device_id === phone.device));
      await phone.cannot('device-gone', 'login');
    });

  test('and only a link, where there is a log', async () => {
    const { user, log, phone } = await account('strict');
    const device = new AccountDevice();
    ok(await phone.post('/devices/requests',
      { request: base64(requestOf(log, device)) }), 204);
    const own = `/users/${user.username}/log`;
    ok(await user.post(own, { link: base64(log.add(device)) }), 201);
    phone.take(ok(await call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: phone.refreshToken } })));
    for (const [by, whom] of [[user, phone], [phone, user]])
      refused(await by.call('DELETE', `/devices/${whom.id}`), 409,
        'link-wanted');
    const socket = await Socket.of(phone, { url: other.url });
    ok(await phone.get('/sessions', { url: other.url }));
    ok(await stranger.post(own, { link: base64(log.remove(device)) }),
      201); // whoever posts it
    assert.deepEqual(await socket.closed,
      { code: 4401, reason: 'token revoked' });
    for (const url of [node.url, other.url])
      await until(async () =>
        (await phone.get('/sessions', { url })).status === 401,
      { name: 'the end of its tokens' });
    refused(await call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: phone.refreshToken } }), 401,
    'refresh-invalid');
    ok(await user.get('/sessions'));
  });

  test('a branch that counts leaves a device in that both branches bring, and ' +
    'brings back none that an operator has ended', async () => {
    const { user, log, phone } = await account('parted');
    const own = `/users/${user.username}/log`;
    const device = new AccountDevice();
    const refresh = () => call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: phone.refreshToken } });
    const branch = links => stranger.post(`${own}/branch`,
      { links: links.map(base64) });
    ok(await user.post(own, { link: base64(log.recover()) }), 201);
    ok(await phone.post('/devices/requests',
      { request: base64(requestOf(log, device)) }), 204);
    const counts = log.branch();
    ok(await user.post(own, { link: base64(log.add(device)) }), 201);
    phone.take(ok(await refresh()));
    // the device that lost its number withdraws its link, and writes it again
    counts.withdraw([linkHash(log.links[2])]);
    counts.add(device);
    ok(await branch(counts.links.slice(2)), 201);
    phone.take(ok(await refresh()));
    assert.equal(ok(await phone.get(`/users/${user.username}/devices`)).devices
      .find(d => d.device_id === phone.id).number, 4);

    await postgres.psql(`SELECT hermetic.admin_device_end('${phone.id}')`);
    const recovered = counts.branch();
    ok(await user.post(own, { link: base64(counts.add()) }), 201);
    ok(await branch([recovered.remove(log.first, null)]), 201);
    refused(await refresh(), 401, 'refresh-invalid');
    assert.deepEqual(await postgres.rows(`SELECT link_number::int AS number,
        removed_at IS NOT NULL AS removed, removed_by_link AS by_link
      FROM hermetic.device WHERE device_id = ANY ('{${user.id},${phone.id}}')
      ORDER BY link_number`), [
      { number: 1, removed: true, by_link: true },
      { number: 4, removed: true, by_link: false }]);
  });

  test('a device that a branch lacks is one again where a later one brings it',
    async () => {
      const { user, log, phone } = await account('brought');
      const own = `/users/${user.username}/log`;
      const device = new AccountDevice();
      const asks = async () => ok(await phone.post('/devices/requests',
        { request: base64(requestOf(log, device)) }), 204);
      const refresh = () => call(node.url, 'POST', '/auth/refresh',
        { json: { refresh_token: phone.refreshToken } });
      const signIn = () => call(node.url, 'POST', '/auth/login', { json: {
        username: user.username, password: user.password,
        device_id: phone.id } });
      const branch = async links => ok(await stranger.post(`${own}/branch`,
        { links: links.map(base64) }), 201);
      const again = async number => {
        // its tokens have ended, and it is approved: it logs in as itself
        refused(await refresh(), 401, 'refresh-invalid');
        phone.take(ok(await signIn()));
        const { devices } = ok(await phone.get(`/users/${user.username}/devices`));
        const row = devices.find(d => d.device_id === phone.id);
        assert.deepEqual([row.number, row.pending ?? false], [number, false]);
      };
      const lost = async () => {
        refused(await refresh(), 401, 'refresh-invalid');
        refused(await signIn(), 422, 'invalid');
      };
      await asks();
      const second = log.branch(), third = log.branch();
      ok(await user.post(own, { link: base64(log.add(device)) }), 201);
      phone.take(ok(await refresh()));

      await branch([second.withdraw([linkHash(log.links[1])])]);
      await lost();
      third.withdraw([linkHash(second.links[1])]);
      third.add(device);
      await branch(third.links.slice(1));
      await again(3);

      // and where no branch brings it, but a link behind the one that lacks it
      const fourth = log.branch();
      fourth.links = fourth.links.slice(0, 1);
      await branch([fourth.withdraw([linkHash(third.links[1])])]);
      await lost();
      ok(await stranger.post(own, { link: base64(fourth.add(device)) }), 201);
      await again(3);

      const fifth = fourth.branch(), sixth = fourth.branch();
      fifth.links = fifth.links.slice(0, 2);
      sixth.links = sixth.links.slice(0, 2);
      await branch([fifth.withdraw([linkHash(fourth.links[2])])]);
      await lost();

      // whoever read the log has that entry: it is the device's that had it, even
      // where another one got its request in
      const thief = await loginOver(node.url, user);
      const stolen = base64(requestOf(log, device));
      refused(await thief.post('/devices/requests', { request: stolen }), 422,
        'invalid');
      await postgres.psql(`INSERT INTO hermetic.device_request
          (device_id, entry, request)
        SELECT '${thief.id}', lost_entry, '\\x00' FROM hermetic.device
        WHERE device_id = '${phone.id}'`);
      sixth.withdraw([linkHash(fifth.links[2])]);
      sixth.add(device);
      await branch(sixth.links.slice(2));
      await again(4);
      assert.deepEqual(await postgres.rows(`SELECT pending, link_number
        FROM hermetic.device WHERE device_id = '${thief.id}'`),
      [{ pending: true, link_number: null }]);

      // but none that an operator has ended, were it after a link had
      const seventh = sixth.branch(), eighth = sixth.branch();
      seventh.links = seventh.links.slice(0, 3);
      eighth.links = eighth.links.slice(0, 3);
      await branch([seventh.withdraw([linkHash(sixth.links[3])])]);
      assert.deepEqual(await postgres.rows(`SELECT
        hermetic.admin_device_end('${phone.id}') AS first,
        hermetic.admin_device_end('${phone.id}') AS again`),
      [{ first: true, again: false }]);
      eighth.withdraw([linkHash(seventh.links[3])]);
      eighth.add(device);
      await branch(eighth.links.slice(3));
      await lost();
    });

  // --- a server that lies -----------------------------------------------------------

  test('somebody who writes the database adds no device', async () => {
    const id = await conversation(alice, bob);
    const ghost = alice.sibling();
    const { login, device_id: device } = await ghost.asks('ghost');
    // the server calls it approved, in whatever it stores
    await postgres.psql(`UPDATE hermetic.device SET pending = false
      WHERE device_id = '${device}'`);
    await alice.does('link');
    assert.ok(!(await alice.does('members', id))
      .some(m => m.device_id === device));
    assert.ok(login.child.exitCode === null, 'it still waits');
    await login.stop();
    await alice.does('devices', 'refuse', device);
  });

  test('the server names a key of its own as a device of the account',
    async () => {
      const id = await conversation(alice, bob);
      // with KeyPackages that the honest server would never have taken
      const ghost = new Device(node.url, { username: alice.name },
        { device_id: randomUUID() });
      await postgres.psql(`INSERT INTO hermetic.device (device_id, user_id,
        name) SELECT '${ghost.id}', user_id, 'mine' FROM hermetic.account
        WHERE username = '${alice.name}'`);
      const packages = ['chacha20-poly1305', 'aes-256-gcm'].map(a =>
        ({ algorithm: a, package: ghost.keysFor(a).keyPackage() }));
      for (const { algorithm, package: kp } of packages)
        await postgres.psql(`INSERT INTO hermetic.key_package (device_id,
          algorithm, ref, key_package, last_resort, expires_at) VALUES
          ('${ghost.id}', '${algorithm}', '\\x${hex(randomBytes(32))}',
          '\\x${hex(kp)}', false, now() + interval '1 day')`);
      const linked = await alice.does('link');
      assert.equal(linked.find(l => l.session_id === id).devices, 2,
        'the phone and the tablet');
      assert.ok(!(await bob.does('members', id))
        .some(m => m.device_id === ghost.id));
      await postgres.psql(`UPDATE hermetic.device SET removed_at = now()
        WHERE device_id = '${ghost.id}'`);
    });

  test('the server puts a key of its own into a request', async () => {
    const phone = alice.sibling();
    const { login, code, device_id: device } = await phone.asks('phone');
    const log = new AccountLog(alice.name);
    const before = await logOf(alice);
    await postgres.psql(`UPDATE hermetic.device_request
      SET request = substring(request FOR 73) || '\\x${
  hex(requestOf(log, new AccountDevice()).subarray(73))}'
      WHERE device_id = '${device}'`);
    assert.match(await alice.cannot('code-mismatch', 'devices', 'approve',
      code), /the server has changed what the new device asked/);
    assert.equal((await logOf(alice)).number, before.number);
    await login.stop();
    await alice.does('devices', 'refuse', device);
  });

  test('the server gives a new device an account of its own making',
    async () => {
      const fake = new AccountLog(alice.name);
      const phone = alice.sibling(proxy.url);
      proxy.hooks = { answer: ({ path, json }) =>
        path.startsWith(`/users/${alice.name}/log`) && { json: { ...json,
          fingerprint: hex(fake.fingerprint), salt: base64(fake.salt),
          last: fake.number, links: fake.links.map(base64),
          next: undefined } } };
      const { login, code, device_id: device } = await phone.asks('phone');
      assert.match(await alice.cannot('another-account', 'devices', 'approve',
        code), /shown the new device another account than yours/);
      // nor does it approve in alice's place, in either account
      const forged = answerOf(fake);
      proxy.hooks.request = ({ method, path }) => method === 'GET' &&
        path === `/devices/requests/${device}` && { status: 200,
        json: { pending: false, answer: base64(forged) } };
      const { code: exit, err } = await login.ended;
      assert.equal(exit, 1);
      assert.match(err, /approval-forged.*nobody who has the code/);
      await phone.cannot('device-pending', 'sessions');
      proxy.hooks = {};
      // with an honest server it asks again, with another code
      const again = await phone.asks();
      assert.notEqual(again.code, code);
      await alice.does('devices', 'approve', again.code);
      assert.equal((await again.login.ended).code, 0);
    });

  // --- over REST ------------------------------------------------------------------

  const place = log => Buffer.concat([Buffer.from([1]), log.fingerprint,
    Buffer.from(BigInt(log.number).toString(16).padStart(16, '0'), 'hex'),
    log.hash]);
  const vec = bytes => Buffer.concat([bytes.length < 64 ?
    Buffer.from([bytes.length]) : Buffer.from([0x40 | bytes.length >> 8,
      bytes.length & 255]), bytes]);
  /** As a device would ask that knows no code. */
  function requestOf(log, device) {
    return Buffer.concat([place(log), vec(device.entry(kinds.add,
      log.fingerprint)), randomBytes(32)]);
  }
  function answerOf(log) {
    return Buffer.concat([place(log), vec(randomBytes(60)), randomBytes(32)]);
  }
  let stranger;

  /** An account with a log, its device, and another one that waits. */
  async function account(stem) {
    stranger ??= await newUser(node.url, 'stranger');
    const user = await newUser(node.url, stem);
    const log = new AccountLog(user.username);
    ok(await user.post(`/users/${user.username}/log`,
      { link: base64(log.links[0]), salt: base64(log.salt) }), 201);
    const phone = await loginOver(node.url, user);
    return { user, log, phone };
  }
});
