// Members are shown as verified or not, and a person may write to verified people only.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { conversation, newPeople } from '../testlib/people.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('verified people', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob, carol] = await newPeople(node.url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const compared = async (reader, id) => Object.fromEntries(
    (await reader.does('members', id)).filter(m => !m.own)
      .map(m => [m.username, m.compared]));

  test('one session for verified people only', async () => {
    const id = await conversation(alice, bob, '--verified-only');
    assert.deepEqual(await compared(alice, id), { [bob.name]: 'no' });
    const kept = await alice.keeps('not-verified', 'send', id, 'secret');
    assert.match(kept.detail, new RegExp(bob.name));
    await alice.does('verify', bob.name, '--yes');
    assert.deepEqual(await compared(alice, id), { [bob.name]: 'yes' });
    const [{ people }] = await alice.does('safety', id);
    const [{ person }] = await alice.does('verify', bob.name);
    assert.deepEqual(people, [{ username: bob.name, digits: person.digits,
      compared: 'yes' }]);
    const { out } = await alice.starts('members', id).ended;
    assert.match(out, new RegExp(`${bob.name}.*verified`));
    await alice.does('outbox', '--flush');
    assert.deepEqual(await bob.texts(id), ['secret']);
    await bob.does('send', id, 'as ever'); // it is a wish of hers alone
    // what was said is marked, too, and one's own is not
    const said = await alice.does('read', id);
    assert.deepEqual(said.filter(m => m.kind === 'text')
      .map(m => [m.text, m.compared]), [['secret', undefined],
      ['as ever', 'yes']]);
    assert.match((await alice.starts('read', id).ended).out,
      new RegExp(`${bob.name} \\(verified\\): as ever`));
    assert.match((await bob.starts('read', id).ended).out,
      new RegExp(`${alice.name} \\(unverified\\): secret`));
    await alice.does('invite', id, carol.name);
    await carol.does('join', id);
    await alice.does('members', id);
    await alice.keeps('not-verified', 'send', id, 'to carol, too');
    await alice.does('remove', id, carol.name);
    await alice.does('outbox', '--flush');
    assert.ok((await bob.texts(id)).includes('to carol, too'));
  });

  test('everywhere, and on devices that come later', async () => {
    const id = await conversation(bob, carol);
    await bob.does('send', id, 'before');
    assert.deepEqual(await bob.does('account', 'verified-only'),
      [{ verified_only: false }]);
    assert.equal((await bob.run('account', 'verified-only', 'perhaps')).code, 2);
    await bob.does('account', 'verified-only', 'on');
    await bob.keeps('not-verified', 'send', id, 'after');
    const phone = await bob.newDevice('phone');
    assert.deepEqual(await phone.does('account', 'verified-only'),
      [{ verified_only: true }]);
    await phone.keeps('not-verified', 'send', id, 'from the phone');
    await bob.does('account', 'verified-only', 'off');
    await bob.does('members', id);
    await bob.does('outbox', '--flush');
    assert.deepEqual(await carol.texts(id), ['before', 'after']);
  });
});
