// Sessions over REST: creating, inviting, joining, commits.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import {
  Session, base64, firstHead, newName, newUser, newUsers, nextHead, ok, refused,
} from '../testlib/api.mjs';
import {
  Group, noise, privateMessage, rawProposal, roles, suites, uuidBytes, view,
} from '../testlib/mls.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('sessions', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres,
      env: { HERMETIC_ALGORITHMS: Object.keys(suites).join() } });
    [alice, bob, carol] = await newUsers(node.url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const members = async (device, session) =>
    ok(await device.get(session.path('/members')));

  test('created in each algorithm, with the creator as leaf 0', async () => {
    for (const algorithm of Object.keys(suites)) {
      const session = await Session.create(alice, { algorithm });
      const found = ok(await alice.get(session.path()));
      assert.equal(found.algorithm, algorithm);
      assert.equal(found.epoch, 0);
      assert.equal(found.join_policy, 'invited');
      assert.equal(found.creator, alice.username);
      assert.equal(found.last_seq, 0);
      assert.equal(found.head, firstHead(session.id));
      assert.equal(found.member, true);
      const all = await members(alice, session);
      assert.deepEqual(all.members.map(m => [m.leaf_index, m.device_id]),
        [[0, alice.id]]);
    }
  });

  test('what is no session is refused', async () => {
    const session_id = randomUUID();
    const info = ({ session = session_id, algorithm = 'chacha20-poly1305',
      device = alice, owner = device, epoch = 0, ...rest } = {}) => ({
      group_info: base64(new Group({ session, algorithm,
        keys: device.keysFor(algorithm),
        extensions: roles({ [owner.username]: 'owner' }) })
        .info({ epoch, ...rest })) });
    const good = { session_id, algorithm: 'chacha20-poly1305', ...info() };
    const create = (change, expected = [422, 'invalid']) =>
      alice.post('/session/create', { ...good, ...change })
        .then(answer => refused(answer, ...expected));
    await create(info({ epoch: 1 }));
    await create(info({ session: randomUUID() }));
    await create(info({ algorithm: 'aes-256-gcm' }));
    await create(info({ device: bob }));
    await create(info({ owner: bob }));
    await create(info({ keys: bob.keysFor() })); // signed by another
    await create(info({ leaves: [1, 2].map(() =>
      alice.keysFor().leaf({ source: 1 })) }));
    await create(info({ treeHash: () => randomBytes(32) }));
    await create({ group_info: base64(noise(200)) });
    await create({ algorithm: 'rot13' });
    await create({ join_policy: 'whoever' });
    await create({ session_id: 'x' }, [400, 'malformed']);
    await create({ session_id: `${session_id}0` }, [400, 'malformed']);
    await create({ invite: 'bob' }, [400, 'malformed']);
    await create({ invite: [newName('nobody')] }, [404, 'not-found']);
    refused(await alice.get(`/session/${session_id}`), 404, 'not-found');
    ok(await alice.post('/session/create', good), 201);
    refused(await bob.post('/session/create', { ...good,
      ...info({ device: bob }) }), 409, 'session-exists');
    refused(await alice.post('/session/create', good), 409, 'session-exists');
  });

  test('for others it is not there, until they are invited', async () => {
    const session = await Session.create(alice);
    for (const rest of ['', '/members'])
      refused(await bob.get(session.path(rest)), 404, 'not-found');
    refused(await bob.get(session.path('/group-info')), 403, 'not-invited');
    refused(await bob.get(session.path('/messages')), 403, 'not-a-member');
    refused(await bob.get(session.path('/messages/1')), 404, 'not-found');
    refused(await bob.post(session.path('/invite'),
      { usernames: [carol.username] }), 403, 'not-a-member');
    refused(await session.join(bob), 403, 'not-invited');
    refused(await session.send(bob), 403, 'not-a-member');

    refused(await alice.post(session.path('/invite'),
      { usernames: [bob.username, newName('nobody')] }), 404, 'not-found');
    for (let i = 0; i < 2; i++)
      assert.equal((await alice.post(session.path('/invite'),
        { usernames: [bob.username] })).status, 204);
    assert.deepEqual((await members(alice, session)).invited, [bob.username]);
    const seen = ok(await bob.get(session.path()));
    assert.equal(seen.member, false);
    const info = ok(await bob.get(session.path('/group-info')));
    assert.equal(info.epoch, 0);
    refused(await bob.get(session.path('/messages')), 403, 'not-a-member');

    const joined = ok(await session.join(bob));
    assert.equal(joined.seq, 1);
    assert.equal(joined.session.epoch, 1);
    assert.equal(joined.session.member, true);
    assert.equal(joined.head, joined.session.head);
    const [commit] = await session.history(bob);
    assert.equal(commit.kind, 2);
    assert.equal(commit.sender, bob.id);
    assert.equal(commit.epoch, 0);
    assert.equal(commit.head, nextHead(firstHead(session.id), commit));
    assert.deepEqual((await members(bob, session)).members.map(
      m => [m.leaf_index, m.username]),
    [[0, alice.username], [1, bob.username]]);
    refused(await carol.get(session.path()), 404, 'not-found');
  });

  test('an open one takes everyone', async () => {
    const session = await Session.create(alice, { join_policy: 'open' });
    assert.equal(ok(await carol.get(session.path())).member, false);
    ok(await carol.get(session.path('/group-info')));
    ok(await session.join(carol));
    assert.deepEqual((await members(carol, session)).members.map(
      m => m.device_id), [alice.id, carol.id]);
  });

  test('added by KeyPackage: the Welcome waits, and is used once', async () => {
    const session = await Session.create(alice);
    const welcomed = randomBytes(500);
    const answer = ok(await session.change(alice, {
      add: [bob, carol].map(d => d.keysFor().keyPackage()),
      welcome: welcomed }), 201);
    assert.equal(answer.epoch, 1);
    for (const device of [bob, carol]) {
      const list = ok(await device.get('/welcomes')).welcomes
        .filter(w => w.session_id === session.id);
      assert.equal(list.length, 1);
      assert.equal(list[0].welcome, base64(welcomed));
      assert.equal(list[0].seq, answer.seq);
      assert.equal(list[0].head, answer.head);
      const use = { session_id: session.id, welcome_id: list[0].welcome_id };
      refused(await alice.post('/session/join', use), 404, 'not-found');
      refused(await device.post('/session/join',
        { ...use, session_id: randomUUID() }), 404, 'not-found');
      const joined = ok(await device.post('/session/join', use));
      assert.equal(joined.seq, answer.seq);
      assert.equal(joined.head, answer.head);
      assert.equal(joined.session.member, true);
      refused(await device.post('/session/join', use), 404, 'not-found');
    }
    assert.deepEqual((await members(bob, session)).members.map(
      m => [m.leaf_index, m.device_id]),
    [[0, alice.id], [1, bob.id], [2, carol.id]]);
  });

  test('the first GroupInfo stays, and each has its place in the log',
    async () => {
      const session = await Session.create(alice);
      const first = base64(session.group.info());
      const { head: start } = ok(await alice.get(session.path()));
      const ask = (query = '', device = alice) =>
        device.get(session.path(`/group-info${query}`));
      const begin = ok(await ask());
      assert.deepEqual(begin, { epoch: 0, seq: 0, head: start,
        group_info: begin.group_info });
      const added = await session.add(alice, bob);
      ok(await session.send(alice), 201);
      const now = ok(await ask());
      assert.deepEqual([now.epoch, now.seq, now.head],
        [1, added.seq, added.head]);
      assert.notEqual(now.group_info, begin.group_info);
      assert.equal(begin.group_info.length, first.length);
      assert.deepEqual(ok(await ask('?generation=0', bob)), begin);
      refused(await ask('?generation=1'), 404, 'not-found');
      refused(await ask('?generation=4294967295'), 404, 'not-found');
      refused(await ask('?generation=4294967296'), 400, 'malformed');
      refused(await ask('?generation='), 400, 'malformed');
      refused(await ask('?generation=0', carol), 403, 'not-invited');
    });

  test('leaves: removed, and the leftmost free one is taken', async () => {
    const session = await Session.create(alice);
    await session.add(alice, bob, carol);
    await session.remove(carol, bob);
    assert.equal(ok(await bob.get(session.path('/messages'))).messages.length,
      2); // up to the commit that removed him
    refused(await bob.get(session.path('/messages?after=2')), 403,
      'not-a-member');
    refused(await bob.get(session.path()), 404, 'not-found');
    assert.deepEqual((await members(alice, session)).members.map(
      m => [m.leaf_index, m.device_id]), [[0, alice.id], [2, carol.id]]);
    await session.add(alice, bob);
    assert.deepEqual((await members(alice, session)).members.map(
      m => [m.leaf_index, m.device_id]),
    [[0, alice.id], [1, bob.id], [2, carol.id]]);
    assert.equal((await session.history(bob)).length, 3);
    // gone and come in one commit
    const answer = ok(await session.change(alice, { remove: [1],
      add: [bob.keysFor().keyPackage()], welcome: randomBytes(9) }), 201);
    assert.equal(answer.epoch, 4);
  });

  test('rejoining from outside in place of an earlier self', async () => {
    const session = await Session.create(alice, { join_policy: 'open' });
    ok(await session.join(bob));
    refused(await session.join(carol, { remove: [1] }), 403, 'not-allowed');
    refused(await session.join(bob), 403, 'not-allowed');
    session.leaves.delete(bob.id);
    ok(await session.join(bob, { remove: [1] }));
    assert.deepEqual((await members(bob, session)).members.map(
      m => [m.leaf_index, m.device_id]), [[0, alice.id], [1, bob.id]]);
  });

  test('one commit an epoch; the same bytes again, the same answer',
    async () => {
      const session = await Session.create(alice);
      await session.add(alice, bob, carol);
      const posts = [alice, bob, carol].flatMap(device => [1, 2].map(() => ({
        device, json: { commit: base64(session.commit(device)),
          group_info: base64(session.groupInfo()) }, next: session.next })));
      const answers = await Promise.all(posts.map(p =>
        p.device.post(session.path('/commit'), p.json)));
      const won = answers.findIndex(a => a.status === 201);
      assert.equal(answers.filter(a => a.status === 201).length, 1);
      for (const a of answers.filter(x => x.status !== 201))
        assert.equal(refused(a, 409, 'epoch-changed').epoch, 2);
      session.adopt(posts[won].next);
      ok(await session.change(posts[won].device), 201); // and on
      const again = await posts[won].device.post(session.path('/commit'),
        posts[won].json);
      assert.deepEqual(ok(again), answers[won].json);
      // another device cannot have its answer
      const other = posts.find(p => p.device !== posts[won].device).device;
      assert.notEqual((await other.post(session.path('/commit'),
        posts[won].json)).status, 200);
      assert.equal((await session.history(alice)).length, 3);
    });

  test('a commit that does not fit is refused', async () => {
    const session = await Session.pair(alice, bob);
    const good = () => session.commit(alice);
    const denied = ["adds a device under another's name", 'adds who is in',
      'adds one twice', 'a PreSharedKey'];
    const bad = {
      junk: { commit: noise(100) },
      'a GroupInfo': { commit: session.groupInfo(1) },
      'a PrivateMessage': { commit: privateMessage({ session: session.id,
        epoch: 1, contentType: 3 }) },
      'of another session': { commit: session.commit(alice,
        { session: randomUUID() }) },
      "another member's leaf": { commit: session.commit(alice,
        { leafIndex: 1 }) },
      'a leaf that there is not': { commit: session.commit(alice,
        { leafIndex: 7 }) },
      'a path with a foreign identity': { commit: session.commit(alice,
        { identity: bob.identity }) },
      'a proposal by reference': { commit: session.commit(alice,
        { byReference: [randomBytes(32)] }) },
      'an Update by value': { commit: session.commit(alice,
        { raw: [rawProposal(2, alice.keysFor().leaf({ source: 2 }))] }) },
      'a PreSharedKey': { commit: session.commit(alice, { raw:
        [rawProposal(4, Buffer.from([1, 1, 9, 1, 9]))] }) },
      'an unknown proposal': { commit: session.commit(alice,
        { raw: [rawProposal(0xf000)] }) },
      'removes nobody': { commit: session.commit(alice, { remove: [9] }) },
      'removes one twice': { commit: session.commit(alice,
        { remove: [1, 1] }) },
      'adds whom there is not': { commit: session.commit(alice, { add:
        [alice.keysFor().keyPackage({ identity:
          `${alice.username}/${randomUUID()}` })] }) },
      'adds without a device': { commit: session.commit(alice, { add:
        [alice.keysFor().keyPackage({ identity: 'eve' })] }) },
      "adds a device under another's name": { commit: session.commit(alice,
        { add: [carol.keysFor().keyPackage({ identity:
          `${bob.username}/${carol.id}` })] }) },
      'adds who is in': { commit: session.commit(alice,
        { add: [bob.keysFor().keyPackage()] }) },
      'adds one twice': { commit: session.commit(alice,
        { add: [1, 2].map(() => carol.keysFor().keyPackage()) }) },
      'an external one': { commit: session.commit(alice,
        { external: true }) },
      'a GroupInfo of this epoch': { commit: good(), info:
        session.groupInfo(1) },
      'a GroupInfo of later': { commit: good(), info: session.groupInfo(3) },
      "another session's GroupInfo": { commit: good(), info:
        new Session(randomUUID(), session.algorithm, alice).groupInfo(2) },
    };
    for (const [what, { commit, info }] of Object.entries(bad)) {
      const answer = await alice.post(session.path('/commit'), {
        commit: base64(commit), group_info: base64(info ?? session.next.info({
          epoch: 2 })) });
      // nobody may, or it is broken
      const [status, slug] = denied.includes(what) ? [403, 'not-allowed']
        : [422, 'commit-invalid'];
      assert.equal(answer.status, status, `${what}: ${answer.status}`);
      refused(answer, status, slug);
    }
    refused(await session.change(carol, { leafIndex: 1 }), 403,
      'not-a-member');
    session.epoch = 0;
    assert.equal(refused(await session.change(alice), 409,
      'epoch-changed').epoch, 1);
    session.epoch = 5;
    assert.equal(refused(await session.change(alice), 409,
      'epoch-changed').epoch, 1);
    refused(await alice.post(`/session/${randomUUID()}/commit`, {
      commit: base64(good()), group_info: base64(session.groupInfo()) }), 422,
    'commit-invalid');
    session.epoch = 1;
    assert.equal((await members(alice, session)).members.length, 2);
    assert.equal((await session.history(alice)).length, 1);
    ok(await session.change(alice), 201);
  });

  test('a commit is checked before it is taken: signature, tree, transcript',
    async () => {
      const session = await Session.create(alice,
        { extensions: roles({ [alice.username]: 'owner' }) });
      await session.add(alice, bob);
      await session.add(alice, carol);
      const post = async (device, options = {}, change = {}) => {
        const bytes = session.commit(device, options);
        if (options.spoil) options.spoil(bytes);
        return device.post(session.path('/commit'), { commit: base64(bytes),
          group_info: base64(session.next.info(change)) });
      };
      const bad = async (word, ...how) => {
        const { detail } = refused(await post(...how), 422, 'commit-invalid');
        assert.match(detail, word);
      };
      const random = n => randomBytes(n);
      await bad(/its signature does not verify/, alice,
        { keys: bob.keysFor(), path: false });
      await bad(/its signature does not verify/, alice,
        { spoil: b => { b[b.length - 70] ^= 1; } });
      await bad(/signature that does not verify/, alice, { identity:
        alice.identity, keys: Object.assign(Object.create(alice.keysFor()),
        { leaf: o => alice.keysFor().leaf({ ...o, context: random(3) }) }) });
      // what no member could process, as far as anybody can see that
      const form = (word, bytes) => bad(word, alice, { form: bytes });
      await form(/its confirmation tag/, { confirmation: random(31) });
      await form(/its membership tag/, { membership: random(33) });
      await form(/its membership tag/, { membership: Buffer.alloc(0) });
      await form(/not that of a path secret/, { ciphertext: random(47) });
      await form(/a kem_output of its path/, { kemOutput: random(33) });
      await form(/a kem_output of its path/, { kemOutput: Buffer.alloc(32) });
      await bad(/no external_pub/, alice, {}, { externalPub: null });
      await bad(/external_pub is no key/, alice, {},
        { externalPub: Buffer.alloc(32) });
      await bad(/confirmed_transcript_hash/, alice, {},
        { confirmed: random(32) });
      await bad(/confirmation_tag/, alice, {}, { tag: random(32) });
      await bad(/signed by another/, alice, {}, { signer: 1 });
      await bad(/signature does not verify/, alice, {},
        { keys: bob.keysFor() });
      await bad(/tree_hash/, alice, {}, { treeHash: () => random(32) });
      await bad(/other extensions/, alice, {}, { extensions: Buffer.alloc(0) });
      await bad(/leaves/, alice, {}, { leaves: session.group.leaves });
      await bad(/leaves/, alice, {}, { leaves: [0, 1, 2, 3].map(i =>
        session.group.leaves[i] ?? alice.keysFor().leaf({ source: 1 })) });
      await bad(/leaves and nodes/, alice, {},
        { tree: () => random(5) });
      await bad(/of the next epoch/, alice, {}, { id: random(16) });
      const stranger = await newUser(node.url, 'dave');
      const spoiled = stranger.keysFor().keyPackage();
      spoiled[spoiled.length - 5] ^= 1;
      await bad(/KeyPackage's signature/, alice, { add: [spoiled] });
      await bad(/another suite/, alice, { add:
        [stranger.keysFor('aes-256-gcm').keyPackage()] });
      await bad(/expired/, alice, { add:
        [stranger.keysFor().keyPackage({ notAfter: 1 })] });
      // what each may do is in the group
      const denied = async (word, ...how) => {
        const { detail } = refused(await post(...how), 403, 'not-allowed');
        assert.match(detail, word);
      };
      await denied(/admin/, bob, { remove: [2] });
      await denied(/admin/, bob, { remove: [0] });
      await denied(/owner/, bob, { extensions:
        roles({ [bob.username]: 'owner' }) });
      await denied(/owner/, bob, { extensions: Buffer.alloc(0) });
      await bad(/roles do not decode/, alice, { extensions:
        roles({ [alice.username]: 'admin' }) });
      assert.equal((await session.history(alice)).length, 2);
      ok(await session.change(alice, { extensions: roles({
        [alice.username]: 'owner', [bob.username]: 'admin' }) }), 201);
      await denied(/admin/, bob, { remove: [0] });
      ok(await session.change(bob, { remove: [2] }), 201);
    });

  test('a move to another algorithm is checked, too', async () => {
    const extensions = roles({ [alice.username]: 'owner' });
    const session = await Session.pair(alice, bob, { extensions });
    const next = Buffer.concat([uuidBytes(session.id), Buffer.from([0, 0, 0, 1])]);
    const reinit = rawProposal(5, Buffer.concat([Buffer.from([20]), next,
      Buffer.from([0, 1, 0, 4, extensions.length]), extensions]));
    const info = new Group({ session: session.id, algorithm: 'aes-256-gcm',
      keys: bob.keysFor('aes-256-gcm'), extensions });
    info.id = next;
    const move = (device, options, change = {}) =>
      device.post(session.path('/move'), { algorithm: 'aes-256-gcm',
        commit: base64(session.commit(device, { raw: [reinit], path: false,
          ...options })), welcome: base64(randomBytes(9)),
        group_info: base64(info.info({ epoch: 1, ...change })) });
    refused(await move(bob), 403, 'not-allowed');
    for (const [options, change] of [[{ keys: bob.keysFor() }], [{ raw: [] }],
      [{ remove: [1] }], [{}, { epoch: 2 }], [{}, { id: session.group.id }],
      [{}, { treeHash: () => randomBytes(64) }]])
      refused(await move(alice, options, change), 422, 'commit-invalid');
    refused(await move(carol, { leafIndex: 0 }), 403, 'not-a-member');
    refused(await move(alice, { said: Buffer.concat([
      view({ seq: 1, head: randomBytes(32).toString('hex') }),
      Buffer.alloc(1)]) }), 409, 'view-differs');
    assert.equal((await session.history(alice)).length, 1);
    ok(await session.change(alice), 201);
  });

  test('a large group is checked beside the event loop', async () => {
    // padding in extensions makes the GroupInfo large
    const padded = Buffer.concat([Buffer.from([0xff, 0x01, 0x80, 0, 0xc0, 0]),
      Buffer.alloc(0xc000)]);
    const session = await Session.create(alice, { extensions: padded });
    const keys = alice.keysFor();
    // leaves that are nobody's: the server knows better
    const strangers = Array.from({ length: 200 }, (_, i) =>
      keys.keyPackage({ identity: `x${i}/${randomUUID()}` }));
    refused(await session.change(alice, { add: strangers }), 422,
      'commit-invalid');
    const many = await Promise.all(Array.from({ length: 3 },
      () => bob.another()));
    await session.add(alice, bob, ...many);
    // which nobody may change
    refused(await session.change(alice, { extensions: Buffer.alloc(0) }), 403,
      'not-allowed');
    const slow = Promise.all([alice, bob].map(d => session.change(d)));
    ok(await alice.get('/sessions'));
    assert.deepEqual((await slow).map(a => a.status).sort(), [201, 409]);
  });

  test('a join that does not fit is refused', async () => {
    const session = await Session.create(alice, { join_policy: 'open' });
    const join = change => bob.post('/session/join', { session_id: session.id,
      commit: base64(session.commit(bob, { external: true, ...change })),
      group_info: base64(session.groupInfo()) });
    refused(await join({ path: false }), 422, 'commit-invalid');
    refused(await join({ identity: alice.identity }), 422, 'commit-invalid');
    refused(await join({ external: false, leafIndex: 0 }), 422,
      'commit-invalid');
    session.epoch = 3;
    assert.equal(refused(await session.join(bob), 409, 'epoch-changed').epoch,
      0);
    session.epoch = 0;
    refused(await bob.post('/session/join', { session_id: session.id,
      welcome_id: randomUUID() }), 404, 'not-found');
    refused(await bob.post('/session/join', { session_id: session.id }), 400,
      'malformed');
    const gone = new Session(randomUUID(), session.algorithm, alice);
    refused(await gone.join(bob), 404, 'not-found');
  });

  test('lists: mine, and where I am invited, page by page', async () => {
    const dora = await newUser(node.url, 'dora');
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await Session.create(dora)).id);
    for (let i = 0; i < 2; i++)
      ids.push((await Session.create(alice, { invite: [dora.username] })).id);
    await Session.create(alice);
    const all = ok(await dora.get('/sessions')).sessions;
    assert.deepEqual(all.map(s => s.session_id), ids.sort());
    assert.equal(all.filter(s => s.member).length, 3);
    const paged = [];
    for (let next = ''; next !== undefined;) {
      const page = ok(await dora.get(
        `/sessions?limit=2${next && `&after=${next}`}`));
      assert.ok(page.sessions.length <= 2);
      paged.push(...page.sessions.map(s => s.session_id));
      next = page.next;
    }
    assert.deepEqual(paged, ids);
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'after=x'])
      refused(await dora.get(`/sessions?${query}`), 400, 'malformed');
  });

  test('ids that are none', async () => {
    for (const id of ['x', '%00', randomUUID().slice(1), `${randomUUID()}0`])
      refused(await alice.get(`/session/${id}`), 404, 'not-found');
    refused(await alice.get(`/session/${randomUUID()}`), 404, 'not-found');
    refused(await alice.get(`/session/${randomUUID()}/members`), 404,
      'not-found');
    refused(await alice.get(`/session/${randomUUID()}/group-info`), 404,
      'not-found');
    refused(await alice.get(`/session/${randomUUID()}/messages`), 403,
      'not-a-member');
  });
});
