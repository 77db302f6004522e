// Limits of tries hold for all nodes together, by the address that a trusted
// proxy says and nobody else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { call, newUser } from '../testlib/api.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('rates', { concurrency: false }, () => {
  let postgres, one, two, user;
  before(async () => {
    postgres = await startPostgres();
    [one, two] = await Promise.all(['127.0.0.0/8', ''].map(trusted =>
      startNode({ postgres, workers: 1, env: {
        HERMETIC_LOGINS_PER_MINUTE: '4', HERMETIC_CLAIMS_PER_MINUTE: '3',
        HERMETIC_TRUSTED_PROXIES: trusted } })));
    user = await newUser(one.url, 'often');
  });
  after(async () => {
    await Promise.all([one?.stop(), two?.stop()]);
    await postgres?.stop();
  });

  // A minute of the database's has enough left for what follows.
  const early = () => until(() => new Date().getSeconds() < 30,
    { ms: 40_000, name: 'the beginning of a minute' });
  const login = async (node, username, from) => (await call(node.url, 'POST',
    '/auth/login', { json: { username, password: 'this is not it' },
      headers: from ? { 'x-forwarded-for': from } : {} })).status;
  const counted = n => until(async () => Number(await postgres.psql(
    'SELECT coalesce(max(count), 0) FROM hermetic.attempt')) >= n,
  { name: `${n} tries in the database` });

  test('tries at one node count at the other', async () => {
    await early();
    for (let i = 0; i < 4; i++)
      assert.equal(await login(one, 'nobody-1'), 401);
    await counted(4);
    // a node hears of the others' when it tells its own first one
    await login(two, 'nobody-1');
    await counted(5);
    let tries = 1;
    await until(async () => {
      tries++;
      return await login(two, 'nobody-1') === 429;
    }, { ms: 30_000, name: 'a refusal by the other node' });
    assert.ok(tries <= 4, `it counted its own alone: ${tries}`);
    assert.equal(await login(one, 'nobody-1'), 429);
    assert.equal(await login(two, 'nobody-2'), 401, 'it is nobody else\'s');
  });

  test('429 says when to try again', async () => {
    for (let i = 0; i < 5; i++) await login(one, 'nobody-3');
    const answer = await call(one.url, 'POST', '/auth/login',
      { json: { username: 'nobody-3', password: 'this is not it' } });
    assert.equal(answer.status, 429);
    assert.equal(answer.json.type, 'urn:hermetic:problem:too-many-requests');
    assert.equal(answer.headers.get('retry-after'), '60');
  });

  test('behind a trusted proxy each client has its own count', async () => {
    for (const from of ['203.0.113.1', '2001:db8::1', '203.0.113.2'])
      for (let i = 0; i < 4; i++)
        assert.equal(await login(one, 'nobody-4', from), 401, from);
    // the beginning of the list is the client's own word
    assert.equal(await login(one, 'nobody-4', '198.51.100.9, 203.0.113.1'),
      429);
    assert.equal(await login(one, 'nobody-4', '203.0.113.2, 127.0.0.9'), 429);
    for (let i = 0; i < 4; i++)
      assert.equal(await login(one, 'nobody-4', `nonsense ${i}`), 401,
        'counted as the proxy\'s');
    assert.equal(await login(one, 'nobody-4', 'more nonsense'), 429);
  });

  test('who is no trusted proxy is not believed', async () => {
    for (let i = 0; i < 4; i++)
      assert.equal(await login(two, 'nobody-5', `203.0.113.${i}`), 401);
    assert.equal(await login(two, 'nobody-5', '203.0.113.99'), 429);
  });

  test('claims of KeyPackages', async () => {
    const claim = () => user.post('/key-packages/claim',
      { username: user.username });
    for (let i = 0; i < 3; i++) assert.notEqual((await claim()).status, 429);
    assert.equal((await claim()).status, 429);
  });
});
