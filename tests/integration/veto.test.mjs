// A member with a client of its own posts commits that the node cannot see to be
// wrong and that nobody can process: it keeps nobody from talking, everybody is told
// whose they are, and those who may remove its device.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { base64, bytesOf, newAccount, ok, refused } from '../testlib/api.mjs';
import { conversation, newPeople } from '../testlib/people.mjs';
import { leafOf, readGroup } from '../testlib/read_group.mjs';
import { hermetic, startNode, startPostgres } from '../testlib/stack.mjs';

describe('a member whose commits nobody can process', { concurrency: false },
  () => {
    let postgres, node, alice, bob, carol, mallory, id;
    before(async () => {
      postgres = await startPostgres();
      node = await startNode({ postgres });
    });
    after(async () => {
      await node?.stop();
      await postgres?.stop();
    });

    /** Alice's session with Bob, Carol, and a member of which nothing is known but
     * its signatures. */
    async function gather() {
      [alice, bob, carol] = await newPeople(node.url, 'alice', 'bob', 'carol');
      mallory = await newAccount(node.url, 'mallory');
      id = await conversation(alice, bob);
      await alice.does('invite', id, carol.name);
      await carol.does('join', id);
      const [{ algorithm }] = await alice.does('sessions');
      mallory.own = mallory.keysFor(algorithm);
      ok(await mallory.post('/key-packages', { key_packages:
        [base64(mallory.own.keyPackage({ notBefore:
          Math.floor(Date.now() / 1000) - 3600 }))] }), 201);
      await alice.does('invite', id, mallory.username);
      await alice.does('send', id, 'hello');
      for (const who of [bob, carol])
        assert.deepEqual(await who.texts(id), ['hello']);
    }

    /** A commit whose signature and tree are right, and all that is sealed or a
     * tag is random. */
    async function breaks() {
      const now = ok(await mallory.get(`/session/${id}/group-info`));
      const group = readGroup(bytesOf(now.group_info));
      const leafIndex = leafOf(group, mallory.identity);
      assert.ok(leafIndex >= 0, 'mallory is in');
      const { bytes, next } = group.commit({ keys: mallory.own, leafIndex });
      return ok(await mallory.post(`/session/${id}/commit`, {
        commit: base64(bytes), group_info: base64(next.info()) }), 201).seq;
    }

    const says = (who, text) =>
      who.does('send', id, text, '--to-new-members');
    const devices = async who => (await who.does('members', id))
      .map(member => member.username).sort();

    async function isNamed(who, seq) {
      const entry = (await who.does('read', id))
        .find(m => m.seq === seq);
      assert.deepEqual({ kind: entry.kind, broken: entry.broken,
        from: entry.from, device: entry.device }, { kind: 'refused',
        broken: true, from: mallory.username, device: '1' });
    }

    test('an owner goes on, and at the second one removes it', async () => {
      await gather();
      const first = await breaks();
      await says(alice, 'all the same');
      await says(bob, 'so do I');
      assert.deepEqual(await alice.texts(id), ['hello', 'all the same',
        'so do I']);
      await isNamed(alice, first);
      await isNamed(bob, first);
      assert.ok((await devices(alice)).includes(mallory.username));

      const second = await breaks();
      await says(alice, 'without you');
      await isNamed(alice, second);
      const people = [alice.name, bob.name, carol.name].sort();
      assert.deepEqual(await devices(alice), people);
      const log = await alice.does('read', id);
      const removal = log.find(m => m.removed?.includes(`${mallory.username}/1`) &&
        m.kind === 'commit');
      assert.equal(removal.reason, 'broken-commits');
      assert.equal(removal.own, true);
      const { out } = await hermetic(['read', id], alice);
      assert.match(out, new RegExp(`${mallory.username} \\(unverified\\), device 1, ` +
        'signed a commit that cannot be processed'));
      assert.match(out, /This device did that by itself, for two commits/);

      // what was said before she joined again was not sealed for her
      await carol.does('read', id);
      await says(bob, 'good');
      assert.ok((await carol.texts(id)).includes('good'));
      for (const who of [bob, carol])
        assert.deepEqual(await devices(who), people);
      await says(carol, 'very good');
      assert.ok((await alice.texts(id)).includes('very good'));
    });

    test('who may not remove it goes on all day, and is told', async () => {
      await gather();
      for (let i = 0; i < 9; i++) {
        await breaks();
        await bob.does('read', id);
        await carol.does('read', id);
      }
      for (let i = 0; i < 3; i++) await breaks(); // one after another
      await carol.does('read', id);
      await says(bob, 'still here');
      assert.ok((await carol.texts(id)).includes('still here'));
      await says(carol, 'so am I');
      assert.ok((await bob.texts(id)).includes('so am I'));
      const row = (await bob.does('members', id))
        .find(member => member.username === mallory.username);
      assert.ok(row.broken_commits >= 9, `${row.broken_commits}`);
      await bob.cannot('not-allowed', 'remove', id, mallory.username);

      // the owner comes back: two of what it sees are enough
      await says(alice, 'one');
      await bob.does('read', id);
      await breaks();
      await bob.does('read', id);
      await says(alice, 'two');
      assert.ok(!(await devices(alice)).includes(mallory.username));
      assert.ok((await bob.texts(id)).includes('two'));
    });

    test('who was removed does not come in again', async () => {
      refused(await mallory.get(`/session/${id}/group-info`), 403,
        'not-invited');
    });
  });
