// Who comes into a session that its members have not let in: refused by an honest node,
// and where the node lets it pass, by each member, with words that say what happened.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { carried, linkHash } from '../testlib/accounts.mjs';
import { base64, bytesOf, newAccount, nextHead, ok, refused } from '../testlib/api.mjs';
import { DeviceKeys, departure, join, view } from '../testlib/mls.mjs';
import { Person, conversation, newPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { leafOf, readGroup } from '../testlib/read_group.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('ghosts', { concurrency: false }, () => {
  let postgres, node, proxy, alice, bob, mallory;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    proxy = await startProxy(node.url);
    [alice, bob] = await newPeople(node.url, 'alice', 'bob');
    mallory = await newAccount(node.url, 'mallory');
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  const psql = sql => postgres.psql(`SET search_path = hermetic; ${sql}`);
  const names = async (who, id) => (await who.does('members', id))
    .map(m => `${m.username}/${m.device_id}`).sort();
  const fingerprint = async (who, name) =>
    (await who.does('verify', name))[0].person.fingerprint;

  /** Where a session's log ends. */
  async function end(id) {
    const [last] = await postgres.rows(`SELECT last_seq AS seq,
      encode(head, 'hex') AS head FROM hermetic.session WHERE session_id = '${id}'`);
    return { seq: Number(last.seq), head: last.head };
  }

  /** The node takes it as if it had looked at it: all that is stored is as it would be
   * then. */
  const letPass = (id, by, epoch, commit, info) => psql(`SELECT outcome FROM
    append_commit('${id}', '${by.userId}', '${by.id}', ${epoch}, NULL, '{}', '{}',
      '{}', '\\x${randomBytes(16).toString('hex')}',
      '\\x${commit.toString('hex')}', '\\x${info.toString('hex')}', NULL, true, 0,
      NULL)`);

  test('a key in no log of its account comes in nowhere', async () => {
    const bobs = await fingerprint(alice, bob.name);
    const alices = await fingerprint(bob, alice.name);
    for (const [what, identity, words] of [
      ["a new device of bob's", `${bobs}/9`, /another device of that user/],
      ["bob's device with another key", `${bobs}/1`, /keeps its signature key/],
      ["a new device of alice's", `${alices}/9`, /another device of that user/],
    ]) {
      const id = await conversation(alice, bob, '--open', '--algorithm',
        'chacha20-poly1305');
      await alice.does('send', id, 'among us');
      const info = ok(await mallory.get(`/session/${id}/group-info`));
      const group = readGroup(bytesOf(info.group_info));
      const { bytes, next } = group.commit({ external: true,
        keys: new DeviceKeys(identity, 'chacha20-poly1305'),
        remove: [leafOf(group, identity)].filter(leaf => leaf >= 0),
        said: join(view(await end(id)), carried()) });
      const answer = await mallory.post('/session/join', { session_id: id,
        commit: base64(bytes), group_info: base64(next.info()) });
      assert.ok([403, 422].includes(answer.status), `${what}: ${answer.status}`);
      assert.equal((await alice.does('read', id)).length, 2, what);
      const before = await names(alice, id);
      await letPass(id, mallory, group.epoch, bytes, next.info());
      for (const who of [alice, bob]) {
        const entry = (await who.does('read', id)).at(-1);
        assert.equal(entry.kind, 'refused', what);
        assert.match(entry.rule, words, what);
        assert.match((await who.starts('read', id).ended).out,
          /a commit was refused, members and keys are as before: /);
        await who.keeps('not-in-log', 'send', id, 'not to a ghost');
        assert.deepEqual(await names(who, id), before, what);
      }
    }
  });

  test('an account of the server\'s own comes into no session that is not open',
    async () => {
      const ghost = await newAccount(node.url, 'ghost');
      const id = await conversation(alice, bob, '--algorithm',
        'chacha20-poly1305');
      await alice.does('send', id, 'among us');
      // the server says that anybody may come
      await psql(`UPDATE session SET join_policy = 'open'
        WHERE session_id = '${id}'`);
      const info = ok(await ghost.get(`/session/${id}/group-info`));
      const group = readGroup(bytesOf(info.group_info));
      const { bytes, next } = group.commit({ external: true,
        keys: ghost.keysFor('chacha20-poly1305'), remove: [],
        said: join(view(await end(id)), carried(ghost.log)) });
      const answer = await ghost.post('/session/join', { session_id: id,
        commit: base64(bytes), group_info: base64(next.info()) });
      refused(answer, 403, 'not-invited');
      const before = await names(alice, id);
      await letPass(id, ghost, group.epoch, bytes, next.info());
      for (const who of [alice, bob]) {
        const entry = (await who.does('read', id)).at(-1);
        assert.equal(entry.kind, 'refused');
        assert.match(entry.rule, /no member has invited its account/);
        await who.keeps('not-in-log', 'send', id, 'not to a ghost');
        assert.deepEqual(await names(who, id), before);
      }
    });

  test('where anybody may come, who comes is shown, and reads nothing that waits',
    async () => {
      const ghost = await new Person('ghost', node.url).register();
      const id = await conversation(alice, bob, '--open');
      await alice.does('send', id, 'among us');
      await ghost.does('join', id);
      for (const who of [alice, bob]) {
        const kept = await who.keeps('new-members', 'send', id, 'not to a ghost');
        assert.match(kept.detail, new RegExp(`not seen: ${ghost.name}/1`));
        assert.match((await who.starts('read', id).ended).out,
          new RegExp(`${ghost.name} \\(unverified\\) joined`));
      }
      await alice.does('remove', id, ghost.name);
      for (const who of [alice, bob]) {
        await who.does('members', id);
        const { code, out } = await who.run('outbox', id, '--flush');
        assert.equal(code, 0, out);
      }
      assert.deepEqual(await alice.texts(id), ['among us', 'not to a ghost',
        'not to a ghost']);
      assert.deepEqual(await ghost.texts(id), []);
    });

  test('a departure that its device has not signed takes nobody out', async () => {
    const id = await conversation(alice, bob, '--open', '--algorithm',
      'chacha20-poly1305');
    const bobs = `${await fingerprint(alice, bob.name)}/1`;
    const info = ok(await mallory.get(`/session/${id}/group-info`));
    const group = readGroup(bytesOf(info.group_info));
    const leafIndex = leafOf(group, bobs);
    const forged = departure({ session: id, leafIndex,
      leaf: group.leaves[leafIndex], keys: mallory.keysFor() });
    const refusal = await mallory.post(`/session/${id}/leave`,
      { departure: base64(forged) });
    assert.ok([403, 422].includes(refusal.status), `${refusal.status}`);
    const { seq, head } = await end(id);
    const next = { seq: seq + 1, kind: 4, envelope: base64(forged) };
    const bytes = `'\\x${forged.toString('hex')}'::bytea`;
    const after = `'\\x${nextHead(head, next)}'`;
    await psql(`INSERT INTO message (session_id, seq, kind, epoch, sender, nonce,
        envelope, head, hash, sent_at) SELECT '${id}', ${next.seq}, 4, epoch,
        '${bob.device}', '\\x${randomBytes(16).toString('hex')}', ${bytes}, ${after},
        sha256(${bytes}), now() FROM session WHERE session_id = '${id}';
      UPDATE session SET last_seq = ${next.seq}, head = ${after}
        WHERE session_id = '${id}'`);
    for (const who of [alice, bob]) {
      assert.equal((await who.does('read', id))
        .find(m => m.seq === next.seq).kind, 'refused');
      assert.ok(!(await who.does('members', id)).some(m => m.departed));
      await who.does('send', id, 'nobody has left');
    }
    assert.equal((await bob.texts(id)).length, 2);
  });

  test('two who are shown different logs of a third find it out', async () => {
    const third = await newAccount(node.url, 'third');
    third.own = third.keysFor('chacha20-poly1305');
    ok(await third.post('/key-packages', { key_packages:
      [base64(third.own.keyPackage())] }), 201);
    const id = await conversation(alice, bob, '--algorithm', 'chacha20-poly1305');
    await alice.does('invite', id, third.username);
    await bob.does('members', id);
    const other = third.log.branch();
    other.add();
    third.log.add();
    ok(await third.post(`/users/${third.username}/log`, {
      link: base64(third.log.links[1]) }), 201);
    const shows = log => log.username !== third.username ? log : { ...log,
      links: log.links.map((link, i) => log.links.length - i === 1 ?
        base64(other.links[1]) : link) };
    bob.server = proxy.url;
    proxy.hooks = { answer: ({ path, json }) =>
      !/^\/users\/(logs|[^/]+\/log)/.test(path) ? undefined :
        { json: json.logs ? { logs: json.logs.map(shows) } : shows(json) } };
    const seen = async who =>
      (await who.does('verify', third.username))[0].person;
    const [hers, his] = [await seen(alice), await seen(bob)];
    assert.equal(hers.fingerprint, his.fingerprint);
    assert.deepEqual([hers.number, his.number], [2, 2]);
    assert.notEqual(hers.hash, his.hash);
    assert.deepEqual([hers.forked, his.forked], [false, false]);
    await alice.does('rotate', id);
    assert.equal((await bob.does('read', id)).at(-1).kind, 'commit');
    // the server goes on to show bob what it showed before
    assert.equal((await seen(bob)).forked, true);
    assert.match((await bob.starts('verify', third.username).ended).out,
      /two logs of .*'s account that contradict each other/);
    bob.server = node.url;
    // the account settles it, and what bob knows takes nobody out of the session
    ok(await third.post(`/users/${third.username}/log`, { link: base64(
      third.log.withdraw([linkHash(other.links[1])])) }), 201);
    assert.match(await bob.cannot('not-allowed', 'remove', id, third.username),
      /takes an admin/);
    await bob.does('send', id, 'among us three');
    assert.deepEqual(await alice.texts(id), ['among us three']);
    assert.equal((await names(alice, id)).length, 3);
    // a server that says so without a reason changes nothing
    bob.server = proxy.url;
    proxy.hooks = { request: ({ path }) => path.endsWith('/commit') && {
      status: 422, json: { type: 'urn:hermetic:problem:account-log-differs',
        title: 'Unprocessable Entity', status: 422, detail: 'it says so' } } };
    assert.match(await bob.cannot('member-log-differs', 'rotate', id),
      /settles it: hermetic devices/);
    bob.server = node.url;
    await bob.does('rotate', id);
  });
});
