// The life of a session at the command line: keys that renew themselves, people
// who come and go, roles, devices, and a device that lost its way.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import { Person, conversation, newPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import {
  rotateOnce, startNode, startPostgres, until,
} from '../testlib/stack.mjs';

describe('the life of a session', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol;
  const psql = sql => postgres.psql(`SET search_path = hermetic; ${sql}`);
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, env: {
      HERMETIC_ALGORITHMS: 'xwing-aes-256-gcm,aes-256-gcm,' +
        'chacha20-poly1305,twofish-256-gcm',
      HERMETIC_ROTATION_MESSAGES: '20', HERMETIC_ROTATION_GRACE_MESSAGES: '5' } });
    [alice, bob, carol] = await newPeople(node.url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  async function trio(...more) {
    const [{ session_id: id }] = await alice.does('create', '--invite',
      bob.name, '--invite', carol.name, ...more);
    await bob.does('join', id);
    await carol.does('join', id);
    return id;
  }

  const epochOf = async (person, id) =>
    (await person.does('safety', id))[0].epoch;
  const safety = async (person, id) =>
    (await person.does('safety', id))[0].safety_number;
  const names = async (person, id) =>
    (await person.does('members', id)).map(m => m.username).sort();
  const age = (id, days) => psql(`UPDATE session SET
    epoch_at = now() - interval '${days} days' WHERE session_id = '${id}'`);

  test('the first sender renews old keys, and nobody sees it', async () => {
    const id = await conversation(alice, bob);
    const before = await epochOf(alice, id);
    await age(id, 7.5); // due
    await rotateOnce(postgres);
    await bob.does('send', id, 'one');
    assert.equal(await epochOf(alice, id), before + 1);
    await age(id, 30); // long overdue
    await alice.does('send', id, 'two');
    assert.equal(await epochOf(bob, id), before + 2);
    assert.deepEqual(await bob.texts(id), ['one', 'two']);
    assert.deepEqual(await alice.texts(id), ['one', 'two']);
  });

  test('a connected member renews them when told, once for all', async () => {
    const id = await conversation(alice, bob);
    const before = await epochOf(alice, id);
    const [one, two] = [alice, bob].map(p => p.start('read', id, '--follow'));
    await until(async () => Number(await psql(`SELECT count(*) FROM presence
      WHERE device_id IN ('${alice.device}', '${bob.device}')`)) === 2,
    { name: 'presence' });
    await age(id, 7.5);
    await rotateOnce(postgres); // makes it due, then asks
    await rotateOnce(postgres);
    for (const p of [one, two])
      await p.line(m => m.kind === 'commit' && m.epoch === before + 1);
    assert.equal(await psql(`SELECT count(*) FROM rotation
      WHERE session_id = '${id}'`), '0');
    await one.stop();
    await two.stop();
    assert.equal(await epochOf(alice, id), before + 1);
  });

  test('many messages renew the keys as they go', async () => {
    const id = await conversation(alice, bob);
    const before = await epochOf(alice, id);
    const chat = alice.start();
    await until(() => chat.child.stdin.writable, { name: 'a chat' });
    chat.child.stdin.write(`/open ${id}\n`);
    for (let i = 0; i < 60; i++) chat.child.stdin.write(`message ${i}\n`);
    await chat.line(m => m.text === 'message 59');
    chat.child.stdin.end('/quit\n');
    assert.equal((await chat.ended).code, 0);
    assert.deepEqual(await bob.texts(id),
      Array.from({ length: 60 }, (_, i) => `message ${i}`));
    assert.ok(await epochOf(bob, id) >= before + 2);
  });

  // --- roles ------------------------------------------------------------------

  test('roles: who creates owns; only owners give roles; admins remove',
    async () => {
      const id = await trio();
      const roles = async person => Object.fromEntries(
        (await person.does('members', id)).map(m => [m.username, m.role]));
      assert.deepEqual(await roles(carol), { [alice.name]: 'owner',
        [bob.name]: 'member', [carol.name]: 'member' });
      await bob.cannot('not-allowed', 'remove', id, carol.name);
      await bob.cannot('not-allowed', 'role', id, bob.name, 'owner');
      await alice.does('role', id, bob.name, 'admin');
      assert.equal((await roles(carol))[bob.name], 'admin');
      await bob.cannot('not-allowed', 'remove', id, alice.name);
      await alice.cannot('no-owner', 'role', id, alice.name, 'member');
      await alice.does('send', id, 'before');
      assert.deepEqual(await carol.texts(id), ['before']);
      await bob.does('remove', id, carol.name);
      await alice.does('send', id, 'after');
      assert.deepEqual(await carol.texts(id), ['before']);
      const state = async person => (await person.does('sessions'))
        .find(s => s.session_id === id).state;
      assert.equal(await state(carol), 'removed');
      await carol.cannot('not-a-member', 'send', id, 'hello?');
      await carol.cannot('not-invited', 'join', id);
      assert.deepEqual(await names(alice, id), [alice.name, bob.name].sort());
      await alice.does('role', id, bob.name, 'owner');
      await bob.does('role', id, alice.name, 'member');
      assert.deepEqual(await roles(alice), { [alice.name]: 'member',
        [bob.name]: 'owner' });
      // each line says who changed whose role
      const told = (await alice.does('read', id)).flatMap(m => m.roles ?? []);
      assert.deepEqual(told, [
        { user: bob.name, role: 'admin' }, { user: bob.name, role: 'owner' },
        { user: alice.name, role: 'member' }]);
      for (const wrong of [[`${bob.name}/1`, 'admin'], [bob.name, 'king']])
        await assert.rejects(alice.cannot('usage', 'role', id, ...wrong),
          /gave 2/);
      // who goes was not removed, also where the leaf is removed after that
      await alice.does('leave', id);
      await bob.does('send', id, 'alone');
      await alice.does('sessions');
      assert.equal(await state(alice), 'left');
    });

  test('who is invited again is in again, from then on', async () => {
    const id = await trio();
    await alice.does('remove', id, carol.name);
    await alice.does('send', id, 'without her');
    await alice.does('invite', id, carol.name);
    await carol.does('join', id);
    await alice.does('send', id, 'with her');
    assert.deepEqual(await carol.texts(id), ['with her']);
  });

  // --- another algorithm ----------------------------------------------------------

  test('somebody alone moves a session, twice, and others come later', async () => {
    const [{ session_id: id }] = await alice.does('create', '--open');
    for (const algorithm of ['chacha20-poly1305', 'twofish-256-gcm']) {
      const [moved] = await alice.does('algorithm', id, algorithm);
      assert.equal(moved.algorithm, algorithm);
    }
    await alice.does('send', id, 'nobody hears');
    await bob.does('join', id);
    await alice.does('members', id);
    await alice.does('send', id, 'hello');
    assert.deepEqual(await bob.texts(id), ['hello']);
  });

  test('a running session moves to another algorithm and back', async () => {
    const id = await trio('--name', 'lunch', '--algorithm', 'aes-256-gcm');
    await alice.does('send', id, 'in AES');
    await bob.does('send', id, 'me too');
    await carol.texts(id);
    await bob.cannot('not-allowed', 'algorithm', id, 'twofish-256-gcm');
    const [moved] = await alice.does('algorithm', id, 'twofish-256-gcm');
    assert.equal(moved.algorithm, 'twofish-256-gcm');
    await alice.does('algorithm', id, 'twofish-256-gcm'); // nothing to do
    const waiting = bob.start('read', id, '--follow');
    // each member has another key now: who talks to them looks first
    await bob.keeps('new-members', 'send', id, 'in Twofish');
    const kept = await bob.keeps('new-members', 'outbox', '--flush');
    assert.match(kept.detail, /Look with: hermetic read .* outbox --flush$/);
    for (const person of [alice, bob, carol]) await person.does('members', id);
    await bob.does('outbox', '--flush');
    await waiting.line(m => m.text === 'in Twofish');
    await carol.does('send', id, 'me, too');
    await waiting.line(m => m.kind === 'moved' &&
      m.algorithm === 'twofish-256-gcm' && m.from === alice.name);
    await waiting.stop();
    const all = ['in AES', 'me too', 'in Twofish', 'me, too'];
    for (const person of [alice, bob, carol]) {
      assert.deepEqual(await person.texts(id), all);
      assert.equal(await safety(person, id), await safety(alice, id));
      const [s] = (await person.does('sessions'))
        .filter(r => r.session_id === id);
      assert.equal(s.algorithm, 'twofish-256-gcm');
      assert.equal(s.name, 'lunch');
    }
    const stored = await postgres.rows(`SELECT seq, kind, epoch FROM
      hermetic.message WHERE session_id = '${id}' ORDER BY seq`);
    stored.forEach((m, i) => {
      assert.equal(m.seq, i + 1);
      if (i > 0) assert.ok(m.epoch >= stored[i - 1].epoch, 'epochs only grow');
    });
    // roles went along, and so does all the rest
    await bob.cannot('not-allowed', 'remove', id, carol.name);
    await bob.does('rotate', id);
    const dave = await new Person('dave', node.url).register();
    await bob.does('invite', id, dave.name);
    await dave.does('join', id);
    await alice.does('algorithm', id, 'chacha20-poly1305');
    await dave.does('send', id, 'third');
    assert.deepEqual(await carol.texts(id), [...all, 'third']);
    await alice.does('remove', id, dave.name);
    await carol.does('send', id, 'fourth');
    assert.deepEqual((await bob.texts(id)).slice(-2), ['third', 'fourth']);
  });

  test('messages of before the move are sealed again after it', async () => {
    const id = await conversation(alice, bob);
    await bob.does('send', id, 'one');
    await alice.does('algorithm', id, 'chacha20-poly1305');
    // bob had not seen the move, nor anybody's new key
    await bob.keeps('new-members', 'send', id, 'two');
    await bob.does('members', id);
    await bob.does('outbox', '--flush');
    assert.deepEqual(await alice.texts(id), ['one', 'two']);
  });

  test('a member that does not offer it keeps the others from moving',
    async () => {
      const eve = await new Person('eve', node.url)
        .register('--algorithm', 'aes-256-gcm');
      const [{ session_id: id }] = await alice.does('create', '--invite',
        eve.name);
      await eve.does('join', id);
      await alice.cannot('no-common-algorithm', 'algorithm', id,
        'twofish-256-gcm');
      await alice.does('send', id, 'still here');
      assert.deepEqual(await eve.texts(id), ['still here']);
    });

  test('whose device keeps the first algorithm from a session is shown to all',
    async () => {
      const finn = await new Person('finn', node.url)
        .register('--algorithm', 'chacha20-poly1305');
      const [made] = await alice.does('create', '--algorithm',
        'twofish-256-gcm,chacha20-poly1305', '--invite', finn.name);
      assert.equal(made.algorithm, 'chacha20-poly1305');
      assert.equal(made.missed.algorithm, 'twofish-256-gcm');
      assert.deepEqual([made.missed.username, made.missed.own],
        [finn.name, false]);
      const [seen] = await finn.does('join', made.session_id);
      assert.deepEqual([seen.missed.username, seen.missed.own],
        [finn.name, true]);
      const [all] = await alice.does('create', '--algorithm',
        'twofish-256-gcm,chacha20-poly1305', '--invite', bob.name);
      assert.equal(all.algorithm, 'twofish-256-gcm');
      assert.equal(all.missed, undefined);
    });

  // OpenSSL has ML-KEM from 3.5 on
  test('X-Wing: a session moves to it, or why it does not', async () => {
    const there = execFileSync('openssl', ['list', '-kem-algorithms'])
      .includes('ML-KEM-768');
    if (!there) {
      const id = await conversation(alice, bob, '--algorithm', 'aes-256-gcm');
      await alice.cannot('openssl-too-old', 'algorithm', id,
        'xwing-aes-256-gcm');
      await alice.cannot('openssl-too-old', 'create', '--algorithm',
        'xwing-aes-256-gcm,aes-256-gcm');
      return;
    }
    const [xena, yara] = await Promise.all(['xena', 'yara'].map(name =>
      new Person(name, node.url).register('--algorithm',
        'xwing-aes-256-gcm,aes-256-gcm')));
    const id = await conversation(xena, yara, '--algorithm', 'aes-256-gcm');
    await xena.does('algorithm', id, 'xwing-aes-256-gcm');
    await yara.does('members', id);
    await yara.does('send', id, 'sealed for later, too');
    assert.deepEqual(await xena.texts(id), ['sealed for later, too']);
    const [safety] = await xena.does('safety', id);
    assert.equal(safety.algorithm, 'xwing-aes-256-gcm');
    // who does not offer it is talked to as before
    const [{ algorithm, missed }] = await xena.does('create', '--invite',
      alice.name);
    assert.equal(algorithm, 'aes-256-gcm');
    assert.equal(missed.username, alice.name);
  });

  test('an algorithm that this device offers no more shows as due',
    async () => {
      const id = await conversation(alice, bob, '--algorithm', 'aes-256-gcm');
      const due = async () => (await alice.does('sessions'))
        .find(s => s.session_id === id).due;
      assert.equal(await due(), undefined);
      await alice.does('login', '--algorithm',
        'chacha20-poly1305,twofish-256-gcm');
      assert.equal(await due(), 'algorithm');
      await alice.does('algorithm', id, 'chacha20-poly1305');
      assert.equal(await due(), undefined);
      await alice.does('login', '--algorithm',
        'aes-256-gcm,chacha20-poly1305,twofish-256-gcm');
    });

  test('an algorithm that is allowed no more: due, told, moved', async () => {
    const id = await conversation(alice, bob, '--algorithm', 'aes-256-gcm');
    await rotateOnce(postgres, { HERMETIC_ROTATION_GRACE_SECONDS: '0',
      HERMETIC_ALGORITHMS: 'chacha20-poly1305,twofish-256-gcm' });
    const { detail } = await bob.keeps('rotation-required', 'send', id, 'wait');
    assert.match(detail, /hermetic algorithm/);
    await alice.does('algorithm', id, 'chacha20-poly1305');
    await bob.does('members', id);
    await bob.does('send', id, 'now');
    assert.deepEqual(await alice.texts(id), ['wait', 'now']);
    await psql('DELETE FROM rotation');
  });

  // --- leaving, devices ---------------------------------------------------------

  test('leaving: the next sender removes the leaf first', async () => {
    const id = await trio();
    await bob.does('send', id, 'hello');
    await carol.texts(id);
    await carol.does('leave', id);
    await carol.cannot('not-a-member', 'send', id, 'still here');
    await bob.does('send', id, 'she has gone');
    assert.deepEqual(await names(alice, id), [alice.name, bob.name].sort());
    assert.deepEqual(await alice.texts(id), ['hello', 'she has gone']);
    assert.deepEqual(await carol.texts(id), ['hello']);
    assert.equal(await safety(alice, id), await safety(bob, id));
    await carol.cannot('not-a-member', 'leave', id);
    const read = await alice.does('read', id);
    assert.ok(read.some(m => m.from === carol.name && m.kind === 'departed'));
  });

  test('a new device is linked from an old one, reads from then on, and is ' +
    'revoked', async () => {
    const id = await trio();
    await alice.does('send', id, 'before');
    const second = await alice.newDevice();
    assert.deepEqual((await alice.does('devices')).map(d => d.own),
      [true, false]);
    const linked = await alice.does('link');
    assert.equal(linked.find(l => l.session_id === id).devices, 0);
    await bob.texts(id); // he sees the new device
    await bob.does('send', id, 'both hear it');
    assert.deepEqual(await second.texts(id), ['both hear it']);
    await second.does('send', id, 'from the new one');
    await alice.cannot('own-device', 'revoke', alice.device);
    await alice.cannot('no-such-device', 'revoke', 'ffffffff-0000');
    await alice.does('revoke', second.device.slice(0, 13));
    const { code } = await second.run('send', id, 'I am still here');
    assert.equal(code, 4, 'the revoked device could send');
    await bob.does('send', id, 'only the old one');
    assert.deepEqual((await alice.texts(id)).slice(-2),
      ['from the new one', 'only the old one']);
    assert.equal((await bob.does('members', id)).length, 3);
    assert.deepEqual(await second.run('read', id).then(r => r.json
      .filter(m => m.kind === 'text').map(m => m.text)),
    ['both hear it', 'from the new one']);
  });

  test('what the server alone calls revoked is removed only by who may',
    async () => {
      const id = await trio();
      const second = await alice.newDevice();
      for (const person of [bob, carol]) await person.texts(id);
      // revoked without a word to the session, as a server could claim
      await psql(`SELECT depart('${id}', '${second.device}')`);
      await carol.does('send', id, 'hello'); // a plain member
      assert.equal((await carol.does('members', id)).length, 4);
      assert.deepEqual(await bob.texts(id), ['hello']);
      const { device_id: device } = (await alice.does('members', id))
        .find(m => m.username === alice.name && !m.own);
      await alice.does('remove', id, `${alice.name}/${device}`);
      await carol.does('send', id, 'again');
      assert.equal((await carol.does('members', id)).length, 3);
      assert.deepEqual(await alice.texts(id), ['hello', 'again']);
    });

  // --- lost ways ------------------------------------------------------------------

  test('a device whose state is of yesterday joins again by itself',
    async () => {
      const id = await conversation(alice, bob);
      await bob.does('send', id, 'one');
      const backup = bob.backup();
      // forward: rotations and messages whose keys the backup does not have
      await bob.does('send', id, 'two');
      await bob.does('rotate', id);
      await alice.does('rotate', id);
      await bob.does('send', id, 'three');
      bob.restore(backup);
      await alice.does('send', id, 'four');
      await bob.does('send', id, 'five');
      await alice.does('send', id, 'six');
      assert.deepEqual((await alice.texts(id)).slice(-3),
        ['four', 'five', 'six']);
      assert.deepEqual((await bob.texts(id)).slice(-2), ['five', 'six']);
      assert.equal(await safety(alice, id), await safety(bob, id));
      assert.equal((await alice.does('members', id)).length, 2);
    });

  test('a Welcome for a KeyPackage that is gone: joined from outside',
    async () => {
      const [{ session_id: other }] = await alice.does('create', '--invite',
        carol.name);
      const [{ session_id: id }] = await alice.does('create', '--invite',
        bob.name);
      await psql(`UPDATE welcome SET welcome = (SELECT welcome FROM welcome
          WHERE session_id = '${other}' LIMIT 1)
        WHERE session_id = '${id}'`);
      await bob.does('join', id);
      await alice.does('send', id, 'there you are');
      await bob.does('send', id, 'here I am');
      assert.deepEqual(await alice.texts(id), ['there you are', 'here I am']);
      assert.equal((await alice.does('members', id)).length, 2);
    });

  test('who comes by a last-resort KeyPackage takes keys of its own at once',
    async () => {
      await psql(`DELETE FROM key_package k USING device d JOIN account a
        USING (user_id) WHERE k.device_id = d.device_id
        AND a.username = '${bob.name}' AND NOT k.last_resort`);
      const id = await conversation(alice, bob);
      const read = await bob.does('read', id);
      assert.deepEqual(read.filter(m => m.reason === 'last-resort')
        .map(m => [m.kind, m.own]), [['commit', true]]);
      assert.equal(await epochOf(bob, id), 2);
      await alice.does('send', id, 'to a leaf of its own');
      await bob.does('send', id, 'once is enough');
      assert.equal(await epochOf(alice, id), 2);
      assert.deepEqual(await alice.texts(id),
        ['to a leaf of its own', 'once is enough']);
    });

  test('away for longer than history is kept: what was said then has gone',
    async () => {
      const id = await conversation(alice, bob);
      await alice.does('send', id, 'gone');
      await psql(`UPDATE message SET sent_at = now() - interval '9 days'
          WHERE session_id = '${id}';
        UPDATE history_swept SET next_at = now() - interval '9 days'
          WHERE session_id = '${id}'`);
      await rotateOnce(postgres, { HERMETIC_HISTORY_SECONDS: '86400' });
      await alice.does('send', id, 'kept');
      await bob.does('send', id, 'back');
      assert.deepEqual((await alice.texts(id)), ['gone', 'kept', 'back']);
      await alice.does('send', id, 'good');
      assert.deepEqual(await bob.texts(id), ['kept', 'back', 'good']);
    });

  test('whose device came in meanwhile is not said to be removed', async () => {
    const id = await conversation(alice, bob);
    const other = await bob.newDevice();
    await other.does('leave', id);
    await alice.does('rotate', id); // that leaf is gone
    let posts = 0;
    const proxy = await startProxy(node.url, { request: async ({ path }) => {
      if (path.endsWith('/commit') && posts++ === 0)
        await bob.does('link');
    } });
    const late = Object.assign(Object.create(Person.prototype), alice,
      { server: proxy.url });
    await late.cannot('came-again', 'remove', id, bob.name);
    await proxy.stop();
    assert.deepEqual(await names(alice, id), [alice.name, bob.name].sort());
    await alice.does('remove', id, bob.name);
    assert.deepEqual(await names(alice, id), [alice.name]);
  });
});
