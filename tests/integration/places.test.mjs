// People whose devices are leaves of their accounts, with the real command.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { linkHash } from '../testlib/accounts.mjs';
import { base64, newAccount, newUser, ok, refused } from '../testlib/api.mjs';
import { DeviceKeys } from '../testlib/mls.mjs';
import { Person, conversation, twoPeople } from '../testlib/people.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('leaves of accounts', { concurrency: false }, () => {
  let postgres, node, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob] = await twoPeople(node.url);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const members = async (who, id) => (await who.does('members', id))
    .sort((a, b) => a.username < b.username ? -1 : 1);
  const fingerprint = async (who, name) =>
    (await who.does('verify', name))[0].person.fingerprint;

  test('a member is an account, and is called by its name', async () => {
    const id = await conversation(alice, bob);
    await alice.does('send', id, 'hello');
    assert.deepEqual(await bob.texts(id), ['hello']);
    const rows = await members(bob, id);
    assert.deepEqual(rows.map(m => [m.username, m.device_id, m.role]),
      [[alice.name, '1', 'owner'], [bob.name, '1', 'member']]);
    for (const { username, account } of rows)
      assert.equal(account, await fingerprint(
        username === alice.name ? bob : alice, username));
    const line = (await bob.does('read', id)).find(m => m.text === 'hello');
    assert.deepEqual([line.from, line.device, line.account],
      [alice.name, '1', rows[0].account]);

    // a second device (the recovery key has the second link), then roles and
    // removing by the names that are shown
    const phone = await alice.newDevice('phone');
    await phone.does('send', id, 'from the phone');
    assert.deepEqual(await bob.texts(id), ['hello', 'from the phone']);
    assert.deepEqual((await members(alice, id)).map(m => m.device_id).sort(),
      ['1', '1', '3']);
    await alice.does('role', id, bob.name, 'admin');
    assert.equal((await members(bob, id)).find(m => m.username === bob.name)
      .role, 'admin');
    await alice.does('remove', id, `${alice.name}/3`);
    assert.equal((await members(bob, id)).length, 2);
    const [{ removed }] = (await bob.does('read', id))
      .filter(m => m.removed);
    assert.deepEqual(removed, [`${alice.name}/3`]);
  });

  test('a KeyPackage whose key is in no log is not taken', async () => {
    const carol = await new Person('carol', node.url).register();
    const ghost = new DeviceKeys(
      `${await fingerprint(alice, carol.name)}/1`, 'aes-256-gcm');
    await postgres.psql(`UPDATE hermetic.key_package
      SET key_package = '\\x${ghost.keyPackage().toString('hex')}'
      WHERE device_id = '${carol.device}' AND algorithm = 'aes-256-gcm'`);
    await alice.cannot('key-not-in-log', 'create', '--invite', carol.name);
    const id = await conversation(alice, bob);
    await alice.cannot('key-not-in-log', 'invite', id, carol.name);
    // nor another account's under that name
    await postgres.psql(`UPDATE hermetic.key_package k
      SET key_package = b.key_package || ''::bytea
      FROM (SELECT DISTINCT ON (algorithm) algorithm, key_package
            FROM hermetic.key_package WHERE device_id = '${bob.device}') b
      WHERE k.device_id = '${carol.device}' AND k.algorithm = b.algorithm`);
    await alice.cannot('key-not-in-log', 'create', '--invite', carol.name);
  });

  test('nothing is sealed for a device that its account has ended',
    async () => {
      const dora = await newAccount(node.url, 'dora');
      const poster = await newUser(node.url, 'poster');
      const post = link => poster.post(`/users/${dora.username}/log`,
        { link: base64(link) });
      ok(await post(dora.log.recover()), 201);
      ok(await dora.post('/key-packages', { key_packages: ['aes-256-gcm',
        'chacha20-poly1305'].map(a => base64(dora.keysFor(a).keyPackage({
        suites: [4, 3] }))) }), 201);
      const [{ session_id: id }] = await alice.does('create', '--invite',
        dora.username, '--invite', bob.name);
      await bob.does('join', id);
      assert.deepEqual((await members(bob, id)).map(m => m.username).sort(),
        [alice.name, bob.name, dora.username].sort());

      ok(await post(dora.log.remove(dora.log.first, null)), 201);
      await bob.does('verify', dora.username); // so he learns of it
      await bob.does('send', id, 'among us');
      assert.deepEqual((await members(alice, id)).map(m => m.username).sort(),
        [alice.name, bob.name].sort());
      const entries = await alice.does('read', id);
      const at = entries.findIndex(m => m.text === 'among us');
      assert.deepEqual(entries[at - 1].removed, [`${dora.username}/1`]);
      assert.equal(entries[at - 1].from, bob.name);
      const own = await bob.does('read', id);
      assert.ok(own.some(m => m.reason === 'removed-device'));
    });

  test('a device that stands in both branches stays, and the session goes over',
    async () => {
      const dora = await newAccount(node.url, 'dora');
      const poster = await newUser(node.url, 'poster');
      ok(await dora.post('/key-packages', { key_packages: ['aes-256-gcm',
        'chacha20-poly1305'].map(a => base64(dora.keysFor(a).keyPackage({
        suites: [4, 3] }))) }), 201);
      const [{ session_id: id }] = await alice.does('create', '--invite',
        dora.username, '--invite', bob.name);
      await bob.does('join', id);

      // alice sees a second link, and her commit names it; another one counts
      const lost = dora.log.branch().add();
      ok(await poster.post(`/users/${dora.username}/log`,
        { link: base64(lost) }), 201);
      await alice.does('verify', dora.username);
      await alice.does('rotate', id);
      const counts = dora.log.withdraw([linkHash(lost)]);
      ok(await poster.post(`/users/${dora.username}/log/branch`,
        { links: [base64(counts)] }), 201);
      for (const who of [alice, bob]) {
        await who.does('verify', dora.username);
        await who.does('send', id, `from ${who.name}`);
      }
      assert.deepEqual(await alice.texts(id),
        [`from ${alice.name}`, `from ${bob.name}`]);
      // who comes in is given a group that has gone over
      const carol = await new Person('carol', node.url).register();
      await alice.does('invite', id, carol.name);
      await carol.does('join', id);
      await carol.does('send', id, 'in');
      assert.deepEqual((await bob.texts(id)).at(-1), 'in');
      assert.equal((await members(bob, id)).length, 4);
    });

  test('links that nobody shows stop who stays until they are there, and ' +
    'nobody who leaves', async t => {
    const dora = await newAccount(node.url, 'dora');
    const carol = await new Person('carol', node.url).register();
    ok(await dora.post('/key-packages', { key_packages: ['aes-256-gcm',
      'chacha20-poly1305'].map(a => base64(dora.keysFor(a).keyPackage({
      suites: [4, 3] }))) }), 201);
    const [{ session_id: id }] = await alice.does('create',
      ...[dora.username, bob.name, carol.name].flatMap(n => ['--invite', n]));
    await bob.does('join', id);
    await carol.does('join', id);

    // more links than a commit carries: the members ask for them
    const lost = () => Array.from({ length: 16 }, () => randomBytes(32))
      .sort(Buffer.compare);
    const hex = bytes => `'\\x${bytes.toString('hex')}'`;
    for (let bytes = 0; bytes < 65536; bytes += dora.log.links.at(-1).length)
      dora.log.withdraw(lost());
    await postgres.psql('INSERT INTO hermetic.account_link ' +
      '(fingerprint, number, hash, link) VALUES ' +
      dora.log.links.slice(1).map((link, i) => `(${hex(dora.log.fingerprint)},
        ${i + 2}, ${hex(linkHash(link))}, ${hex(link)})`).join());
    await alice.does('verify', dora.username);
    const chat = bob.start();
    t.after(() => chat.child.kill('SIGKILL'));
    chat.child.stdin.write(`/open ${id}\n`);
    await chat.line(m => m.session_id === id && m.members);
    chat.child.kill('SIGSTOP');
    await alice.does('rotate', id);
    const theirs = `FROM hermetic.account_link WHERE number > 1 AND
      fingerprint = ${hex(dora.log.fingerprint)}`;
    await postgres.psql(`CREATE TABLE hidden AS SELECT * ${theirs};
      DELETE ${theirs}`);

    chat.child.kill('SIGCONT');
    chat.child.stdin.write('as soon as it can be\n');
    const kept = await chat.line(m => m.kept);
    assert.equal(kept.error, 'accounts-unknown', kept.detail);
    await carol.does('leave', id);
    await carol.does('leave', id).then(() => assert.fail('twice'), () => {});
    assert.ok((await alice.does('read', id)).some(
      m => m.kind === 'departed' && m.from === carol.name));
    assert.deepEqual(chat.lines().filter(m => m.state === 'sent'), []);
    await postgres.psql('INSERT INTO hermetic.account_link TABLE hidden');
    await chat.line(m => m.state === 'sent');
    chat.child.stdin.end('/quit\n');
    assert.equal((await chat.ended).code, 0);
    assert.deepEqual((await alice.texts(id)).at(-1), 'as soon as it can be');
    assert.deepEqual((await members(bob, id)).map(m => m.username).sort(),
      [alice.name, bob.name, dora.username].sort());
  });

  test('a session by a link that anybody may open, and its accounts',
    async () => {
      const [{ session_id: id }] = await alice.does('create', '--open');
      await alice.does('send', id, 'before anybody was there');
      await bob.does('join', id);
      await bob.does('send', id, 'here');
      assert.deepEqual(await alice.texts(id),
        ['before anybody was there', 'here']);
      assert.deepEqual((await members(alice, id)).map(m => m.username),
        [alice.name, bob.name].sort());
      // the next commit gives the joiner a place
      await alice.does('rotate', id);
      await bob.does('send', id, 'still here');
      assert.deepEqual((await alice.texts(id)).at(-1), 'still here');
    });

  test('another algorithm, right after somebody came in by a link', async () => {
    const [{ session_id: id }] = await alice.does('create', '--open');
    await bob.does('join', id);
    // a change of the algorithm gives nobody a place, so a commit comes first
    const [moved] = await alice.does('algorithm', id, 'chacha20-poly1305');
    assert.equal(moved.algorithm, 'chacha20-poly1305');
    await bob.does('members', id);
    await bob.does('send', id, 'come along');
    assert.deepEqual(await alice.texts(id), ['come along']);
    assert.deepEqual((await members(alice, id)).map(m => m.username),
      [alice.name, bob.name].sort());
  });

  test('a session at a branch that does not count goes over to the one that ' +
    'does', async () => {
    const dora = await newAccount(node.url, 'dora');
    const poster = await newUser(node.url, 'poster');
    const post = link => poster.post(`/users/${dora.username}/log`,
      { link: base64(link) });
    const postBranch = (...links) => poster.post(
      `/users/${dora.username}/log/branch`, { links: links.map(base64) });
    ok(await post(dora.log.recover()), 201);
    ok(await dora.post('/key-packages', { key_packages: ['aes-256-gcm',
      'chacha20-poly1305'].map(a => base64(dora.keysFor(a).keyPackage({
      suites: [4, 3] }))) }), 201);
    const [{ session_id: id }] = await alice.does('create', '--invite',
      dora.username, '--invite', bob.name);
    await bob.does('join', id);
    // the device, which is a thief's, adds another one, and the group names that
    // link; then the recovery key removes the device from before it
    const thief = dora.log.branch();
    const counts = dora.log.branch();
    const lost = thief.add();
    ok(await post(lost), 201);
    await alice.does('verify', dora.username);
    await alice.does('rotate', id);
    await bob.texts(id);
    const more = dora.log.branch();
    refused(await postBranch(more.add()), 409, 'link-taken'); // a fork
    refused(await postBranch(more.links[0]), 422, 'link-invalid');
    const removal = counts.remove(dora.log.first, null);
    ok(await postBranch(dora.log.links[1], removal), 201);
    ok(await postBranch(removal), 200);
    refused(await postBranch(lost), 409, 'link-taken');
    refused(await dora.get('/sessions'), 401, 'unauthorized');
    assert.deepEqual(ok(await poster.get(`/users/${dora.username}/log`)).links,
      counts.links.map(base64));

    // a member without a role for it makes the commit, once, before it says anything
    const commits = async () => Number(await postgres.psql(`SELECT count(*)
      FROM hermetic.message WHERE session_id = '${id}' AND kind = 2`));
    const before = await commits();
    await bob.does('verify', dora.username);
    await bob.does('send', id, 'among us');
    assert.equal(await commits(), before + 1);
    const own = await bob.does('read', id);
    assert.deepEqual(own.find(m => m.reason === 'account-parted').removed,
      [`${dora.username}/1`]);
    assert.deepEqual(await alice.texts(id), ['among us']);
    assert.deepEqual((await members(alice, id)).map(m => m.username),
      [alice.name, bob.name].sort());
    await alice.does('send', id, 'so we are');
    assert.deepEqual((await bob.texts(id)).at(-1), 'so we are');
  });
});
