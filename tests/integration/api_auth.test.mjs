// Accounts, tokens, devices, signing keys, over REST.
import assert from 'node:assert/strict';
import { randomUUID, webcrypto } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { createLocalJWKSet, jwtVerify } from 'jose';

import {
  Device, call, login, newName, newUser, ok, refused,
} from '../testlib/api.mjs';
import { newKek, startNode, startPostgres, until } from '../testlib/stack.mjs';

globalThis.crypto ??= webcrypto; // jose wants it; Node 18 does not give it

describe('accounts and tokens', { concurrency: false }, () => {
  let postgres, node, url, alice;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    url = node.url;
    alice = await newUser(url, 'alice');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const post = (path, json, options) =>
    call(url, 'POST', path, { json, ...options });
  const keySet = async () =>
    ok(await call(url, 'GET', '/.well-known/jwks.json'));

  test('health', async () => {
    ok(await call(url, 'GET', '/healthz'));
    ok(await call(url, 'GET', '/readyz'));
    assert.equal((await call(url, 'HEAD', '/healthz')).status, 200);
  });

  test('what no route has', async () => {
    refused(await call(url, 'GET', '/nothing'), 404, 'not-found');
    const answer = await call(url, 'PUT', '/auth/login');
    refused(answer, 405, 'method-not-allowed');
    assert.match(answer.headers.get('allow'), /POST/);
  });

  test('registering', async () => {
    const username = newName('Reg.Ister_'), password = 'correct horse';
    const account = ok(await post('/auth/register', { username, password }),
      201);
    assert.equal(account.username, username.toLowerCase());
    refused(await post('/auth/register', { username, password }), 409,
      'username-taken');
    refused(await post('/auth/register',
      { username: username.toUpperCase(), password }), 409, 'username-taken');
    for (const bad of ['', 'a b', 'ü', 'a'.repeat(33), 'a/b', '"'])
      refused(await post('/auth/register', { username: bad, password }), 422,
        'invalid');
    for (const bad of ['', '1234567', 'x'.repeat(1025)])
      refused(await post('/auth/register',
        { username: newName('x'), password: bad }), 422, 'invalid');
    ok(await post('/auth/register',
      { username: newName('x'), password: 'ü'.repeat(512) }), 201);
  });

  test('bodies are read strictly', async () => {
    const good = { username: newName('x'), password: 'correct horse' };
    const bad = [
      '', '[]', 'null', '{', '{"username":"x"', '{}',
      JSON.stringify({ ...good, more: 1 }),
      JSON.stringify({ ...good, username: 1 }),
      JSON.stringify({ username: good.username }),
      `{"username":"${good.username}","password":"a","password":"b"}`,
      `${JSON.stringify(good)}x`,
      '{"username":"\\ud800","password":"correct horse"}',
      '['.repeat(10_000),
    ];
    for (const body of bad)
      refused(await post('/auth/register', body), 400, 'malformed');
    refused(await post('/auth/register', undefined,
      { bytes: JSON.stringify(good), type: 'text/plain' }), 415,
    'unsupported-media-type');
    refused(await post('/auth/register', undefined,
      { bytes: Buffer.from([0x22, 0xff, 0x22]), type: 'application/json' }),
    400, 'malformed');
    refused(await post('/auth/register', undefined,
      { bytes: Buffer.alloc(1 << 21, 0x20), type: 'application/json' }),
    413, 'too-large');
  });

  test('logging in', async () => {
    const again = await login(url, alice);
    assert.notEqual(again.id, alice.id, 'without device_id: a new device');
    const same = await login(url, { ...alice, device_id: alice.id });
    assert.equal(same.id, alice.id);
    const other = await newUser(url, 'other');
    refused(await post('/auth/login', { username: alice.username,
      password: alice.password, device_id: other.id }), 422, 'invalid');
  });

  test('an unknown user and a wrong password: same answer, same cost',
    async () => {
      const times = { known: [], unknown: [] };
      const answers = [];
      for (let i = 0; i < 3; i++)
        for (const [what, username] of [['known', alice.username],
          ['unknown', newName('nobody')]]) {
          const start = performance.now();
          const answer = await post('/auth/login',
            { username, password: 'not the password' });
          times[what].push(performance.now() - start);
          refused(answer, 401, 'bad-credentials');
          answers.push(answer.bytes.toString());
        }
      assert.equal(new Set(answers).size, 1);
      const least = list => Math.min(...list);
      const ratio = least(times.unknown) / least(times.known);
      assert.ok(ratio > 0.4 && ratio < 2.5, `cost ratio ${ratio}`);
    });

  test('the token is as the protocol says, and anyone can verify it',
    async () => {
      const { payload, protectedHeader } = await jwtVerify(alice.access,
        createLocalJWKSet(await keySet()), { algorithms: ['ES256'],
          issuer: 'hermetic', audience: 'hermetic-api' });
      assert.equal(protectedHeader.alg, 'ES256');
      assert.equal(payload.sub, alice.userId);
      assert.equal(payload.name, alice.username);
      assert.equal(payload.dev, alice.id);
      assert.match(payload.fam, /^[0-9a-f-]{36}$/);
      assert.match(payload.jti, /^[0-9a-f-]{36}$/);
      assert.equal(payload.exp - payload.iat, 900);
    });

  // forged ones: bearer.test.mjs
  test('a token comes as Bearer, or not at all', async () => {
    refused(await call(url, 'GET', '/sessions'), 401, 'unauthorized');
    refused(await call(url, 'GET', '/sessions',
      { headers: { authorization: `Basic ${alice.access}` } }), 401,
    'unauthorized');
    ok(await alice.get('/sessions'));
  });

  test('everything else wants a token', async () => {
    const id = randomUUID();
    for (const [method, path] of [
      ['POST', '/auth/logout'], ['GET', '/users/x/devices'],
      ['DELETE', `/devices/${id}`], ['GET', '/key-packages'],
      ['POST', '/key-packages'], ['POST', '/key-packages/claim'],
      ['POST', '/session/create'], ['POST', '/session/join'],
      ['GET', '/sessions'], ['GET', `/session/${id}`],
      ['GET', `/session/${id}/members`], ['POST', `/session/${id}/invite`],
      ['GET', `/session/${id}/group-info`],
      ['POST', `/session/${id}/commit`], ['GET', '/welcomes'],
      ['POST', `/session/${id}/send`], ['GET', `/session/${id}/messages`],
      ['GET', `/session/${id}/messages/1`], ['GET', '/ws'],
    ])
      refused(await call(url, method, path,
        method === 'POST' ? { json: {} } : {}), 401, 'unauthorized');
  });

  test('a refresh token is good once, then its family ends', async () => {
    const device = await alice.another();
    const refresh = refresh_token => post('/auth/refresh', { refresh_token });
    const used = () => postgres.psql(`UPDATE hermetic.refresh_token
      SET used_at = used_at - interval '1 minute'`);
    const first = device.refreshToken;
    const second = ok(await refresh(first));
    assert.equal(second.device_id, device.id);
    assert.notEqual(second.refresh_token, first);
    ok(await call(url, 'GET', '/sessions', { token: second.access_token }));
    const third = ok(await refresh(second.refresh_token));
    await used();
    refused(await refresh(first), 401, 'refresh-reused');
    refused(await refresh(third.refresh_token), 401, 'refresh-invalid');
    for (const junk of ['', 'x', 'A'.repeat(43), device.access])
      refused(await refresh(junk), 401, 'refresh-invalid');
  });

  test('for a moment one refresh token gives one answer', async () => {
    const device = await alice.another();
    const refresh = refresh_token => post('/auth/refresh', { refresh_token });
    // two tabs, or an answer that was lost
    const answers = await Promise.all([1, 2, 3, 4].map(() =>
      refresh(device.refreshToken)));
    const next = new Set(answers.map(a => ok(a).refresh_token));
    assert.equal(next.size, 1);
    const [token] = next;
    assert.ok(!(await postgres.dump()).includes(token));
    // once its successor was used, it is an old one
    ok(await refresh(token));
    refused(await refresh(device.refreshToken), 401, 'refresh-reused');
    refused(await refresh(token), 401, 'refresh-invalid');
    // and so it is after the moment
    const other = await alice.another();
    const answer = ok(await refresh(other.refreshToken));
    await postgres.psql(`UPDATE hermetic.refresh_token
      SET used_at = used_at - interval '11 seconds'`);
    refused(await refresh(other.refreshToken), 401, 'refresh-reused');
    refused(await refresh(answer.refresh_token), 401, 'refresh-invalid');
  });

  test('logging out revokes the family, not others', async () => {
    const device = await alice.another();
    assert.equal((await device.post('/auth/logout', {})).status, 204);
    refused(await post('/auth/refresh',
      { refresh_token: device.refreshToken }), 401, 'refresh-invalid');
    const next = ok(await post('/auth/refresh',
      { refresh_token: alice.refreshToken }));
    alice.take(next);
  });

  test('devices: listed, removed with their tokens', async () => {
    const bob = await newUser(url, 'bob');
    const second = await bob.another();
    const list = async () =>
      ok(await bob.get(`/users/${bob.username}/devices`));
    const both = await list();
    assert.equal(both.username, bob.username);
    assert.deepEqual(both.devices.map(d => d.device_id), [bob.id, second.id]);
    refused(await alice.call('DELETE', `/devices/${bob.id}`), 404,
      'not-found');
    refused(await bob.call('DELETE', '/devices/x'), 404, 'not-found');
    assert.equal((await bob.call('DELETE', `/devices/${second.id}`)).status,
      204);
    refused(await bob.call('DELETE', `/devices/${second.id}`), 404,
      'not-found');
    assert.deepEqual((await list()).devices.map(d => d.device_id), [bob.id]);
    refused(await post('/auth/refresh',
      { refresh_token: second.refreshToken }), 401, 'refresh-invalid');
    refused(await post('/auth/login', { username: bob.username,
      password: bob.password, device_id: second.id }), 422, 'invalid');
    // names and times of devices are nobody else's matter
    for (const name of [bob.username, newName('x')])
      refused(await alice.get(`/users/${name}/devices`), 403, 'forbidden');
  });

  test('tokens of another issuer or audience are foreign', async () => {
    const other = await startNode({ postgres, workers: 1,
      env: { HERMETIC_ISSUER: 'https://elsewhere.example' } });
    const third = await startNode({ postgres, workers: 1,
      env: { HERMETIC_AUDIENCE: 'somebody-else' } });
    try {
      for (const far of [other, third]) {
        const device = await login(far.url, alice);
        ok(await device.get('/sessions'));
        refused(await device.get('/sessions', { url }), 401, 'unauthorized');
        refused(await alice.get('/sessions', { url: far.url }), 401,
          'unauthorized');
      }
    } finally {
      await other.stop();
      await third.stop();
    }
  });

  test('a token ends with its time; too many logins are refused',
    async () => {
      const brief = await startNode({ postgres, workers: 1,
        env: { HERMETIC_ACCESS_TOKEN_SECONDS: '5',
          HERMETIC_LOGINS_PER_MINUTE: '6' } });
      try {
        // nobody issues what is good for so long there
        refused(await alice.get('/sessions', { url: brief.url }), 401,
          'unauthorized');
        // whose tries at another node count here, too, is nobody yet
        const device = await newUser(brief.url, 'brief');
        ok(await device.get('/sessions'));
        await until(async () =>
          (await device.get('/sessions')).status === 401,
        { ms: 10_000, name: 'the end of the token' });
        const { username, password } = device;
        let answer, tries = 0;
        do answer = await call(brief.url, 'POST', '/auth/login',
          { json: { username, password } });
        while (answer.status === 200 && ++tries < 20);
        refused(answer, 429, 'too-many-requests');
      } finally {
        await brief.stop();
      }
    });

  test('nodes whose clocks differ take each other\'s tokens, and revocations hold',
    async () => {
      const late = await startNode({ postgres, workers: 1 });
      try {
        for (const skew of [-590, 590]) {
          await late.kill();
          await late.start({ skew });
          const device = await newUser(url, `clock${skew}`.replace('-', '_'));
          ok(await device.get('/sessions', { url: late.url }));
          ok(await device.post('/auth/logout', {}), 204);
          await until(async () =>
            (await device.get('/sessions', { url: late.url })).status === 401,
          { name: 'the revocation' });
        }
      } finally {
        await late.stop();
      }
    });

  test('nodes that start together agree on one key', async () => {
    const own = await startPostgres();
    const nodes = await Promise.all([1, 2].map(() =>
      startNode({ postgres: own })));
    try {
      const device = await newUser(nodes[0].url);
      ok(await device.get('/sessions', { url: nodes[1].url }));
      const [a, b] = await Promise.all(nodes.map(async n =>
        ok(await call(n.url, 'GET', '/.well-known/jwks.json'))));
      assert.deepEqual(a, b);
      assert.equal(a.keys.length, 1);
    } finally {
      await Promise.all(nodes.map(n => n.stop()));
      await own.stop();
    }
  });

  test('with another key-encryption key a node is not ready', async () => {
    const wrong = await startNode({ postgres, workers: 1, ready: false,
      env: { HERMETIC_KEK: newKek() } });
    try {
      await wrong.logged(/HERMETIC_KEK/);
      refused(await call(wrong.url, 'GET', '/readyz'), 503, 'unavailable');
      ok(await call(wrong.url, 'GET', '/healthz'));
    } finally {
      await wrong.stop();
    }
  });

  test('no password, token or key in clear in the database or the log',
    async () => {
      const device = new Device(url, alice, ok(await post('/auth/login',
        { username: alice.username, password: alice.password })));
      const kept = `${await postgres.dump()}\n${node.log()}`;
      const hex = text => Buffer.from(text).toString('hex');
      for (const secret of [alice.password, device.access,
        device.refreshToken, 'PRIVATE KEY'])
        for (const form of [secret, hex(secret)])
          assert.ok(!kept.includes(form));
      assert.ok(kept.includes(alice.username), 'the dump is one');
    });
});
