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
        HERMETIC_LOGINS_PER_MINUTE: '4', HERMETIC_CLAIMS_PER_MINUTE: '4',
        HERMETIC_TRUSTED_PROXIES: trusted } })));
    user = await newUser(one.url, 'often');
  });
  after(async () => {
    await Promise.all([one?.stop(), two?.stop()]);
    await postgres?.stop();
  });

  // Claims are counted like logins, and are cheap: a password's hash may take
  // seconds of a busy machine, and all of this has to fit into one minute.
  const claim = (node, who) => call(node.url, 'POST', '/key-packages/claim',
    { token: who.access, json: { username: who.username } });
  const login = async (node, username, from) => (await call(node.url, 'POST',
    '/auth/login', { json: { username, password: 'this is not it' },
      headers: from ? { 'x-forwarded-for': from } : {} })).status;
  // A minute of the database's has enough left for what follows.
  const early = () => until(() => new Date().getSeconds() < 40,
    { ms: 40_000, name: 'the beginning of a minute' });
  const counted = n => until(async () => Number(await postgres.psql(
    'SELECT coalesce(max(count), 0) FROM hermetic.attempt')) >= n,
  { name: `${n} tries in the database` });

  test('tries at one node count at the other', async () => {
    const other = await newUser(one.url, 'seldom');
    const refused = async (node, who) => (await claim(node, who)).status === 429;
    await early();
    await postgres.psql('DELETE FROM hermetic.attempt');
    for (let i = 0; i < 4; i++) assert.ok(!await refused(one, user), `${i}`);
    await counted(4);
    // a node hears of the others' when it tells its own first one
    await refused(two, user);
    await counted(5);
    let tries = 1;
    await until(async () => {
      tries++;
      return refused(two, user);
    }, { ms: 30_000, name: 'a refusal by the other node' });
    assert.ok(tries <= 4, `it counted its own alone: ${tries}`);
    assert.ok(await refused(one, user));
    assert.ok(!await refused(two, other), 'it is nobody else\'s');
  });

  test('429 says when to try again', async () => {
    for (let i = 0; i < 5; i++) await login(one, 'nobody-3');
    const answer = await call(one.url, 'POST', '/auth/login',
      { json: { username: 'nobody-3', password: 'this is not it' } });
    assert.equal(answer.status, 429);
    assert.equal(answer.json.type, 'urn:hermetic:problem:too-many-requests');
    assert.equal(answer.headers.get('retry-after'), '60');
  });

  // Each at once after its own tries, which are a minute's.
  test('behind a trusted proxy each client has its own count', async () => {
    // the beginning of the list is the client's own word
    for (const [from, again] of [
      ['203.0.113.1', '198.51.100.9, 203.0.113.1'],
      ['2001:db8::1', '203.0.113.1, 2001:db8::1'],
      ['203.0.113.2', '203.0.113.2, 127.0.0.9'],
      ['nonsense', 'more nonsense'], // counted as the proxy's
    ]) {
      const tries = await Promise.all(Array.from({ length: 4 },
        () => login(one, 'nobody-4', from)));
      assert.deepEqual(tries, [401, 401, 401, 401], from);
      assert.equal(await login(one, 'nobody-4', again), 429, from);
    }
  });

  test('who is no trusted proxy is not believed', async () => {
    for (let i = 0; i < 4; i++)
      assert.equal(await login(two, 'nobody-5', `203.0.113.${i}`), 401);
    assert.equal(await login(two, 'nobody-5', '203.0.113.99'), 429);
  });
});
