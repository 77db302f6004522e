// Who is invited stands in the group's authenticated state: to invite is a commit, to take
// it back is one, and nobody comes in by a server's word.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { base64, newAccount, nextHead, ok } from '../testlib/api.mjs';
import { conversation, newPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('invitations', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol, dave;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob, carol, dave] = await newPeople(node.url, 'alice', 'bob', 'carol', 'dave');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const psql = sql => postgres.psql(`SET search_path = hermetic; ${sql}`);
  const invited = async (reader, id) => (await reader.does('sessions'))
    .find(s => s.session_id === id)?.invited ?? [];
  const waiting = async (who, id) => (await who.does('invitations'))
    .some(i => i.session_id === id);
  const letter = async (who, id) => (await who.does('invitations'))
    .find(i => i.session_id === id);
  const last = async (reader, id) => (await reader.does('read', id)).at(-1);
  /** A server that says that this person is invited. */
  const makesUp = (id, who, by) => psql(`INSERT INTO invitation
    (session_id, user_id, invited_by) SELECT '${id}', w.user_id, b.user_id
    FROM account w, account b WHERE w.username = '${who.name}'
      AND b.username = '${by.name}' ON CONFLICT DO NOTHING`);

  test('who is asked comes in by an act of their own, and by no other way',
    async () => {
      const id = await conversation(alice, bob);
      const [asked] = await bob.does('invite', '--ask', id, carol.name);
      assert.equal(asked.devices, 0);
      const said = await last(alice, id);
      assert.deepEqual([said.from, said.invited], [bob.name, [carol.name]]);
      assert.deepEqual(await invited(alice, id), [carol.name]);
      assert.match((await alice.starts('members', id).ended).out,
        new RegExp(`Invited: ${carol.name}`));
      assert.equal((await alice.does('members', id)).length, 2);
      assert.ok(await waiting(carol, id));
      const told = await letter(carol, id);
      assert.deepEqual([told.signed, told.by, told.compared],
        [true, bob.name, 'no']);
      assert.match((await carol.starts('invitations').ended).out,
        new RegExp(`invited by ${bob.name} \\(unverified\\), who has signed it`));
      await carol.does('accept', id);
      assert.equal(await waiting(carol, id), false);
      assert.equal((await last(alice, id)).kind, 'joined');
      assert.deepEqual(await invited(alice, id), []);
      await alice.does('rotate', id); // which takes the entry out, and tells nobody
      assert.equal((await last(bob, id)).uninvited, undefined);
      // removed: a server that keeps the invitation brings nobody back
      await alice.does('remove', id, carol.name);
      await carol.does('read', id);
      await makesUp(id, carol, bob);
      await carol.cannot('not-invited', 'join', id);
      await bob.does('read', id);
      await bob.does('invite', id, carol.name);
      await carol.does('join', id);
      assert.equal((await alice.does('members', id)).length, 3);
      // one commit takes the entry out and the person
      await alice.does('invite', '--ask', id, dave.name);
      await dave.does('accept', id);
      await alice.does('remove', id, dave.name);
      assert.equal((await alice.does('members', id)).length, 3);
    });

  test('an invitation is taken back by who made it, and by an admin', async () => {
    const id = await conversation(alice, bob);
    await alice.does('invite', id, carol.name);
    await carol.does('join', id);
    await bob.does('read', id);
    await bob.does('invite', '--ask', id, dave.name);
    await carol.cannot('not-allowed', 'uninvite', id, dave.name);
    await bob.does('uninvite', id, dave.name);
    assert.deepEqual((await last(carol, id)).uninvited, [dave.name]);
    assert.equal(await waiting(dave, id), false);
    await bob.cannot('not-invited', 'uninvite', id, dave.name);
    await bob.does('invite', '--ask', id, dave.name);
    await alice.does('read', id);
    await alice.does('uninvite', id, dave.name);
    // a server that goes on to tell of it, and opens the session
    await makesUp(id, dave, bob);
    await psql(`UPDATE session SET join_policy = 'open' WHERE session_id = '${id}'`);
    assert.ok(await waiting(dave, id));
    const why = await dave.cannot('not-invited', 'accept', id);
    assert.match(why, /No invitation of your account stands/);
    assert.equal((await alice.does('members', id)).length, 3);
  });

  test('a session that began without the list gets it by an owner', async () => {
    // a device of a version before, which does not list the extension
    const older = await newAccount(node.url, 'older');
    const publish = async () => ok(await older.post('/key-packages', { key_packages:
      ['chacha20-poly1305', 'aes-256-gcm'].map(algorithm => {
        const keys = older.keysFor(algorithm);
        keys.leaf = options => Object.getPrototypeOf(keys).leaf.call(keys,
          { ...options, extensions: [0xf7f0, 0xf7f2, 0xf7f3, 0xf7f9, 0xff01] });
        return base64(keys.keyPackage());
      }) }), 201);
    for (const open of [false, true]) {
      await publish();
      const [{ session_id: id }] = await alice.does('create', '--invite', bob.name,
        '--invite', older.username);
      await bob.does('join', id);
      assert.equal((await alice.does('members', id)).length, 3);
      await publish();
      assert.match(await alice.cannot('older-device', 'upgrade', id), /updated first/);
      await alice.does('remove', id, older.username);
      await bob.does('read', id);
      await bob.cannot('not-allowed', 'upgrade', id);
      await alice.does('upgrade', id, ...open ? ['--open'] : []);
      await bob.does('read', id);
      await alice.cannot('accounts-already', 'upgrade', id);
      await makesUp(id, carol, bob);
      if (open) {
        await carol.does('join', id);
        continue;
      }
      await carol.cannot('not-invited', 'join', id);
      await bob.does('invite', '--ask', id, carol.name);
      assert.deepEqual(await invited(bob, id), [carol.name]);
      await carol.does('accept', id);
    }
  });

  /* ---- letters ---- */

  const user = who => `(SELECT user_id FROM hermetic.account
    WHERE username = '${who.name}')`;
  const of = (id, ...by) => [`session_id = '${id}' AND user_id = ${user(dave)}`,
    ...by.map(who => `invited_by = ${user(who)}`)].join(' AND ');
  const stored = async (id, by) => `'\\x${(await postgres.rows(`SELECT
    encode(letter, 'hex') AS letter FROM hermetic.invitation_letter
    WHERE ${of(id, by)}`))[0].letter}'::bytea`;
  const put = (id, by, value) => psql(`UPDATE invitation_letter SET letter = ${value}
    WHERE ${of(id, by)}`);
  /** As one that is given last. */
  const give = (id, by, value) => psql(`INSERT INTO invitation_letter (session_id,
      user_id, invited_by, fingerprint, letter)
    SELECT '${id}', ${user(dave)}, l.user_id, l.fingerprint, ${value}
    FROM account_log l WHERE l.user_id = ${user(by)}`);
  const withhold = (id, ...by) => psql(
    `DELETE FROM invitation_letter WHERE ${of(id, ...by)}`);
  const signers = async id => (await letter(dave, id)).letters.map(l => l.by);

  test('a letter is what the one who invites has signed', async () => {
    const id = await conversation(alice, bob), other = await conversation(alice, bob);
    await bob.does('invite', '--ask', other, dave.name);
    await bob.does('invite', '--ask', id, dave.name);
    const [own, strange] = [await stored(id, bob), await stored(other, bob)];
    // a bit, as a byte that is written over may have that value before
    const changed = at => `set_byte(${own}, ${at - 1}, get_byte(${own}, ${at - 1}) # 1)`;
    for (const [what, value, slug] of [
      ['another session\'s', strange, 'bad-letter'],
      ['another place', changed(30), 'bad-letter'],
      ['by another', changed(120), 'no-letter'],
      ['not a letter', "'\\x0102'", 'no-letter']]) {
      await put(id, bob, value);
      assert.equal((await letter(dave, id)).signed, false, what);
      const why = await dave.cannot(slug, 'accept', id);
      assert.match(why, new RegExp(`${bob.name}.*hermetic resolve`), what);
    }
    await withhold(id);
    await dave.cannot('no-letter', 'accept', id);
    assert.match((await dave.starts('invitations').ended).out,
      new RegExp(`${id}  invited by ${bob.name}, as the server says`));
    // inviting again commits nothing, and sends it again
    const { length } = await alice.does('read', id);
    await bob.does('invite', '--ask', id, dave.name);
    assert.equal((await alice.does('read', id)).length, length);
    assert.equal((await letter(dave, id)).signed, true);
    await dave.does('accept', id);
    // who has no device that can be added is invited, also with the session itself
    await psql(`DELETE FROM key_package WHERE device_id = '${dave.device}'`);
    const [{ session_id: made }] = await alice.does('create', '--invite', dave.name,
      '--invite', bob.name);
    assert.deepEqual(await invited(alice, made), [dave.name]);
    await bob.does('join', made);
    await dave.does('accept', made);
    assert.equal((await bob.does('members', made)).length, 3);
    // the person may go on without one
    await withhold(other);
    await dave.cannot('no-letter', 'join', other);
    // of a session that others call like that one, or like its beginning
    const start = other.slice(0, 8);
    await bob.does('read', id);
    await bob.does('rename', id, start);
    await dave.does('read', id);
    assert.match(await dave.cannot('ambiguous', 'resolve', start, '--yes'),
      new RegExp(`${start} may be any of 2 sessions.*${id.slice(0, 8)} \\("${start}"\\)`));
    await bob.does('read', id);
    await bob.does('rename', id, other);
    await dave.does('read', id);
    await dave.cannot('no-such-session', 'resolve', other);
    assert.deepEqual((await dave.does('resolve', other, '--yes'))
      .map(s => s.session_id), [other]);
    assert.equal((await alice.does('members', other)).length, 3);
  });

  test('a member\'s letter keeps out nobody else\'s', async () => {
    const id = await conversation(alice, bob);
    // a good one of Alice's, whose invitation was taken back
    await alice.does('invite', '--ask', id, dave.name);
    const older = await stored(id, alice);
    await alice.does('uninvite', id, dave.name);
    await bob.does('read', id);
    await bob.does('invite', '--ask', id, dave.name);
    // who invites again is told by whom that was done, and nothing changes
    const { length } = await alice.does('read', id);
    assert.deepEqual(await alice.does('invite', '--ask', id, dave.name), [{
      session_id: id, invited: dave.name, devices: 0, invited_by: bob.name }]);
    assert.match((await alice.starts('invite', '--ask', id, dave.name).ended).out,
      new RegExp(`${dave.name} is invited already, by ${bob.name}. Nothing was changed.`));
    assert.equal((await alice.does('read', id)).length, length);
    assert.deepEqual(await signers(id), [bob.name]);
    await give(id, alice, older);
    assert.deepEqual(await signers(id), [alice.name, bob.name]);
    assert.match((await dave.starts('invitations').ended).out,
      new RegExp(`${id}  invited by ${alice.name} \\(unverified\\) and ` +
        `${bob.name} \\(unverified\\), who have signed it`));
    // a server that gives them more than once makes no more of them
    const proxy = await startProxy(node.url, { answer: ({ path, json }) =>
      path.startsWith(`/session/${id}/letter`) ? { json: { ...json,
        letters: json.letters.flatMap(l => [l, l, l]) } } : undefined });
    dave.server = proxy.url;
    assert.deepEqual(await signers(id), [alice.name, bob.name]);
    dave.server = node.url;
    await proxy.stop();
    // alone it is none
    const own = await stored(id, bob);
    await withhold(id, bob);
    assert.deepEqual(await signers(id), [alice.name]);
    assert.match(await dave.cannot('no-letter', 'accept', id),
      new RegExp(`no letter of ${bob.name}.* Other members have signed`));
    await give(id, bob, own);
    // and by somebody who is blocked it is passed over
    await dave.does('block', alice.name);
    assert.deepEqual(await signers(id), [bob.name]);
    // also where the server goes on to give it
    await psql(`DELETE FROM account_block WHERE by_user = ${user(dave)}`);
    assert.deepEqual(await signers(id), [bob.name]);
    await dave.does('accept', id);
    assert.equal((await bob.does('members', id)).length, 3);
    // whose entry it is says who invites
    const next = await conversation(alice, bob);
    await psql(`DELETE FROM account_block`);
    await dave.does('unblock', alice.name);
    await alice.does('invite', '--ask', next, dave.name);
    await dave.does('block', alice.name);
    await psql(`DELETE FROM account_block WHERE by_user = ${user(dave)}`);
    await give(next, bob, await stored(next, alice));
    assert.match(await dave.cannot('blocked', 'join', next),
      new RegExp(`${alice.name}, whom you have blocked, invites you`));
    await dave.does('unblock', alice.name);
    await dave.does('accept', next);
  });

  test('a letter that names another history lets nobody in', async () => {
    const id = await conversation(alice, bob);
    await bob.does('invite', '--ask', id, dave.name);
    await alice.does('read', id);
    // the server takes Bob's next commit, and shows it to nobody else
    const proxy = await startProxy(node.url);
    bob.server = proxy.url;
    const [last] = await postgres.rows(`SELECT seq, encode(head, 'hex') AS head
      FROM hermetic.message WHERE session_id = '${id}' ORDER BY seq DESC LIMIT 1`);
    let own;
    proxy.hooks = {
      request: ({ method, path, body }) => {
        if (method !== 'POST' || path !== `/session/${id}/commit`) return undefined;
        own = { seq: Number(last.seq) + 1, kind: 2, envelope: body.commit };
        own.head = nextHead(last.head, own);
        return { status: 201, json: { seq: own.seq, head: own.head, epoch: 0 } };
      },
      answer: ({ path, json }) => {
        const after = Number(path.match(/messages\?.*after=(\d+)/)?.[1] ?? NaN);
        return own && path.startsWith(`/session/${id}/`) && after < own.seq ?
          { json: { ...json, messages: [...json.messages, own] } } : undefined;
      },
    };
    await bob.does('rotate', id);
    await bob.does('invite', '--ask', id, dave.name);
    await proxy.stop();
    bob.server = node.url;
    await alice.does('rotate', id);
    const why = await dave.cannot('letter-differs', 'accept', id);
    assert.match(why, new RegExp(`The letter of ${bob.name}, who invites you into ` +
      `${id}, names another history`));
    // or one that goes on behind what the server shows
    const short = await conversation(alice, bob);
    await bob.does('invite', '--ask', short, dave.name);
    const shown = await startProxy(node.url);
    const [{ seq }] = await postgres.rows(`SELECT last_seq AS seq
      FROM hermetic.session WHERE session_id = '${short}'`);
    let info;
    shown.hooks = { answer: ({ path, json }) => {
      if (path.startsWith(`/session/${short}/group-info`) && !/generation/.test(path))
        return { json: info ??= json };
      return /messages\?/.test(path) ? { json: { ...json,
        messages: json.messages.filter(m => m.seq <= Number(seq)) } } : undefined;
    } };
    const there = dave.server;
    dave.server = shown.url;
    await withhold(short);
    await dave.cannot('no-letter', 'accept', short);
    assert.ok(info);
    await alice.does('rotate', short);
    await bob.does('read', short);
    await bob.does('invite', '--ask', short, dave.name);
    await dave.cannot('letter-differs', 'accept', short);
    dave.server = there;
    await shown.stop();
    await dave.does('accept', short);
    // the person may come in all the same
    await dave.does('resolve', id, '--yes');
    assert.equal((await alice.does('members', id)).length, 3);
  });
});
