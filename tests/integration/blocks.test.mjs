// Invitations are listed, accepted and declined; whoever is blocked finds nobody of that
// name, in the same time, and no device follows an invitation of theirs, whatever the
// server does.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, newAccount, ok, refused } from '../testlib/api.mjs';
import { Person, newPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('invitations and blocks', { concurrency: false }, () => {
  let postgres, node, proxy, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres,
      env: { HERMETIC_CLAIMS_OF_ONE_PER_HOUR: '0',
        HERMETIC_INVITATIONS_PER_DAY: '1000' } });
    proxy = await startProxy(node.url);
    [alice, bob, carol] = await newPeople(node.url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  const invites = async (from, ...whom) => (await from.does('create',
    ...whom.flatMap(w => ['--invite', w.name])))[0].session_id;
  const waiting = async who => (await who.does('invitations'))
    .map(i => i.session_id);
  const users = async (reader, id) =>
    [...new Set((await reader.does('members', id)).map(m => m.username))].sort();

  test('one is accepted, another one declined', async () => {
    const first = await invites(alice, bob);
    const second = await invites(alice, bob, carol);
    const list = await bob.does('invitations');
    assert.deepEqual(list.map(i => i.session_id).sort(),
      [first, second].sort());
    assert.deepEqual(list.map(i => i.inviter), [alice.name, alice.name]);
    await bob.cannot('nothing-to-accept', 'accept', alice.name);
    await bob.does('accept', first.slice(0, 13));
    assert.deepEqual(await waiting(bob), [second]);
    const [done] = await bob.does('decline', second.slice(0, 13));
    assert.deepEqual(done, { session_id: second, declined: true });
    assert.deepEqual(await waiting(bob), []);
    await carol.does('accept', second);
    await alice.does('read', second);
    await alice.does('send', second, 'without bob');
    assert.deepEqual(await users(carol, second),
      [alice.name, carol.name].sort());
    // nobody leaves a session by declining, whatever its id begins with
    await bob.cannot('no-such-invitation', 'decline', first.slice(0, 13));
    await bob.cannot('no-such-invitation', 'decline', first);
    await bob.does('send', first, 'here');
    await bob.does('decline', second); // again: nothing to do
  });

  test('whoever is blocked finds nobody of that name', async () => {
    const mallory = await new Person('mallory', node.url).register();
    const id = await invites(mallory);
    const before = await invites(mallory, bob);
    const shared = await invites(alice, bob, mallory);
    await bob.does('accept', shared);
    await mallory.does('accept', shared);
    const hers = await invites(mallory, bob);
    await bob.does('accept', hers);
    assert.ok((await waiting(bob)).includes(before));
    const [blocked] = await bob.does('block', mallory.name);
    assert.deepEqual(blocked, { username: mallory.name, blocked: true });
    // what waited is not shown, nor taken
    assert.deepEqual(await waiting(bob), []);
    assert.ok(!(await bob.does('sessions')).some(s => s.session_id === before));
    await bob.cannot('blocked', 'join', before);
    // to the other one there is nobody of that name
    const nobody = 'nobody-of-that-name';
    const fresh = await new Person('fresh', node.url).register();
    await bob.does('block', fresh.name); // who has not met him before
    const own = await invites(fresh);
    for (const args of [n => ['invite', own, n], n => ['create', '--invite', n],
      n => ['verify', n]]) {
      const real = await fresh.run(...args(bob.name));
      const none = await fresh.run(...args(nobody));
      assert.equal(real.code, 1);
      assert.equal(real.code, none.code);
      assert.equal(real.err.replaceAll(bob.name, nobody), none.err);
    }
    await mallory.cannot('no-such-user', 'invite', id, bob.name);
    // a session that both are in goes on
    await mallory.does('send', shared, 'still here');
    assert.ok((await bob.texts(shared)).includes('still here'));
    await bob.does('send', shared, 'so am I');
    // only to move one takes his KeyPackages: who keeps it back is named
    const move = ['algorithm', hers, 'chacha20-poly1305'];
    const said = await mallory.cannot('no-such-user', ...move);
    assert.ok(said.includes(`hermetic remove ${hers} ${bob.name}`), said);
    await mallory.does('remove', hers, bob.name);
    await mallory.does(...move);
    // and is known on a device that comes later
    const phone = await bob.newDevice('phone');
    assert.deepEqual((await phone.does('block')).map(b => [b.username, b.here]),
      [[mallory.name, true], [fresh.name, true]]);
    await bob.does('unblock', mallory.name);
    await mallory.does('invite', id, bob.name);
    assert.ok((await waiting(bob)).includes(id));
    await bob.does('join', before);
  });

  test('the same answers come, and as fast', async () => {
    const [user, other] = await Promise.all(['blocker', 'blocked'].map(stem =>
      newAccount(node.url, stem)));
    refused(await user.post('/blocks', { username: user.username }), 422,
      'invalid');
    refused(await user.post('/blocks', { username: 'nobody-at-all' }), 404,
      'not-found');
    for (let i = 0; i < 2; i++) // the second time nothing is new
      ok(await user.post('/blocks', { username: other.username }), 204);
    assert.deepEqual(ok(await user.get('/blocks')), { blocked: [{
      username: other.username,
      fingerprint: other.log.fingerprint.toString('hex') }] });
    const none = user.username.replace(/^blocker/, 'nobodyx');
    const asks = [
      n => other.post('/key-packages/claim', { username: n }),
      n => other.get(`/users/${n}/log`),
      n => other.post('/users/logs', { accounts: [n] }),
      n => other.post(`/users/${n}/log`, { link:
        user.log.links[0].toString('base64') }),
      n => other.post('/blocks', { username: n }),
    ];
    for (const ask of asks) {
      const times = { [user.username]: [], [none]: [] };
      for (let i = 0; i < 60; i++)
        for (const name of [user.username, none]) {
          const start = process.hrtime.bigint();
          const answer = await ask(name);
          times[name].push(Number(process.hrtime.bigint() - start) / 1e6);
          if (i > 0) continue;
          const expected = await ask(none);
          assert.equal(answer.status, expected.status);
          assert.deepEqual(answer.json, expected.json);
        }
      const median = list => list.sort((a, b) => a - b)[list.length / 2];
      const [real, unknown] = [median(times[user.username]),
        median(times[none])];
      assert.ok(Math.abs(real - unknown) < 1 + 0.5 * Math.max(real, unknown),
        `${real} ms and ${unknown} ms`);
    }
    // nor is anything charged for a name that is hidden
    for (const n of [none, user.username])
      await assert.rejects(Session.create(other, { invite: [n] }), /404/);
    assert.equal(await postgres.psql(`SET search_path = hermetic;
      SELECT count(*) FROM allowance
      WHERE name = limit_name('invitations by ' || '${other.userId}')`), '0');
    ok(await other.post(`/key-packages/claim`, { username: other.username }));
    ok(await user.call('DELETE', `/blocks/${other.username}`), 204);
    ok(await other.get(`/users/${user.username}/log`));
  });

  test('a server that does not keep a block changes nothing here', async () => {
    const [dora, eve] = await newPeople(node.url, 'dora', 'eve');
    dora.server = proxy.url;
    proxy.hooks = { request: ({ path }) => path === '/blocks' &&
      { status: 204, json: {} } };
    await dora.does('block', eve.name);
    proxy.hooks = {};
    const id = await invites(eve, dora); // the server was not told
    assert.ok(!(await waiting(dora)).includes(id));
    assert.ok(!(await dora.does('sessions')).some(s => s.session_id === id));
    const why = await dora.cannot('blocked', 'join', id);
    assert.match(why, /hermetic unblock/);
    await dora.does('decline', id);
    await eve.does('send', id, 'alone');
    assert.deepEqual(await users(eve, id), [eve.name]);
  });

  test('nor does one that keeps back the Welcome', async () => {
    const [dora, eve] = await newPeople(node.url, 'dora', 'eve');
    dora.server = proxy.url;
    proxy.hooks = {
      request: ({ path }) => path === '/blocks' && { status: 204, json: {} },
      answer: ({ path }) => path === '/welcomes' ?
        { json: { welcomes: [] } } : undefined };
    await dora.does('block', eve.name);
    const id = await invites(eve, dora);
    for (let i = 0; i < 2; i++) await dora.cannot('blocked', 'join', id);
    assert.ok(!(await eve.does('read', id)).some(m => m.from === dora.name));
    await dora.does('unblock', eve.name);
    await dora.does('join', id);
    proxy.hooks = {};
    await dora.does('send', id, 'here');
    assert.deepEqual(await eve.texts(id), ['here']);
  });

  test('nor does one that brings back whom it had removed', async () => {
    const [dora, eve] = await newPeople(node.url, 'dora', 'eve');
    const id = await invites(eve, dora);
    await dora.does('join', id);
    await eve.does('remove', id, dora.name);
    await dora.does('read', id);
    dora.server = proxy.url;
    proxy.hooks = { request: ({ path }) => path === '/blocks' &&
      { status: 204, json: {} } };
    await dora.does('block', eve.name);
    proxy.hooks = {};
    await eve.does('invite', id, dora.name);
    await dora.cannot('blocked', 'join', id);
    await dora.cannot('blocked', 'join', id); // nor the next time
    await dora.does('unblock', eve.name);
    await dora.does('join', id);
    await eve.does('send', id, 'together again');
    assert.ok((await dora.texts(id)).includes('together again'));
  });
});
