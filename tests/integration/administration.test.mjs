// What an operator does: who may register, accounts that are suspended, the record.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { call, login, newName, newUser, ok, refused } from '../testlib/api.mjs';
import { admin, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('administration', { concurrency: false }, () => {
  let postgres, node;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, workers: 1 });
  });
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
    await fails(/no such account/, 'suspend', 'nobody-here');
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
      assert.ok(!(await postgres.dump()).includes(late));
    } finally {
      await Promise.all([closed.stop(), wants.stop()]);
    }
  });

  test('a device\'s name is cut between characters', async () => {
    const dora = await newUser(node.url, 'dora');
    ok(await call(node.url, 'POST', '/auth/login', { json: {
      username: dora.username, password: dora.password,
      device_name: `x${'\u00e9'.repeat(33)}` } }));
    const { devices } = ok(await dora.get(`/users/${dora.username}/devices`));
    assert.ok(devices.some(d => d.name === `x${'\u00e9'.repeat(31)}`));
  });

  test('what was done is on record, and the record cannot be changed',
    async () => {
      const erin = await newUser(node.url, 'erin');
      ok(await erin.post('/auth/password', { password: erin.password,
        new_password: 'quite another one' }), 204);
      await run('suspend', erin.username);
      const events = lines(await run('audit'))
        .filter(a => a.subject === erin.userId).map(a => a.event);
      assert.deepEqual(events, ['registered', 'device', 'login', 'passphrase',
        'suspended', 'signed-out']);
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
