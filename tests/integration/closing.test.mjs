// `hermetic account delete`: a link closes the account, its devices depart, the server
// erases it. Cut off at any step, the same command goes on.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { AccountLog } from '../testlib/accounts.mjs';
import { base64, call, newUser, ok, refused } from '../testlib/api.mjs';
import { Person, newPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('an account is deleted', { concurrency: false }, () => {
  let postgres, node, eager, proxy, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    const env = { HERMETIC_LINKS_PER_MINUTE: '1000' };
    node = await startNode({ postgres, env });
    eager = await startNode({ postgres,
      env: { ...env, HERMETIC_NAME_HOLD_SECONDS: '0' } });
    proxy = await startProxy(node.url);
    [bob, carol] = await newPeople(node.url, 'bob', 'carol');
  });
  after(async () => {
    await proxy?.stop();
    await Promise.all([node?.stop(), eager?.stop()]);
    await postgres?.stop();
  });

  const person = name => new Person(name, node.url).register();
  const together = async (owner, ...guests) => {
    const [{ session_id: id }] = await owner.does('create',
      ...guests.flatMap(g => ['--invite', g.name]));
    for (const guest of guests) await guest.does('join', id);
    return id;
  };
  const users = async (reader, id) =>
    [...new Set((await reader.does('members', id)).map(m => m.username))]
      .sort();
  const gone = who => assert.equal(existsSync(join(who.home, 'state.db')),
    false);

  test('its members read so, and go on', async () => {
    const alice = await person('alice');
    const phone = await alice.newDevice('phone');
    const id = await together(alice, bob, carol);
    await alice.does('link');
    assert.equal((await phone.does('sessions'))
      .find(s => s.session_id === id).state, 'added');
    assert.match((await phone.starts('sessions').ended).out, new RegExp(`${id}  ` +
      'this device was added, and has not joined: hermetic join'));
    await phone.does('join', id);
    const dave = await person('dave');
    await alice.does('invite', '--ask', id, dave.name);
    await bob.does('verify', alice.name, '--yes');
    const [told] = await alice.does('account', 'delete');
    assert.deepEqual(told, { username: alice.name, deleted: false });
    assert.equal((await bob.does('verify', alice.name)).at(-1).person.closed,
      false);
    const done = await alice.does('account', 'delete', '--yes');
    assert.deepEqual(done.at(-1), { username: alice.name, deleted: true });
    gone(alice);
    const asked = (await dave.does('invitations'))
      .find(i => i.session_id === id);
    assert.equal(asked.erased, true);
    assert.equal((await dave.does('sessions')).find(s => s.session_id === id)
      .creator, undefined);
    for (const list of ['invitations', 'sessions'])
      assert.doesNotMatch((await dave.starts(list).ended).out, /erased/);
    assert.match((await dave.starts('invitations').ended).out, new RegExp(`${id}  ` +
      'invited by somebody whose account does not exist any more, as the server says'));
    // both of her devices have departed, and that the account is closed is read
    const left = (await bob.does('read', id)).filter(m => m.kind === 'departed');
    assert.deepEqual(left.map(m => [m.from, m.device, m.closed]).sort(),
      [[alice.name, '1', [alice.name]], [alice.name, '3', [alice.name]]]);
    await bob.does('send', id, 'without her');
    assert.deepEqual(await users(bob, id), [bob.name, carol.name].sort());
    assert.ok((await bob.does('members', id)).some(m => m.role === 'owner'));
    assert.deepEqual(await carol.texts(id), ['without her']);
    const line = (await carol.starts('read', id).ended).out;
    assert.match(line, new RegExp(`${alice.name} \\(unverified\\) left with device 1` +
      `.*Account closed: ${alice.name}`));
    const known = (await bob.does('verify', alice.name)).at(-1).person;
    assert.equal(known.closed, true);
    assert.equal(known.compared, 'yes');
    // the other device is out, and nobody comes back
    assert.notEqual((await phone.run('sessions')).code, 0);
    await bob.cannot('no-such-user', 'invite', id, alice.name);
    const again = new Person('again', node.url);
    again.name = alice.name;
    const taken = await again.cannot('username-taken', 'register',
      '--username', alice.name);
    assert.match(taken, /not given out again yet/);
    // what stays: the links, under the fingerprint, without the name
    const rows = await postgres.rows(`SELECT a.username, l.salt, l.closed_at
      FROM hermetic.account_log l JOIN hermetic.account a USING (user_id)
      WHERE l.fingerprint = '\\x${known.fingerprint}'`);
    assert.equal(rows.length, 1);
    assert.match(rows[0].username, /^erased\./);
    assert.match(rows[0].salt, /^\\x0+$/);
    const acts = await postgres.rows(`SELECT actor, event FROM hermetic.audit
      ORDER BY n DESC LIMIT 1`);
    assert.deepEqual(acts, [{ actor: 'account', event: 'erased' }]);
    // the time is a setting
    again.server = eager.url;
    await again.register();
    await bob.cannot('identity-changed', 'invite', id, alice.name);
  });

  const LINK = /^\/users\/[^/]+\/log$/;
  for (const [step, is, lost] of [
    ['the link', r => r.method === 'POST' && LINK.test(r.path)],
    ['the answer to the link', r => r.method === 'POST' && LINK.test(r.path),
      true],
    ['a departure', r => r.path.endsWith('/leave')],
    ['the answer to a departure', r => r.path.endsWith('/leave'), true],
    ['the last request', r => r.path === '/auth/close'],
    ['the last answer', r => r.path === '/auth/close', true]])
    test(`cut off at ${step}, it goes on`, async () => {
      const dora = await person('dora');
      const id = await together(dora, bob);
      dora.server = proxy.url;
      proxy.hooks = { [lost ? 'answer' : 'request']: r =>
        is(r) ? { drop: true } : undefined };
      const cut = await dora.run('account', 'delete', '--yes');
      proxy.hooks = {};
      assert.equal(cut.code, 3, cut.err);
      assert.ok(existsSync(join(dora.home, 'state.db')));
      const done = await dora.does('account', 'delete', '--yes');
      assert.equal(done.at(-1).deleted, true);
      gone(dora);
      await bob.does('read', id);
      await bob.does('send', id, 'still here');
      assert.deepEqual(await users(bob, id), [bob.name]);
    });

  test('another device adds a link first: the closing comes behind', async () => {
    const emil = await person('emil');
    const phone = await emil.newDevice('phone');
    await phone.does('recovery', '--replace');
    await emil.does('account', 'delete', '--yes');
    gone(emil);
    assert.notEqual((await phone.run('account', 'delete', '--yes')).code, 0);
  });

  test('refused, it is not taken for done when the login is refused, too',
    async () => {
      const gina = await person('gina');
      gina.server = proxy.url;
      proxy.hooks = { request: ({ path }) => path === '/auth/close' &&
        { status: 403, json: { type: 'urn:hermetic:problem:wrong-password',
          title: 'wrong password', status: 403 } } };
      await gina.cannot('passphrase-changed', 'account', 'delete', '--yes');
      // an operator signs the device out, and its passphrase is of before
      proxy.hooks = { request: ({ path }) => {
        if (path === '/auth/login')
          return { status: 401, json: { status: 401, title: 'refused',
            type: 'urn:hermetic:problem:bad-credentials' } };
        return path.startsWith('/.well') ? undefined : { status: 401, json: {
          type: 'urn:hermetic:problem:invalid-token', title: 'no',
          status: 401 } };
      } };
      await gina.cannot('bad-credentials', 'account', 'delete', '--yes');
      assert.ok(existsSync(join(gina.home, 'state.db')));
      proxy.hooks = {};
      await gina.does('account', 'delete', '--yes');
      gone(gina);
    });

  test('a server that goes on with a closed account brings nobody in',
    async () => {
      const frank = await person('frank');
      const id = await together(bob, frank);
      // what the server gave for the name while there was the account
      const kept = {};
      bob.server = proxy.url;
      proxy.hooks = { answer: ({ path, json, status }) => {
        if (path === '/key-packages/claim' && status === 200) kept.claim = json;
      } };
      await bob.does('create', '--invite', frank.name);
      await frank.does('account', 'delete', '--yes');
      await bob.does('read', id);
      proxy.hooks = { request: ({ path }) => path === '/key-packages/claim' &&
        { status: 200, json: kept.claim } };
      await bob.cannot('account-closed', 'invite', id, frank.name);
      await bob.cannot('account-closed', 'create', '--invite', frank.name);
      proxy.hooks = {};
      bob.server = node.url;
    });

  test('the server erases nobody without the link and the password', async () => {
    const user = await newUser(node.url, 'kept');
    const close = (password, token = user) =>
      token.post('/auth/close', { password });
    refused(await close('not the password'), 403, 'wrong-password');
    refused(await close('short'), 422, 'invalid');
    const log = new AccountLog(user.username);
    const own = `/users/${user.username}/log`;
    ok(await user.post(own, { link: base64(log.links[0]),
      salt: base64(log.salt) }), 201);
    refused(await close(user.password), 409, 'link-wanted');
    ok(await user.post(own, { link: base64(log.close()) }), 201);
    ok(await user.get('/sessions')); // it has yet to depart
    refused(await user.post(own, { link: base64(log.remove(log.first)) }), 422,
      'link-invalid');
    ok(await close(user.password), 204);
    // the node's other worker hears of it from this one
    await until(async () => (await user.get('/sessions')).status === 401,
      { name: 'the end of its tokens' });
    refused(await call(node.url, 'POST', '/auth/login',
      { json: { username: user.username, password: user.password } }), 401,
    'bad-credentials');
    const left = await postgres.rows(`SELECT count(*)::int AS n
      FROM hermetic.account WHERE username = '${user.username}'`);
    assert.equal(left[0].n, 0);
  });

  test('what the database refuses meanwhile is answered', async () => {
    const user = await newUser(node.url, 'held');
    const log = new AccountLog(user.username);
    for (const body of [{ link: base64(log.links[0]), salt: base64(log.salt) },
      { link: base64(log.close()) }])
      ok(await user.post(`/users/${user.username}/log`, body), 201);
    await postgres.psql(`CREATE TABLE hermetic.holder (
        user_id uuid REFERENCES hermetic.account);
      INSERT INTO hermetic.holder SELECT user_id FROM hermetic.account
        WHERE username = '${user.username}'`);
    const close = () => user.post('/auth/close', { password: user.password });
    refused(await close(), 503, 'unavailable');
    await postgres.psql('DROP TABLE hermetic.holder');
    ok(await close(), 204);
  });
});
