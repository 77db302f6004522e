// States and a database of before: two people who talked with version f26dbdf
// go on with this one. tests/integration/before/ is what they left: their
// sealed states, and the database as pg_dump wrote it. One text waited to be
// sent.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { AccountLog } from '../testlib/accounts.mjs';
import { base64 } from '../testlib/api.mjs';
import { DeviceKeys } from '../testlib/mls.mjs';
import { Person, conversation } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { hermetic, root, runMigrate, startNode, startPostgres } from '../testlib/stack.mjs';

const kept = name => join(root, 'tests/integration/before', name);

function restore(postgres, sql) {
  return new Promise((done, fail) => {
    const psql = spawn('psql', ['-qX', '-v', 'ON_ERROR_STOP=1',
      postgres.ownerUrl], { stdio: ['pipe', 'ignore', 'pipe'] });
    let words = '';
    psql.stderr.on('data', data => { words += data; });
    psql.on('close', code => code === 0 ? done() : fail(new Error(words)));
    psql.stdin.end(sql);
  });
}

function wakeUp(about, url) {
  const person = new Person('somebody', url);
  Object.assign(person, { name: about.name, passphrase: about.passphrase });
  mkdirSync(person.home, { recursive: true, mode: 0o700 });
  copyFileSync(kept(about.file), join(person.home, 'state.db'));
  return person;
}

describe('what was made before', { concurrency: false }, () => {
  let postgres, node, proxy, alice, bob;
  const about = JSON.parse(readFileSync(kept('about.json')));

  before(async () => {
    postgres = await startPostgres({ migrate: false });
    await restore(postgres, gunzipSync(readFileSync(kept('database.sql.gz'))));
    // its signing keys are wrapped by a key that is not known here
    await postgres.psql('DELETE FROM hermetic.signing_key');
    await runMigrate(postgres, 'up');
    node = await startNode({ postgres });
    proxy = await startProxy(node.url);
    [alice, bob] = about.people.map(p => wakeUp(p, node.url));
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  test('what was read is there, without a server', async () => {
    const away = wakeUp(about.people[0], 'http://127.0.0.1:1');
    const { out } = await away.run('read', about.session);
    for (const text of ['one', 'two']) assert.match(out, new RegExp(text));
    const waiting = await away.does('outbox');
    assert.deepEqual(waiting.map(item => item.text), ['waits']);
  });

  test('an account that the server shows is not believed for a leaf of before',
    async () => {
      // the server gives Bob's name to an account of its own
      const ghost = new AccountLog(bob.name);
      const identity = `${ghost.fingerprint.toString('hex')}/1`;
      const packages = ghost.first.keys.map(([curve, pair], at) => {
        const algorithm = ['chacha20-poly1305', 'aes-256-gcm'][at];
        const keys = Object.assign(new DeviceKeys(identity, algorithm), { pair,
          publicKey: Buffer.from(pair.publicKey.export({ format: 'jwk' }).x,
            'base64url') });
        return { algorithm, key_package: base64(keys.keyPackage()),
          last_resort: false };
      });
      await alice.does('members', about.moved); // her account begins its log
      const copy = Object.assign(wakeUp(about.people[0], proxy.url),
        { home: alice.backup() });
      const rows = await bob.does('sessions'); // the copy would send what waits, too
      const { algorithm } = rows.find(row => row.session_id === about.moved);
      assert.ok(packages.some(row => row.algorithm === algorithm), algorithm);
      await copy.cannot('accounts-missing', 'upgrade', about.moved);
      proxy.hooks = { answer: ({ path, body, json }) => {
        if (path === '/users/logs') return { json: { logs: body.accounts
          .includes(bob.name) ? [{ username: bob.name,
            fingerprint: ghost.fingerprint.toString('hex'),
            salt: base64(ghost.salt), links: ghost.links.map(base64) }] : [] } };
        if (path !== '/key-packages/claim') return undefined;
        return { json: { ...json, devices: [{ device_id: randomUUID(),
          key_packages: packages }] } };
      } };
      const words = await copy.cannot('accounts-missing', 'upgrade', about.moved);
      assert.match(words, new RegExp(bob.name));
      proxy.hooks = {};
    });

  test('the session goes on, and what waited is sent once', async () => {
    await alice.does('outbox', '--flush');
    await bob.does('send', about.session, 'on we go');
    const texts = ['one', 'two', 'three', 'waits', 'on we go'];
    assert.deepEqual(await alice.texts(about.session), texts);
    assert.deepEqual(await bob.texts(about.session), texts);
    await alice.does('rotate', about.session);
    await bob.does('send', about.session, 'with new keys');
    assert.equal((await alice.texts(about.session)).at(-1), 'with new keys');
  });

  test('the accounts have logs from their first command on, in silence',
    async () => {
      const rows = await postgres.rows(`SELECT a.username, count(k.number) AS n
        FROM hermetic.account a JOIN hermetic.account_log USING (user_id)
        JOIN hermetic.account_link k USING (fingerprint)
        GROUP BY 1 ORDER BY 1`);
      assert.deepEqual(rows, [alice.name, bob.name].sort()
        .map(username => ({ username, n: 1 })));
      for (const [who, other] of [[alice, bob], [bob, alice]]) {
        const [{ person }] = await who.does('verify', other.name);
        assert.deepEqual([person.compared, person.other], ['no', false]);
      }
      // sessions that begin now name the accounts
      const [{ session_id: id }] = await alice.does('create', '--invite',
        bob.name);
      await bob.does('join', id);
      await bob.does('send', id, 'by accounts');
      assert.deepEqual(await alice.texts(id), ['by accounts']);
      for (const { account } of await alice.does('members', id))
        assert.match(account, /^[0-9a-f]{64}$/);
    });

  test('what not all read is not said, until all have renewed their keys',
    async () => {
      const [{ seq }] = await bob.does('send', about.session, 'who comes?');
      await alice.does('read', about.session); // alice has new keys
      const reply = ['send', about.session, '--reply', String(seq), 'I do'];
      await alice.cannot('not-read-by-all', ...reply);
      await bob.cannot('keys-before', ...reply);
      await bob.does('rotate', about.session);
      const [said] = await alice.does(...reply);
      assert.equal(said.reply_to, seq);
      await bob.does('read', about.session);
      await bob.does('react', about.session, String(said.seq), '👍');
      const again = (await alice.does('read', about.session))
        .find(entry => entry.seq === said.seq);
      assert.deepEqual(again.reactions, { '👍': [bob.name] });
    });

  test('so does one that had moved to another algorithm', async () => {
    await alice.does('send', about.moved, 'here, too');
    assert.deepEqual(await bob.texts(about.moved), ['moved', 'here, too']);
  });

  test('a device that comes in again walks from its own place', async () => {
    await bob.does('resolve', about.session, '--yes');
    await bob.does('send', about.session, 'in again');
    await alice.does('read', about.session);
    await alice.does('send', about.session, 'so I see');
    assert.equal((await bob.texts(about.session)).at(-1), 'so I see');
  });

  test('a new device walks the log from what is kept of it', async () => {
    const carol = await new Person('carol', node.url).register();
    await alice.does('invite', about.session, carol.name);
    await carol.does('join', about.session);
    await carol.does('send', about.session, 'three of us');
    assert.equal((await alice.texts(about.session)).at(-1), 'three of us');
  });

  test('its owner takes the session over to accounts', async () => {
    const rules = async who => (await who.does('sessions'))
      .find(row => row.session_id === about.session).rules;
    const roles = async who => (await who.does('members', about.session))
      .map(m => [m.username, m.role]).sort();
    const id = about.session;
    await alice.does('role', id, bob.name, 'admin');
    const before = await roles(alice);
    assert.equal(await rules(alice), 'old');
    await bob.cannot('not-allowed', 'upgrade', id);
    const told = await hermetic(['members', id], bob);
    assert.match(told.out, /Old rules: .*hermetic upgrade/);
    await alice.does('upgrade', id);
    await bob.does('send', id, 'by accounts, too'); // nobody is new to him
    const entries = await alice.does('read', id);
    assert.deepEqual(entries.filter(e => e.kind === 'text').map(e => e.text)
      .slice(-2), ['three of us', 'by accounts, too']);
    assert.ok(entries.some(e => e.kind === 'moved' && e.goes_over));
    for (const who of [alice, bob]) {
      assert.equal(await rules(who), undefined);
      assert.deepEqual(await roles(who), before);
      for (const { account, seen } of await who.does('members', id)) {
        assert.match(account, /^[0-9a-f]{64}$/);
        assert.equal(seen, true);
      }
    }
    await alice.cannot('accounts-already', 'upgrade', id);
    // from now on the group says who may come in
    const carol = await new Person('carol', node.url).register();
    await bob.does('invite', '--ask', id, carol.name);
    await alice.does('read', id);
    assert.deepEqual((await alice.does('sessions'))
      .find(s => s.session_id === id).invited, [carol.name]);
    await bob.does('uninvite', id, carol.name);
    await bob.does('rotate', id); // an admin still, and a member
    await alice.does('send', id, 'and on');
    assert.equal((await bob.texts(id)).at(-1), 'and on');
  });

  test('who has lost the KeyPackage comes along by the walk', async () => {
    const late = bob.backup();
    await postgres.psql(`DELETE FROM hermetic.key_package WHERE device_id IN
      (SELECT device_id FROM hermetic.device JOIN hermetic.account
         USING (user_id) WHERE username = '${bob.name}')`);
    const words = await alice.cannot('key-packages-missing', 'upgrade',
      about.moved);
    assert.match(words, new RegExp(`${bob.name}/1`));
    await conversation(alice, bob); // who joins publishes others
    await alice.does('upgrade', about.moved);
    bob.home = late;
    await bob.does('send', about.moved, 'in again');
    assert.deepEqual((await alice.texts(about.moved)).slice(-2),
      ['here, too', 'in again']);
    const members = await alice.does('members', about.moved);
    assert.deepEqual(members.map(m => m.role).sort(), ['member', 'owner']);
  });
});
