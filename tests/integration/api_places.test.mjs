// Sessions with places: the node judges leaves by the logs of their accounts.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { AccountDevice, carried, linkHash, places } from '../testlib/accounts.mjs';
import {
  Session, base64, firstHead, newAccount, newUser, ok, refused,
} from '../testlib/api.mjs';
import { DeviceKeys, join, roles, view } from '../testlib/mls.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('sessions with places', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob, carol] = await Promise.all(
      ['alice', 'bob', 'carol'].map(name => newAccount(node.url, name)));
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const name = user => user.log.fingerprint.toString('hex');
  const owned = (user, ...logs) =>
    join(roles({ [name(user)]: 'owner' }), places(...logs));
  const create = (options = {}) => Session.create(alice,
    { extensions: owned(alice, alice.log), ...options });
  /** What a commit says: the log as it was first, and links. */
  const said = (session, ...logs) => join(
    view({ seq: 0, head: firstHead(session.id) }), carried(...logs));
  const adding = (session, user, options = {}) => ({
    add: [user.keysFor().keyPackage()], welcome: randomBytes(100),
    extensions: owned(alice, alice.log, user.log),
    said: said(session, user.log), ...options });
  const members = async session =>
    ok(await alice.get(session.path('/members'))).members;

  test('the first leaf is a device of its account, at its place', async () => {
    const wrong = {
      "another account's place": owned(alice, bob.log),
      'a place that the log does not have': owned(alice,
        { ...alice.log, fingerprint: alice.log.fingerprint, number: 1,
          hash: randomBytes(32) }),
      'a place behind the log': owned(alice,
        { fingerprint: alice.log.fingerprint, number: 2,
          hash: randomBytes(32) }),
      'another owner': join(roles({ [name(bob)]: 'owner' }),
        places(alice.log)),
    };
    for (const [what, extensions] of Object.entries(wrong))
      await assert.rejects(Session.create(alice, { extensions }), what);
    const session = await create();
    assert.deepEqual((await members(session)).map(m =>
      [m.username, m.device_id]), [[alice.username, alice.id]]);
    // nobody makes it in another's place
    await assert.rejects(Session.create(Object.assign(
      Object.create(bob), { keysFor: () => alice.keysFor() }),
    { extensions: owned(alice, alice.log) }));
  });

  test('who is added is a device of an account with a place', async () => {
    const session = await create();
    const strange = new DeviceKeys(bob.identity, 'chacha20-poly1305');
    for (const [what, options] of Object.entries({
      'no place': { extensions: undefined, said: said(session) },
      'a place of another branch': { extensions: owned(alice, alice.log,
        { fingerprint: bob.log.fingerprint, number: 1,
          hash: randomBytes(32) }) },
      'the links of another account': { said: said(session, carol.log) },
      'a key that is in no log': { add: [strange.keyPackage()] },
      'a device that there is not': { add: [bob.keysFor().keyPackage(
        { identity: bob.identity.replace(/1$/, '7') })] },
      'a name': { add: [bob.keysFor().keyPackage(
        { identity: `${bob.username}/${bob.id}` })] },
    })) {
      const answer = await session.change(alice, adding(session, bob, options));
      assert.ok([403, 422].includes(answer.status),
        `${what}: ${answer.status}`);
    }
    ok(await session.change(alice, adding(session, bob)), 201);
    session.leaves.set(bob.id, 1);
    assert.deepEqual((await members(session)).map(m => m.username).sort(),
      [alice.username, bob.username].sort());
    const { welcomes } = ok(await bob.get('/welcomes'));
    assert.equal(welcomes.length, 1);
    // its own commits go on under that identity
    ok(await session.change(bob, { said: said(session) }), 201);
    // nobody takes places away, or lowers them
    for (const extensions of [owned(alice, alice.log),
      roles({ [name(alice)]: 'owner' })])
      assert.ok([403, 422].includes((await session.change(alice,
        { extensions, said: said(session) })).status));
  });

  test('a place is raised with the links in between', async () => {
    const session = await create();
    ok(await session.change(alice, adding(session, bob)), 201);
    session.leaves.set(bob.id, 1);
    const older = bob.log.branch();
    const link = bob.log.recover();
    // links that the node does not have are stored with the commit
    ok(await session.change(alice, {
      extensions: owned(alice, alice.log, bob.log),
      said: said(session, { fingerprint: bob.log.fingerprint,
        links: bob.log.links, from: 1 }) }), 201);
    ok(await bob.post(`/users/${bob.username}/log`,
      { link: base64(link) }), 200);
    refused(await session.change(alice, { extensions: owned(alice, alice.log,
      { fingerprint: older.fingerprint, number: older.number,
        hash: older.hash }), said: said(session) }), 422, 'commit-invalid');

    // the device is removed: its leaf may be removed by anybody then
    const gone = bob.log.remove(bob.log.first, null);
    ok(await alice.post(`/users/${bob.username}/log`,
      { link: base64(gone) }), 201);
    ok(await session.change(alice, {
      extensions: owned(alice, alice.log, bob.log), said: said(session) }),
    201);
    ok(await session.change(alice, { remove: [1],
      extensions: owned(alice, alice.log), said: said(session) }), 201);
    // and it does not come again
    const answer = await session.change(alice, adding(session, bob));
    assert.match(refused(answer, 422, 'commit-invalid').detail,
      /whose device its account has removed/);
  });

  test('links that a commit brings do what posted ones do', async () => {
    const session = await create();
    const dora = await newAccount(node.url, 'dora');
    ok(await session.change(alice, adding(session, dora)), 201);
    session.leaves.set(dora.id, 1);
    const { log } = dora;
    const last = async () => ok(await alice.get(
      `/users/${dora.username}/log`)).last;
    const bring = async (from, options = {}) => session.change(alice, {
      extensions: owned(alice, alice.log, log), said: said(session,
        { fingerprint: log.fingerprint, links: log.links, from }),
      ...options });
    const before = log.branch();
    log.recover();
    log.add(new AccountDevice());
    // what is refused stores nothing
    refused(await bring(1, { leafIndex: 1 }), 422, 'commit-invalid');
    assert.equal(await last(), 1);
    ok(await bring(1), 201);
    assert.equal(await last(), 3);
    // a branch of what stands is for the members to judge
    ok(await dora.get('/welcomes'));
    log.remove(log.first, null);
    ok(await bring(3), 201);
    assert.equal(await last(), 4);
    refused(await dora.get('/welcomes'), 401, 'unauthorized');
    before.close();
    refused(await alice.post(`/users/${dora.username}/log`,
      { link: base64(before.links[1]) }), 409, 'link-taken');
  });

  test('links that the log which stands counts before are not taken', async () => {
    const session = await create();
    const users = await Promise.all(['dora', 'erik', 'fred', 'bert'].map(stem =>
      newAccount(node.url, stem)));
    const [dora, erik, fred, bert] = users;
    const inside = new Map(users.map(user => [user, user.log]));
    const post = async ({ username }, link) => ok(await alice.post(
      `/users/${username}/log`, { link: base64(link) }), 201);
    const extensions = (but, ...logs) => owned(alice, alice.log,
      ...[...inside].filter(([user]) => user !== but).map(([, log]) => log),
      ...logs);
    const brings = (log, from) => said(session,
      { fingerprint: log.fingerprint, links: log.links, from });
    const place = log => ({ fingerprint: log.fingerprint, number: log.number,
      hash: log.hash });
    for (const user of users) inside.set(user, place(user.log));
    ok(await session.change(alice, { add: users.map(user =>
      user.keysFor().keyPackage()), welcome: randomBytes(100),
    extensions: extensions(), said: said(session, ...users.map(u => u.log)) }),
    201);
    users.forEach((user, i) => session.leaves.set(user.id, 1 + i));
    const out = user => ({ remove: [session.leaves.get(user.id)],
      extensions: extensions(user) });
    const raise = (user, from) => ({ extensions: extensions(user,
      place(user.log)), said: brings(user.log, from) });

    // one that the server would not have afterwards: nobody could judge the account
    const lost = dora.log.branch();
    lost.add();
    await post(dora, dora.log.add());
    refused(await session.change(bert, { extensions: extensions(dora,
      place(lost)), said: brings(lost, 1) }), 422, 'account-log-differs');
    ok(await session.change(bert, raise(dora, 1)), 201);
    inside.set(dora, place(dora.log));

    // a race that the account has settled takes nobody out where that is not known
    const race = erik.log.branch();
    race.add();
    await post(erik, erik.log.add());
    ok(await session.change(bert, raise(erik, 1)), 201);
    inside.set(erik, place(erik.log));
    await post(erik, erik.log.withdraw([linkHash(race.links[1])]));
    refused(await session.change(bert, { ...out(erik), said: brings(race, 1) }),
      422, 'account-log-differs');

    // nor does what a thief wrote count at a place only that is behind the log
    const thief = new AccountDevice();
    fred.log.recover();
    fred.log.add(thief);
    const stolen = fred.log.branch();
    for (const link of [...fred.log.links.slice(1), fred.log.add()])
      await post(fred, link);
    ok(await session.change(bert, raise(fred, 1)), 201);
    inside.set(fred, place(fred.log));
    stolen.remove(fred.log.first, thief);
    await post(fred, fred.log.remove(thief, null));
    refused(await session.change(bert, { ...out(fred), said: brings(stolen, 3) }),
      422, 'account-log-differs');

    // what nothing settles is a reason, for every member
    ok(await session.change(bert, { ...out(dora), said: brings(lost, 1) }), 201);
    assert.deepEqual((await members(session)).map(m => m.username).sort(),
      [alice, bert, erik, fred].map(u => u.username).sort());
  });

  test('the branch at which a group stands is read, however many came since', async () => {
    const session = await create();
    const dora = await newAccount(node.url, 'dora');
    ok(await session.change(alice, adding(session, dora)), 201);
    session.leaves.set(dora.id, 1);
    const first = dora.log.branch(), firstLink = first.add();
    ok(await dora.post(`/users/${dora.username}/log`,
      { link: base64(firstLink) }), 201);
    const raise = log => session.change(alice, {
      extensions: owned(alice, alice.log, log), said: said(session,
        { fingerprint: log.fingerprint, links: log.links, from: 1 }) });
    ok(await raise(first), 201);
    // each counts before the one that it withdraws
    let last = firstLink, log;
    for (let i = 0; i < 20; i++) {
      log = dora.log.branch();
      last = log.withdraw((i < 19 ? [last] : [last, firstLink]).map(linkHash)
        .sort(Buffer.compare));
      ok(await dora.post(`/users/${dora.username}/log/branch`,
        { links: [base64(last)] }), 201);
    }
    ok(await raise(log), 201);
    ok(await session.change(alice, { extensions: owned(alice, alice.log, log),
      said: said(session) }), 201);
  });

  test('who joins from outside carries its log', async () => {
    const session = await create({ join_policy: 'open' });
    const dora = await newUser(node.url, 'dora');
    refused(await session.join(dora, { said: said(session) }), 422,
      'commit-invalid');
    refused(await session.join(carol, { said: said(session) }), 422,
      'commit-invalid');
    ok(await session.join(carol, { said: said(session, carol.log) }));
    // the next commit of a member gives it a place
    refused(await session.change(alice, { said: said(session) }), 422,
      'commit-invalid');
    ok(await session.change(alice, { extensions: owned(alice, alice.log,
      carol.log), said: said(session, carol.log) }), 201);
  });

  test('a letter of each account that invites goes with an invitation', async () => {
    const [erik, guest] = await Promise.all(['erik', 'guest'].map(stem =>
      newAccount(node.url, stem)));
    const session = await create();
    ok(await session.change(alice, adding(session, erik)), 201);
    session.leaves.set(erik.id, 1);
    const bytes = text => base64(Buffer.from(text));
    const give = (who, letter) => who.post(session.path('/invite'),
      { usernames: [guest.username], letter: bytes(letter) });
    const letters = async (...texts) => {
      const given = texts.map(bytes);
      assert.deepEqual(ok(await guest.get(session.path('/letter'))),
        { letter: given[0], letters: given });
    };
    const inviter = async () => ok(await guest.get('/invitations'))
      .invitations[0]?.inviter;
    refused(await guest.get(session.path('/letter')), 404, 'not-found');
    ok(await give(alice, 'first'), 204);
    await letters('first');
    ok(await give(erik, 'second'), 204);
    await letters('second', 'first');
    // one of each, and the newest one first
    ok(await give(alice, 'third'), 204);
    await letters('third', 'second');
    assert.equal(await inviter(), alice.username);
    ok(await guest.post('/blocks', { username: alice.username }), 204);
    await letters('second');
    assert.equal(await inviter(), erik.username);
    ok(await guest.call('DELETE', `/blocks/${alice.username}`), 204);
    // 16, of which the oldest give way
    await postgres.psql(`INSERT INTO hermetic.invitation_letter (session_id, user_id,
        fingerprint, invited_by, letter, given_at)
      SELECT session_id, user_id, sha256(n::text::bytea), invited_by,
        convert_to('of ' || n, 'UTF8'), given_at + n * interval '1 second'
      FROM hermetic.invitation_letter, generate_series(1, 16) AS n
      WHERE letter = 'second'`);
    ok(await give(erik, 'fourth'), 204);
    const { letters: kept } = ok(await guest.get(session.path('/letter')));
    assert.equal(kept.length, 16);
    assert.equal(Number((await postgres.rows(`SELECT count(*) FROM
      hermetic.invitation_letter WHERE session_id = '${session.id}'`))[0].count), 16);
    assert.ok(kept.includes(bytes('fourth')) && kept.includes(bytes('of 16')));
    assert.ok(!kept.includes(bytes('of 1')) && !kept.includes(bytes('third')));
    // none of who is no member any more, who is named where nobody else invites
    ok(await give(alice, 'fifth'), 204);
    await postgres.psql(`UPDATE hermetic.invitation SET invited_by = '${erik.userId}'
      WHERE session_id = '${session.id}'`);
    assert.equal(await inviter(), erik.username);
    ok(await session.change(alice, { remove: [1],
      extensions: owned(alice, alice.log), said: said(session) }), 201);
    await letters('fifth');
    assert.equal(await inviter(), alice.username);
    // they go with the invitation
    ok(await guest.call('DELETE', `/invitations/${session.id}`), 204);
    refused(await guest.get(session.path('/letter')), 404, 'not-found');
  });
});
