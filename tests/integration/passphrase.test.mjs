// The passphrase changes: here and at the server, from one device and then from the
// others; other logins end, everywhere; what was typed counts in one form.
import assert from 'node:assert/strict';
import { hkdfSync, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { call, login, newName, newUser, ok, refused } from '../testlib/api.mjs';
import { holding, letGo, waits } from '../testlib/holding.mjs';
import { Person } from '../testlib/people.mjs';
import { Socket } from '../testlib/socket.mjs';
import {
  passwordCost, startNode, startPostgres, until,
} from '../testlib/stack.mjs';

describe('the passphrase', { concurrency: false }, () => {
  let postgres, node, other;
  before(async () => {
    postgres = await startPostgres();
    [node, other] = await Promise.all([1, 2].map(() =>
      startNode({ postgres,
        env: { HERMETIC_LOGINS_PER_MINUTE: '1000' } })));
  });
  afterEach(letGo);
  after(async () => {
    await Promise.all([node?.stop(), other?.stop()]);
    await postgres?.stop();
  });

  const change = (who, json, options) =>
    who.post('/auth/password', json, options);

  test('the server wants the old password', async () => {
    const alice = await newUser(node.url, 'alice');
    const fresh = 'a new password';
    refused(await change(alice, { password: 'not this one',
      new_password: fresh }), 403, 'wrong-password');
    refused(await change(alice, { password: alice.password,
      new_password: 'short' }), 422, 'invalid');
    refused(await change(alice, { password: alice.password }), 400,
      'malformed');
    refused(await change(alice, { password: alice.password,
      new_password: fresh, end_others: 1 }), 400, 'malformed');
    refused(await call(node.url, 'POST', '/auth/password',
      { json: { password: alice.password, new_password: fresh } }), 401,
    'unauthorized');
    ok(await alice.get('/sessions'));
    ok(await change(alice, { password: alice.password, new_password: fresh }),
      204);
    refused(await call(node.url, 'POST', '/auth/login', { json: {
      username: alice.username, password: alice.password } }), 401,
    'bad-credentials');
    ok(await alice.get('/sessions')); // its own login goes on
    await login(other.url, { username: alice.username, password: fresh });
  });

  test('of two changes at once one wins', async () => {
    const alice = await newUser(node.url, 'alice');
    const answers = await Promise.all(['one', 'two', 'three'].map(word =>
      change(alice, { password: alice.password,
        new_password: `password ${word}` },
      { url: word === 'two' ? other.url : node.url })));
    assert.deepEqual(answers.map(a => a.status).sort(), [204, 403, 403]);
  });

  const logIn = (who, device_id) => call(node.url, 'POST', '/auth/login', { json: {
    username: who.username, password: who.password, device_id } });

  test('a login that is under way ends with what changes meanwhile', async () => {
    const alice = await newUser(node.url, 'alice');
    const phone = await alice.another();
    const account = `account SET %s WHERE user_id = '${alice.userId}'`;
    const device = `device SET %s WHERE device_id = '${phone.id}'`;
    const rows = () => postgres.psql(`SELECT (SELECT count(*) FROM hermetic.token_family),
      (SELECT count(*) FROM hermetic.device)`);
    for (const [row, to, device_id, status, slug, back] of [
      [account, 'suspended_at = now()', alice.id, 403, 'account-suspended',
        'suspended_at = NULL'],
      [account, 'suspended_at = now()', undefined, 403, 'account-suspended',
        'suspended_at = NULL'],
      [device, 'removed_at = now()', phone.id, 422, 'invalid'],
      [account, `password_hash = sha256('x')`, alice.id, 401, 'bad-credentials',
        "password_hash = (SELECT password_hash FROM kept)"],
      [account, `password_hash = sha256('x')`, undefined, 401, 'bad-credentials'],
    ]) {
      if (/kept/.test(back)) await postgres.psql(`CREATE TABLE hermetic.kept AS
        SELECT password_hash FROM hermetic.account WHERE user_id = '${alice.userId}'`);
      const before = await rows();
      // the row is held, and its value is as it was
      const held = holding(postgres, `SELECT FROM ${row.replace('SET %s', '')} FOR UPDATE`);
      await held.ready;
      const answer = logIn(alice, device_id);
      await waits(postgres, 1);
      await held.end(`UPDATE ${row.replace('%s', to)}`);
      refused(await answer, status, slug);
      assert.equal(await rows(), before, to);
      if (back) await postgres.psql(`SET search_path = hermetic;
        UPDATE ${row.replace('%s', back)}`);
    }
    await postgres.psql('DROP TABLE hermetic.kept');
    // what came of such a login all the same gets no more
    const bob = await newUser(node.url, 'bob');
    await postgres.psql(`UPDATE hermetic.account SET suspended_at = now()
      WHERE user_id = '${bob.userId}'`);
    refused(await call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: bob.refreshToken } }), 403, 'account-suspended');
  });

  test('a login that comes just before the change ends with the others', async () => {
    const alice = await newUser(node.url, 'alice');
    const phone = await alice.another();
    const held = holding(postgres,
      `SELECT FROM device WHERE device_id = '${phone.id}' FOR UPDATE`);
    await held.ready;
    const late = logIn(alice, phone.id);
    await waits(postgres, 1);
    const changed = change(alice, { password: alice.password,
      new_password: 'a new password', end_others: true }, { url: other.url });
    await waits(postgres, 2);
    await held.end();
    const { refresh_token } = ok(await late);
    ok(await changed, 204);
    refused(await call(node.url, 'POST', '/auth/refresh', { json: { refresh_token } }),
      401, 'refresh-invalid');
  });

  test('the other logins end on request, at each node', async () => {
    const alice = await newUser(node.url, 'alice');
    const phone = await alice.another();
    const tablet = await login(other.url, alice);
    const socket = await Socket.of(tablet);
    ok(await change(alice, { password: alice.password,
      new_password: 'a new password' }), 204);
    ok(await phone.get('/sessions')); // not asked for
    ok(await change(alice, { password: 'a new password',
      new_password: 'a third password', end_others: true }), 204);
    for (const [who, url] of [[phone, node.url], [tablet, other.url]])
      await until(async () =>
        (await who.get('/sessions', { url })).status === 401,
      { name: 'the end of a login' });
    assert.deepEqual(await socket.closed,
      { code: 4401, reason: 'token revoked' });
    refused(await call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: phone.refreshToken } }), 401,
    'refresh-invalid');
    ok(await alice.get('/sessions'));
    ok(await call(node.url, 'POST', '/auth/refresh',
      { json: { refresh_token: alice.refreshToken } }));
  });

  /** Changes it to `fresh`; the person knows that one from then on. */
  async function changes(person, fresh, ...more) {
    person.env.HERMETIC_NEW_PASSPHRASE = fresh;
    try {
      const [done] = await person.does('passphrase', ...more);
      assert.equal(done.passphrase_changed, true);
    } finally {
      delete person.env.HERMETIC_NEW_PASSPHRASE;
    }
    person.passphrase = fresh;
  }

  test('the command changes it here and there', async () => {
    const alice = await new Person('alice', node.url).register();
    const old = alice.passphrase;
    const [{ session_id: id }] = await alice.does('create');
    await alice.does('send', id, 'before');
    await changes(alice, 'an entirely new one');
    alice.passphrase = old;
    await alice.cannot('wrong-passphrase', 'sessions');
    alice.passphrase = 'an entirely new one';
    await alice.does('send', id, 'after');
    assert.deepEqual(await alice.texts(id), ['before', 'after']);
    const bytes = readFileSync(join(alice.home, 'state.db'));
    for (const word of [old, 'an entirely new one', 'before', 'after'])
      assert.ok(!bytes.includes(word), word);
    // the login that the state remembers is the new one, too
    await alice.does('logout');
    await alice.does('login');
  });

  test('another device follows, and a try that was cut off is repeated',
    async () => {
      const alice = await new Person('alice', node.url).register();
      const old = alice.passphrase;
      const phone = await alice.newDevice('phone');
      await changes(alice, 'the second one', '--end-others');
      // the phone's own state still has the old one; the server does not
      await phone.cannot('bad-credentials', 'sessions');
      phone.env.HERMETIC_NEW_PASSPHRASE = 'a wrong guess';
      await phone.cannot('bad-credentials', 'passphrase');
      await changes(phone, 'the second one');
      await phone.does('sessions');
      // as after a crash between the server's change and the state's
      await changes(alice, 'the third one');
      await phone.does('logout');
      await changes(phone, 'the third one'); // logged out: it logs in
      await phone.does('sessions');
      delete phone.env.HERMETIC_NEW_PASSPHRASE;
      await phone.cannot('passphrase', 'passphrase'); // nobody can be asked
    });

  test('the same characters are the same passphrase', async () => {
    const alice = new Person('alice', node.url);
    alice.passphrase = 'cafe\u0301 Ａ\u00a0x'; // as one keyboard writes it
    await alice.register();
    alice.passphrase = 'caf\u00e9 A x';
    await alice.does('sessions');
    alice.passphrase = 'café A x';
    const phone = await alice.newDevice('phone');
    phone.passphrase = 'cafe A x';
    await phone.cannot('wrong-passphrase', 'sessions');
  });

  test('an account of before that was typed otherwise goes on', async () => {
    const username = newName('olga'), typed = 'ne\u0301e en 1970';
    const master = scryptSync(typed, `hermetic${username}`, 32,
      { N: passwordCost, r: 8, p: 1, maxmem: 2 ** 28 });
    const password = Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0),
      'hermetic password', 32)).toString('base64url');
    ok(await call(node.url, 'POST', '/auth/register',
      { json: { username, password } }), 201);
    const olga = new Person('olga', node.url);
    Object.assign(olga, { name: username, passphrase: typed });
    await olga.does('login', '--username', username);
    await olga.does('sessions');
    await changes(olga, typed); // from now on in its form
    olga.passphrase = typed.normalize('NFC');
    await olga.does('sessions');
    await olga.does('logout');
    await olga.does('login');
  });
});
