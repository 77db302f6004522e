// Large groups: a commit brings the part of the next GroupInfo that the node cannot
// make, or the whole one, as clients of before do; the node keeps parts, and gives
// the whole one to who joins.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Session, base64, bytesOf, newUsers, ok, refused } from '../testlib/api.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { u16, vec } from '../testlib/mls.mjs';
import { conversation, twoPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { readGroup } from '../testlib/read_group.mjs';
import { freePort, needsOwn, root, startNode, startPostgres } from '../testlib/stack.mjs';

const LARGE = 33; // leaves whose tree is 64 wide

describe('large groups', { concurrency: false }, () => {
  let postgres, node, alice, bob, devices, session, welcomed;
  const start = (env = {}, workers = 2) => startNode({ postgres, workers, env: {
    HERMETIC_DEVICES: '100', HERMETIC_LOGINS_PER_MINUTE: '1000', ...env } });
  before(async () => {
    postgres = await startPostgres();
    node = await start();
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
    devices = [];
    for (let i = 0; i < LARGE; i++) devices.push(await alice.another());
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const stored = async () => (await postgres.rows(`SELECT epoch,
    length(group_info) AS whole, length(part) AS part, cardinality(since) AS since
    FROM hermetic.group_info WHERE session_id = '${session.id}'`))[0];

  /** What is given to who joins is the group as this test has it, with the tree
   * within or (`beside`) without. */
  async function holds(device = alice, { beside = false } = {}) {
    const given = ok(await device.get(session.path('/group-info')));
    assert.equal(given.ratchet_tree !== undefined, beside);
    const group = readGroup(bytesOf(given.group_info),
      beside ? bytesOf(given.ratchet_tree) : undefined);
    assert.equal(given.epoch, session.epoch);
    assert.equal(group.epoch, session.epoch);
    assert.deepEqual(group.treeHash(), session.group.treeHash());
    assert.deepEqual(group.confirmed, session.group.confirmed);
    assert.deepEqual(group.tree(), session.group.tree());
    return given;
  }

  test('a small group is kept whole, whichever way it comes', async () => {
    session = await Session.create(alice, { invite: [bob.username] });
    await session.addBy(alice, devices.slice(0, 2), { part: true });
    assert.deepEqual(await stored(),
      { ...await stored(), part: null, since: 0 });
    await holds();
    ok(await session.change(alice), 201);
    await holds();
  });

  test('a part that is not of the next epoch is refused', async () => {
    const commit = session.commit(alice);
    const { next } = session;
    const post = more => alice.post(session.path('/commit'),
      { commit: base64(commit), ...more });
    const wrong = async (part, why) => {
      const answer = await post({ partial_group_info: base64(part) });
      assert.match(refused(answer, 422, 'commit-invalid').detail, why);
    };
    await wrong(session.group.part(), /signature does not verify/);
    await wrong(next.part({ keys: bob.keysFor() }), /signature does not/);
    await wrong(next.part({ externalPub: randomBytes(5) }), /external_pub/);
    await wrong(next.part({ more: Buffer.concat([u16(2), vec(next.tree())]) }),
      /does not decode/);
    await wrong(randomBytes(40), /does not decode/);
    // signed with a tree inside, and said to be without
    const within = next.part({ more: Buffer.concat([u16(0xf7f7), vec()]) });
    await wrong(within, /signature does not verify/);
    const both = { group_info: base64(next.info()),
      partial_group_info: base64(next.part()) };
    refused(await post(both), 422, 'commit-invalid');
    refused(await post({}), 422, 'commit-invalid');
    ok(await post({ partial_group_info: both.partial_group_info }), 201);
    session.adopt(next);
    await holds();
  });

  test('neither a leaf nor a part may be as large as a request', async () => {
    const refuses = async (why, post) => {
      const answer = await post();
      assert.match(refused(answer, 422, 'commit-invalid').detail, why);
    };
    const keys = alice.keysFor(session.algorithm);
    const many = Array.from({ length: 3000 }, (_, i) => 0x1000 + i);
    const leaf = options => Object.getPrototypeOf(keys).leaf.call(keys,
      { ...options, extensions: [0xf7f0, 0xf7f2, 0xf7f3, 0xff01, ...many] });
    keys.leaf = leaf;
    await refuses(/leaf of it is too large/,
      () => session.change(alice, { part: true }));
    delete keys.leaf;
    const guest = devices[2].keysFor(session.algorithm);
    guest.leaf = options => Object.getPrototypeOf(guest).leaf.call(guest,
      { ...options, extensions: [0xf7f0, 0xf7f2, 0xf7f3, 0xff01, ...many] });
    const keyPackage = guest.keyPackage();
    delete guest.leaf;
    await refuses(/leaf of it is too large/, () => session.change(alice,
      { add: [keyPackage], part: true }));
    const answer = await devices[2].post('/key-packages',
      { key_packages: [base64(keyPackage)] });
    assert.match(refused(answer, 422, 'key-package-invalid').detail, /too large/);
    const commit = session.commit(alice);
    const more = Buffer.concat([u16(0xf7ff), vec(randomBytes(5000))]);
    await refuses(/partial_group_info is too large/, () =>
      alice.post(session.path('/commit'), { commit: base64(commit),
        partial_group_info: base64(session.next.part({ more })) }));
    await holds();
  });

  test('a large one in parts: what is written does not grow with it', async () => {
    const { seq } = await session.addBy(alice, devices.slice(2), { part: true });
    welcomed = { seq, tree: session.group.tree() };
    const whole = await stored();
    assert.equal(whole.part, null); // its base was a small group
    for (let i = 1; i <= 3; i++) {
      ok(await session.change(devices[i], { part: true }), 201);
      const now = await stored();
      assert.deepEqual(now, { ...whole, since: i, part: now.part });
      assert.ok(now.part < 200, `${now.part} bytes`);
      await holds(bob);
    }
  });

  test('a client of before posts the whole one, and others go on', async () => {
    ok(await session.change(devices[4]), 201);
    await holds();
    ok(await session.change(devices[5], { part: true }), 201);
    await holds();
  });

  test('a GroupInfo whose tree goes beside it is given as it was signed', async () => {
    const before = await stored();
    ok(await session.change(devices[4], { part: 'beside' }), 201);
    assert.deepEqual((await stored()).whole, before.whole);
    await holds(bob, { beside: true });
    ok(await session.change(devices[5], { part: true }), 201);
    await holds(bob);
    ok(await session.change(devices[5], { part: 'beside' }), 201);
    await holds(bob, { beside: true });
  });

  test('a node that knows nothing of the group reads it from its parts', async () => {
    await node.stop();
    node = await start();
    for (const device of [alice, bob, ...devices]) device.url = node.url;
    await holds(alice, { beside: true });
    ok(await session.change(devices[6], { part: true }), 201);
    await node.stop();
    node = await start();
    for (const device of [alice, bob, ...devices]) device.url = node.url;
    ok(await session.leave(devices[7]), 201);
    ok(await session.change(alice, { part: true,
      remove: [session.leaves.get(devices[7].id)] }), 201);
    session.leaves.delete(devices[7].id);
    await holds();
  });

  test('who is invited joins it by its part', async () => {
    ok(await session.join(bob, { part: true }), 200);
    await holds(bob);
    ok(await session.send(bob), 201);
  });

  test('nodes take turns: each follows what the others took', async () => {
    const other = await start();
    try {
      for (const url of [node.url, other.url, other.url, node.url, other.url,
        node.url]) {
        alice.url = url;
        ok(await session.change(alice, { part: true }), 201);
        await holds();
      }
      devices[10].url = other.url;
      ok(await session.leave(devices[10]), 201);
      alice.url = node.url;
      ok(await session.change(alice, { part: true,
        remove: [session.leaves.get(devices[10].id)] }), 201);
      session.leaves.delete(devices[10].id);
      await holds();
    } finally {
      alice.url = node.url;
      await other.stop();
    }
  });

  test('of two commits of an epoch the first counts', async () => {
    const commits = [8, 9].map(i => {
      const commit = session.commit(devices[i]);
      return { by: devices[i], next: session.next, body: {
        commit: base64(commit),
        partial_group_info: base64(session.next.part()) } };
    });
    const answers = await Promise.all(commits.map(({ by, body }) =>
      by.post(session.path('/commit'), body)));
    const first = answers.findIndex(a => a.status === 201);
    assert.equal(refused(answers[1 - first], 409, 'epoch-changed').epoch,
      session.epoch + 1);
    session.adopt(commits[first].next);
    await holds();
    const again = await commits[first].by.post(session.path('/commit'),
      commits[first].body);
    assert.equal(again.status, 200);
  });

  test('the whole one is stored anew after many commits', async () => {
    const port = String(await freePort());
    const alone = await start({ HERMETIC_METRICS_PORT: port }, 1);
    const read = async () =>
      (await scrape(port)).get('hermetic_groups_read_total');
    try {
      const { epoch } = await stored();
      let now, most = 0;
      alice.url = alone.url;
      for (let i = 0; i < 300; i++) {
        ok(await session.change(alice, { part: 'beside' }), 201);
        now = await stored();
        most = Math.max(most, now.since);
        if (now.epoch > epoch) break;
      }
      assert.ok(now.epoch > epoch, 'it never was');
      assert.equal(now.since, 0);
      assert.ok(most > 3);
      // stored whole, and given with the tree beside all the same
      await holds(alice, { beside: true });
      ok(await session.change(alice, { part: 'beside' }), 201);
      await holds(alice, { beside: true });
      assert.equal(await read(), 1, 'who has followed it reads it no more');
    } finally {
      alice.url = node.url;
      await alone.stop();
    }
  });

  test('who has a Welcome gets the tree of its place', async () => {
    const tree = async (device, seq) =>
      device.get(session.path(`/tree${seq === undefined ? '' : `?seq=${seq}`}`));
    // what is stored whole is of a later place: the node walks from the beginning
    const given = ok(await tree(devices[20], welcomed.seq));
    assert.equal(given.seq, welcomed.seq);
    assert.deepEqual(bytesOf(given.ratchet_tree), welcomed.tree);
    await holds(alice, { beside: true }); // and what the worker keeps is of now
    refused(await tree(devices[20], welcomed.seq + 1), 404, 'not-found');
    refused(await tree(alice, welcomed.seq), 404, 'not-found');
    refused(await tree(devices[20]), 400, 'malformed');
    const late = await alice.another();
    const { seq } = await session.addBy(alice, [late], { part: true });
    assert.deepEqual(bytesOf(ok(await tree(late, seq)).ratchet_tree),
      session.group.tree());
    // a log of any length is not read for it
    await postgres.psql(`UPDATE hermetic.message
      SET envelope = envelope || decode(repeat('00', 1 << 24), 'hex')
      WHERE session_id = '${session.id}' AND seq = 1`);
    refused(await tree(devices[20], welcomed.seq), 404, 'not-found');
    ok(await tree(late, seq));
  });
});

test('members by the client\'s code come in and commit', { skip: needsOwn }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath,
    [join(root, 'bench/large.mjs'), '20', '70'], { cwd: root });
  const rows = stdout.trim().split('\n').slice(2)
    .map(line => line.split('|').map(cell => cell.trim()));
  assert.deepEqual(rows.map(r => `${r[1]} ${r[2]}`), ['20', '70'].flatMap(n =>
    ['empty', 'add', 'remove'].map(what => `${n} ${what}`)));
  const welcome = r => Number(r[4].match(/(\d+) B$/)[1]);
  assert.ok(welcome(rows[1]) > 3000, 'with the tree');
  assert.ok(welcome(rows[4]) < 1000, 'without it');
});

describe('a client at a server of before', { concurrency: false }, () => {
  let postgres, node, proxy, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    proxy = await startProxy(node.url);
    [alice, bob] = await twoPeople(node.url);
    alice.server = proxy.url;
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  test('posts the whole GroupInfo where no part is read', async () => {
    const posted = [];
    proxy.hooks = { request: async ({ path, body }) => {
      if (!/\/(commit|join)$/.test(path) || !body?.commit) return undefined;
      posted.push(Object.keys(body).find(name => name.includes('group_info')));
      return body.partial_group_info && { status: 400, json: {
        type: 'urn:hermetic:problem:malformed', title: 'malformed',
        status: 400, detail: 'unknown member partial_group_info' } };
    } };
    const id = await conversation(alice, bob);
    await alice.does('rotate', id);
    assert.deepEqual(posted.filter(name => name === 'group_info').length, 2);
    assert.deepEqual(posted.slice(0, 2), ['partial_group_info', 'group_info']);
    await bob.does('send', id, 'as before');
    assert.equal((await alice.texts(id)).at(-1), 'as before');
  });

  test('and its part where one is', async () => {
    const posted = [];
    proxy.hooks = { request: async ({ path, body }) => {
      if (path.endsWith('/commit')) posted.push(Object.keys(body).sort());
      return undefined;
    } };
    const id = await conversation(alice, bob);
    await alice.does('rotate', id);
    assert.deepEqual(posted, [['commit', 'partial_group_info', 'welcome'],
      ['commit', 'partial_group_info']]);
  });
});
