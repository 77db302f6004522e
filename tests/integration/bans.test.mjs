// Bans stand in the group's authenticated state: an open session keeps out who was
// banned, a member's invitation does not bring the person back, and who may say so is a
// role's matter.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { newPeople } from '../testlib/people.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('bans', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol, mallory;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob, carol, mallory] = await newPeople(node.url, 'alice', 'bob', 'carol', 'mallory');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const open = async (...others) => {
    const [{ session_id: id }] = await alice.does('create', '--open');
    for (const other of others) {
      await other.does('join', id);
      await alice.does('read', id);
    }
    return id;
  };
  const users = async (reader, id) =>
    [...new Set((await reader.does('members', id)).map(m => m.username))].sort();
  const last = async (reader, id) => (await reader.does('read', id)).at(-1);
  const banned = async (reader, id) => (await reader.does('sessions'))
    .find(s => s.session_id === id).banned;

  test('an open session keeps out who was banned, until it is taken back',
    async () => {
      const id = await open(bob, carol, mallory);
      await alice.does('role', id, bob.name, 'admin');
      await bob.does('read', id);
      await bob.does('ban', id, mallory.name);
      const said = await last(carol, id);
      assert.deepEqual(said.banned, [mallory.name]);
      assert.deepEqual(said.removed.map(m => m.split('/')[0]), [mallory.name]);
      assert.deepEqual(await users(carol, id),
        [alice.name, bob.name, carol.name].sort());
      assert.deepEqual(await banned(carol, id), [mallory.name]);
      const { out } = await carol.starts('members', id).ended;
      assert.match(out, new RegExp(`Banned: ${mallory.name}`));
      await mallory.does('read', id);
      // nobody brings that account back, with whatever device
      assert.match(await mallory.cannot('banned', 'join', id), /hermetic unban/);
      const phone = await mallory.newDevice('phone');
      await phone.cannot('banned', 'join', id);
      await carol.cannot('banned', 'invite', id, mallory.name);
      await alice.cannot('banned', 'invite', id, mallory.name);
      // who may say so
      await carol.cannot('not-allowed', 'unban', id, mallory.name);
      await bob.cannot('not-banned', 'unban', id, carol.name);
      await carol.does('send', id, 'quiet here');
      assert.ok((await alice.texts(id)).includes('quiet here'));
      // it goes along to another algorithm
      await alice.does('algorithm', id, 'twofish-256-gcm');
      assert.deepEqual(await banned(alice, id), [mallory.name]);
      await bob.does('read', id);
      await bob.does('unban', id, mallory.name);
      assert.deepEqual((await last(carol, id)).unbanned, [mallory.name]);
      assert.equal(await banned(carol, id), undefined);
      await mallory.does('join', id);
      assert.ok((await users(alice, id)).includes(mallory.name));
    });

  test('a role says who may ban whom', async () => {
    const id = await open(bob, carol);
    await carol.cannot('not-allowed', 'ban', id, bob.name);
    await alice.does('role', id, bob.name, 'admin');
    await bob.does('read', id);
    await bob.cannot('not-allowed', 'ban', id, alice.name);
    await bob.cannot('own-account', 'ban', id, bob.name);
    assert.equal((await bob.run('ban', id, `${carol.name}/1`)).code, 2);
    // one who is not in it yet
    await bob.cannot('not-met', 'ban', id, 'whom-nobody-has-met');
    await bob.does('verify', mallory.name);
    await bob.does('ban', id, mallory.name);
    await mallory.cannot('banned', 'join', id);
    // an owner may ban an admin; the role does not help
    await alice.does('read', id);
    await alice.does('ban', id, bob.name);
    await carol.does('read', id);
    assert.deepEqual(await users(carol, id), [alice.name, carol.name].sort());
    assert.deepEqual((await banned(carol, id)).sort(),
      [bob.name, mallory.name].sort());
    await bob.cannot('banned', 'join', id);
  });
});
