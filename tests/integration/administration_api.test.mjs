// The administration as an API: each operation, each scope, tokens that are not good, and
// that the public port has none of it.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Session, call, callAdmin, login, newName, newUser, ok, refused }
  from '../testlib/api.mjs';
import { adminApi } from '../testlib/openapi.mjs';
import { Socket } from '../testlib/socket.mjs';
import { admin, root, startAdminApi, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

describe('the API of the administration', { concurrency: false }, () => {
  let postgres, node, desk, all;
  const run = (...args) => admin(postgres, args);
  const made = async (name, scopes, ...days) =>
    (await run('api-token', name, scopes, ...days)).trim();
  const get = (path, token = all) => callAdmin(desk.url, token, 'GET', path);
  const post = (path, json, token = all) =>
    callAdmin(desk.url, token, 'POST', path, { json });
  const del = (path, token = all) => callAdmin(desk.url, token, 'DELETE', path);
  const items = async path => ok(await get(path)).items;
  const entries = async () => (await items('/audit?limit=500'));
  before(async () => {
    postgres = await startPostgres();
    await postgres.adminRole(); // again: after the migrations, too
    node = await startNode({ postgres, workers: 1 });
    desk = await startAdminApi({ postgres,
      env: { HERMETIC_ADMIN_WRONG_TOKENS_PER_MINUTE: '100' } });
    all = await made('everything', 'read,write,export,erase');
  });
  after(async () => {
    await desk?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  test('accounts: listed by pages, shown, suspended, resumed, signed out',
    async () => {
      const [alice, bob] = [await newUser(node.url, 'alice'),
        await newUser(node.url, 'bob')];
      const names = [];
      for (let after = ''; ;) {
        const page = ok(await get(`/users?limit=1&after=${after}`));
        names.push(...page.items.map(u => u.username));
        if (page.next === undefined) break;
        after = page.next;
      }
      assert.deepEqual(names, (await items('/users')).map(u => u.username));
      assert.ok(names.includes(alice.username) && names.includes(bob.username));
      // the same words as the command's
      const [line] = (await run('users', alice.username, '--json')).split('\n');
      assert.deepEqual(ok(await get(`/users/${alice.username}`)), JSON.parse(line));
      refused(await get('/users/nobody-here'), 404, 'not-found');

      ok(await post(`/users/${bob.username}/suspend`), 204);
      await until(async () => (await bob.get('/sessions')).status === 401,
        { name: 'the end of its tokens' });
      assert.ok(ok(await get(`/users/${bob.username}`)).suspended_at > 0);
      ok(await post(`/users/${bob.username}/resume`), 204);
      const again = await login(node.url, bob);
      ok(await post(`/users/${bob.username}/sign-out`), 204);
      await until(async () => (await again.get('/sessions')).status === 401,
        { name: 'the end of its tokens' });
      for (const act of ['suspend', 'resume', 'sign-out', 'export'])
        refused(await post(`/users/nobody-here/${act}`), 404, 'not-found');
      const { audit_subject: subject } = ok(await get(`/users/${bob.username}`));
      const acts = (await entries()).filter(e => e.subject === subject)
        .filter(e => e.actor !== 'account');
      assert.deepEqual(acts.map(e => [e.actor, e.event]),
        ['signed-out', 'suspended', 'resumed', 'signed-out']
          .map(e => ['admin:everything', e]));
    });

  test('devices and who is connected; a device ends', async () => {
    const carol = await newUser(node.url, 'carol');
    const other = await carol.another();
    const socket = await Socket.of(other);
    await until(async () => (await items('/connected'))
      .some(c => c.device_id === other.id && c.username === carol.username),
    { name: 'its presence' });
    const devices = await items(`/users/${carol.username}/devices`);
    assert.deepEqual(devices.map(d => [d.device_id, d.connected]),
      [[carol.id, false], [other.id, true]]);
    assert.match(await run('devices', carol.username), /, connected/);
    assert.match(await run('connected'), new RegExp(carol.username));
    ok(await del(`/devices/${other.id}`), 204);
    await until(async () => (await other.get('/sessions')).status === 401,
      { name: 'the end of its tokens' });
    ok(await carol.get('/sessions'));
    await socket.closed;
    assert.equal((await items(`/users/${carol.username}/devices`)).length, 1);
    for (const id of [other.id, randomUUID(), 'x'])
      refused(await del(`/devices/${id}`), 404, 'not-found');
    refused(await get('/users/nobody-here/devices'), 404, 'not-found');
    refused(await get('/connected?after=x'), 400, 'malformed');
    for (const limit of ['0', '501', 'x'])
      refused(await get(`/connected?limit=${limit}`), 400, 'malformed');
  });

  test('sessions: sizes, members, end', async () => {
    const [alice, bob] = [await newUser(node.url, 'alice'),
      await newUser(node.url, 'bob')];
    const session = await Session.pair(alice, bob);
    ok(await session.send(alice), 201);
    const one = ok(await get(`/sessions/${session.id}`));
    assert.deepEqual([one.people, one.entries, one.ended_at], [2, 2, null]);
    assert.deepEqual((await items('/sessions?limit=500'))
      .find(s => s.session_id === session.id), one);
    const members = await items(`/sessions/${session.id}/members`);
    assert.deepEqual(members.map(m => m.device_id).sort(), [alice.id, bob.id].sort());
    assert.equal((await run('members', session.id)).trim().split('\n').length, 2);
    ok(await post(`/sessions/${session.id}/end`), 204);
    refused(await session.send(alice), 410, 'session-ended');
    for (const id of [session.id, randomUUID(), 'x'])
      refused(await post(`/sessions/${id}/end`), 404, 'not-found');
    for (const id of [randomUUID(), 'x'])
      for (const path of ['', '/members'])
        refused(await get(`/sessions/${id}${path}`), 404, 'not-found');
  });

  test('tokens to register with: made, listed, taken back', async () => {
    const wants = await startNode({ postgres, workers: 1,
      env: { HERMETIC_REGISTRATION: 'token' } });
    const register = token => call(wants.url, 'POST', '/auth/register', { json: {
      username: newName('new'), password: randomUUID(), token } });
    try {
      const { token } = ok(await post('/registration-tokens', { uses: 2 }), 201);
      ok(await register(token), 201);
      const [{ token_id: id, uses_left: left }] = await items('/registration-tokens');
      assert.equal(left, 1);
      assert.match(await run('tokens'), new RegExp(`^${id} 1 uses`));
      ok(await del(`/registration-tokens/${id}`), 204);
      refused(await register(token), 403, 'registration-closed');
      refused(await del(`/registration-tokens/${id}`), 404, 'not-found');
      const one = ok(await post('/registration-tokens'), 201).token;
      ok(await register(one), 201);
      assert.ok(!(await postgres.dump()).includes(one));
      for (const wrong of [{ uses: -1 }, { uses: 'x' }, { days: 367 }, { more: 1 }])
        refused(await post('/registration-tokens', wrong), 400, 'malformed');
    } finally {
      await wants.stop();
    }
  });

  test('limits of one account are shown, and forgotten', async () => {
    const limited = await startNode({ postgres, workers: 1,
      env: { HERMETIC_SESSIONS_PER_DAY: '1' } });
    try {
      const dora = await newUser(limited.url, 'dora');
      await Session.create(dora);
      const of = async what => (await items(`/users/${dora.username}/limits`))
        .find(l => l.limit === what);
      const used = await of('sessions');
      assert.ok(used.used > 0.99 && used.free_in > 86000, JSON.stringify(used));
      assert.equal((await of('invitations')).used, 0);
      assert.equal((await of('devices')).stored, 1);
      await assert.rejects(Session.create(dora), /429/);
      ok(await del(`/users/${dora.username}/limits`), 204);
      assert.equal((await of('sessions')).used, 0);
      await Session.create(dora);
      await run('reset-limits', dora.username);
      assert.match(await run('limits', dora.username), /^sessions +0 % used/m);
      refused(await get('/users/nobody-here/limits'), 404, 'not-found');
      refused(await del('/users/nobody-here/limits'), 404, 'not-found');
    } finally {
      await limited.stop();
    }
  });

  test('what is due, and how much there is', async () => {
    assert.deepEqual(Object.keys(ok(await get('/status'))),
      Object.keys(JSON.parse(await run('status', '--json'))));
    const numbers = ok(await get('/statistics'));
    const [{ count }] = await postgres.rows(
      'SELECT count(*) FROM hermetic.account');
    assert.equal(numbers.accounts + numbers.erased, count);
    assert.deepEqual(Object.keys(JSON.parse(await run('statistics', '--json'))),
      Object.keys(numbers));
    assert.match(await run('statistics'), /accounts, 0 suspended/);
  });

  test('an account is exported, then erased', async () => {
    const erin = await newUser(node.url, 'erin');
    const archive = ok(await post(`/users/${erin.username}/export`));
    assert.deepEqual(archive.devices.map(d => d.device_id), [erin.id]);
    assert.deepEqual([archive.audit.at(-1).event, archive.audit.at(-1).actor],
      ['exported', 'admin:everything']);
    ok(await del(`/users/${erin.username}`), 204);
    refused(await del(`/users/${erin.username}`), 404, 'not-found');
    refused(await get(`/users/${erin.username}`), 404, 'not-found');
    assert.ok(!(await postgres.dump()).includes(erin.username));
  });

  test('each scope is refused what is another\'s', async () => {
    const frank = await newUser(node.url, 'frank');
    const session = await Session.create(frank);
    const before = (await entries()).length;
    const tokens = {};
    for (const scope of ['read', 'write', 'export', 'erase'])
      tokens[scope] = await made(`only-${scope}`, scope);
    let tried = 0;
    for (const o of adminApi.operations) {
      if (!o.path.startsWith('/admin/')) continue;
      const wants = (o.security ?? adminApi.document.security)[0].token[0];
      const path = o.path.replace('/admin', '').replace('{username}', frank.username)
        .replace('{session_id}', session.id).replace('{device_id}', frank.id)
        .replace('{token_id}', '0123456789abcdef');
      for (const [scope, token] of Object.entries(tokens)) {
        if (scope === wants) continue;
        refused(await callAdmin(desk.url, token, o.method.toUpperCase(), path),
          403, 'forbidden');
        tried++;
      }
    }
    assert.ok(tried > 60);
    ok(await frank.get('/sessions'));
    assert.deepEqual((await entries()).slice(before).map(e => e.event),
      Array(4).fill('api-token'), 'a refusal does nothing');
    ok(await get('/users', tokens.read));
  });

  test('a token that is missing, forged, expired or ended is none', async () => {
    refused(await callAdmin(desk.url, undefined, 'GET', '/users'), 401, 'unauthorized');
    const bytes = Buffer.from(all.replace('hermetic_admin_', ''), 'base64url');
    const forged = change => {
      const copy = Buffer.from(bytes);
      change(copy);
      return `hermetic_admin_${copy.toString('base64url')}`;
    };
    const user = await newUser(node.url, 'user');
    const wrong = [forged(b => { b[47] ^= 1; }), forged(b => { b[16] ^= 0x80; }),
      forged(b => { b[0] ^= 1; }), forged(b => b.fill(0)),
      forged(b => b.fill(0, 16)), `hermetic_admin_${randomBytes(48)
        .toString('base64url')}`, all.slice(0, -1), `${all}A`, all.slice(1), 'x',
      all.replace('hermetic_admin_', ''), user.access];
    for (const token of wrong)
      refused(await get('/users', token), 401, 'unauthorized');
    for (const scheme of ['Basic', 'Bearer  ', 'Token'])
      refused(await call(desk.url, 'GET', '/admin/users', { document: adminApi,
        headers: { authorization: `${scheme} ${all}` } }), 401, 'unauthorized');

    const late = await made('late', 'read', '1'), gone = await made('gone', 'read');
    ok(await get('/users', late));
    ok(await get('/users', gone));
    await postgres.psql(`UPDATE hermetic.admin_api_token
      SET expires_at = now() - interval '1 second' WHERE name = 'late'`);
    await run('end-api-token', 'gone');
    refused(await get('/users', late), 401, 'unauthorized');
    refused(await get('/users', gone), 401, 'unauthorized');
    assert.match(await run('api-tokens'), /^gone +read, ended\n.*|^late +read, expired/m);
    await assert.rejects(run('end-api-token', 'gone'), /no such token/);
    // a name stands in the record for one token
    await assert.rejects(run('api-token', 'gone', 'read'), /was given before/);
    await assert.rejects(run('api-token', 'Not One', 'read'), /was given before/);
    for (const scopes of ['', 'all', 'read,', 'read,,write', 'READ'])
      await assert.rejects(run('api-token', 'none', scopes), /Usage:/);
  });

  test('who sends wrong tokens has to wait', async () => {
    const strict = await startAdminApi({ postgres,
      env: { HERMETIC_ADMIN_WRONG_TOKENS_PER_MINUTE: '3' } });
    try {
      const ask = token => callAdmin(strict.url, token, 'GET', '/users');
      for (let i = 0; i < 5; i++) ok(await ask(all)); // good ones are not counted
      for (let i = 0; i < 3; i++) refused(await ask('x'), 401, 'unauthorized');
      const answer = await ask('x');
      refused(answer, 429, 'too-many-requests');
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
      refused(await ask(all), 429, 'too-many-requests');
    } finally {
      await strict.stop();
    }
  });

  test('no token is in the database, in a log or in an answer', async () => {
    const dump = await postgres.dump();
    const secret = Buffer.from(all.replace('hermetic_admin_', ''), 'base64url');
    for (const word of [all, secret.subarray(16).toString('hex')])
      assert.ok(!dump.includes(word) && !desk.log().includes(word));
    assert.match(desk.log(), /"token":"everything","operation":"SUSPEND"/);
  });

  test('its role acts for a token alone, and reads nothing else', async () => {
    const url = postgres.adminApiUrl;
    const user = await newUser(node.url, 'user');
    for (const sql of [`SELECT hermetic.admin_suspend('${user.username}', true)`,
      `SELECT hermetic.admin_erase('${user.username}', gen_random_uuid())`,
      `SELECT hermetic.admin_erase('${user.username}', (SELECT token_id
         FROM hermetic.admin_api_token WHERE name = 'gone'))`,
      'SELECT envelope FROM hermetic.message',
      'SELECT password_hash FROM hermetic.account',
      'SELECT wrapped_key FROM hermetic.signing_key',
      'SELECT token_hash FROM hermetic.refresh_token',
      'SELECT token_id FROM hermetic.admin_api_token',
      'DELETE FROM hermetic.audit', 'UPDATE hermetic.audit_end SET n = 0',
      `SELECT hermetic.audit_append('admin', 'x', gen_random_uuid(), '')`,
      `SELECT hermetic.admin_api_token_make(gen_random_uuid(), 'mine',
         sha256(''), 'read', 1)`,
      `UPDATE hermetic.admin_api_token SET scopes = 'erase'`])
      await assert.rejects(postgres.psql(sql, { url }),
        /permission denied|no such token of the administration/, sql);
    ok(await user.get('/sessions'));
    // nor may a node, or a client of the broker, administer
    for (const other of [postgres.apiUrl, postgres.mqttUrl, postgres.bridgeUrl])
      await assert.rejects(postgres.psql(
        `SELECT hermetic.admin_suspend('${user.username}', true)`, { url: other }),
      /permission denied/);
  });

  test('the database holds scopes, too', async () => {
    const user = await newUser(node.url, 'user');
    const session = await Session.create(user);
    const acts = {
      write: [`admin_suspend('${user.username}', true, ID)`,
        `admin_sign_out('${user.username}', ID)`,
        `admin_limits_reset('${user.username}', ID)`,
        `admin_device_end('${user.id}', ID)`, `admin_session_end('${session.id}', ID)`,
        `admin_token(sha256('x'), 1, 60, ID)`],
      export: [`admin_export('${user.username}', ID)`],
      erase: [`admin_erase('${user.username}', ID)`] };
    const ids = {};
    for (const scope of ['read', ...Object.keys(acts)]) {
      const token = await made(`db-${scope}`, scope);
      ids[scope] = Buffer.from(token.replace('hermetic_admin_', ''), 'base64url')
        .subarray(0, 16).toString('hex');
    }
    const act = (sql, scope) => postgres.psql(
      `SELECT hermetic.${sql.replace('ID', `'${ids[scope]}'`)}`,
      { url: postgres.adminApiUrl });
    for (const [wants, statements] of Object.entries(acts))
      for (const sql of statements)
        for (const scope of Object.keys(ids))
          if (scope !== wants)
            await assert.rejects(act(sql, scope),
              /no such token of the administration/, `${sql} by ${scope}`);
    ok(await session.send(user), 201); // nothing was done
    for (const [scope, statements] of Object.entries(acts))
      for (const sql of statements) await act(sql, scope);
    assert.equal((await entries()).filter(e => e.actor === 'admin:db-read').length, 0);
  });

  test('over TLS, where it has a certificate', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hermetic-admin-tls-'));
    chmodSync(dir, 0o755);
    const [certificate, key] = ['certificate.pem', 'key.pem'].map(f => join(dir, f));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate,
      '-days', '2', '-subj', '/CN=desk', '-addext', 'subjectAltName=IP:127.0.0.1'],
    { stdio: 'ignore' });
    chmodSync(key, 0o644);
    const sealed = await startAdminApi({ postgres, ready: false, env: {
      HERMETIC_ADMIN_TLS_CERTIFICATE: certificate, HERMETIC_ADMIN_TLS_KEY: key } });
    const port = Number(new URL(sealed.url).port);
    const ask = (token, options = {}) => new Promise((done, fail) => {
      request({ host: '127.0.0.1', port, path: '/admin/statistics',
        ca: readFileSync(certificate), headers: { authorization: `Bearer ${token}` },
        ...options }, answer => {
        const parts = [], protocol = answer.socket.getProtocol();
        answer.on('data', p => parts.push(p)).on('end', () => done({
          status: answer.statusCode, protocol, text: Buffer.concat(parts).toString() }));
      }).on('error', fail).end();
    });
    try {
      await until(() => ask(all).then(a => a.status === 200, () => false),
        { name: 'the API over TLS' });
      const answer = await ask(all);
      assert.equal(answer.protocol, 'TLSv1.3');
      assert.ok(JSON.parse(answer.text).accounts > 0);
      assert.equal((await ask('x')).status, 401);
      assert.equal((await ask(all, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
      await assert.rejects(ask(all, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
      await assert.rejects(ask(all, { ca: [] }), /self-signed/);
      // in the clear it answers nothing
      const heard = await new Promise(done => {
        let bytes = '';
        connect(port, '127.0.0.1', function () {
          this.write('GET /admin/statistics HTTP/1.1\r\nHost: x\r\n' +
            `Authorization: Bearer ${all}\r\n\r\n`);
        }).on('data', d => { bytes += d.toString('latin1'); })
          .on('error', () => {}).on('close', () => done(bytes));
      });
      assert.doesNotMatch(heard, /HTTP/);
      // a key alone does not start
      const half = await startAdminApi({ postgres, ready: false, env: {
        HERMETIC_ADMIN_TLS_KEY: key } });
      await half.logged(/HERMETIC_ADMIN_TLS_CERTIFICATE/);
      await half.stop();
    } finally {
      await sealed.stop();
      rmSync(dir, { recursive: true });
    }
  });

  test('the public port answers none of its paths', async () => {
    for (const o of adminApi.operations) {
      if (!o.path.startsWith('/admin/')) continue;
      const path = o.path.replace(/\{\w+\}/g, randomUUID());
      refused(await call(node.url, o.method.toUpperCase(), path, { token: all }),
        404, 'not-found');
    }
    // and it has none of the public ones
    const proxy = readFileSync(join(root, 'deploy/haproxy.cfg'), 'utf8');
    assert.doesNotMatch(proxy, /admin/);
    for (const path of ['/auth/login', '/ws', '/session/create'])
      refused(await call(desk.url, 'POST', path, { document: adminApi, json: {} }),
        404, 'not-found');
  });

  test('the record is whole, and a changed one is found', async () => {
    const { whole, entries: n } = ok(await get('/audit/verify'));
    assert.ok(whole && n > 40);
    assert.match(await run('audit', 'verify'), /none changed or missing/);
    const listed = await entries();
    assert.equal(listed.length, n);
    assert.ok(listed.some(e => e.actor === 'admin:everything'));
    assert.ok(listed.some(e => e.actor === 'admin' && e.event === 'api-token'));
    await postgres.psql(`UPDATE hermetic.audit SET actor = 'admin:another'
      WHERE n = (SELECT max(n) FROM hermetic.audit
                 WHERE actor = 'admin:everything')`);
    assert.equal(ok(await get('/audit/verify')).whole, false);
    await assert.rejects(run('audit', 'verify'), /the record was changed/);
  });
});
