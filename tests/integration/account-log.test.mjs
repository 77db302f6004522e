// Accounts have a log of signed links: the server verifies each before it stands
// there, and gives it to whoever asks; the command looks at one without a server.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import {
  AccountDevice, AccountLog, linkHash,
} from '../testlib/accounts.mjs';
import { base64, newName, newUser, ok, refused } from '../testlib/api.mjs';
import { noise } from '../testlib/mls.mjs';
import { hermetic, newHome, startNode, startPostgres }
  from '../testlib/stack.mjs';

const hex = bytes => bytes.toString('hex');

describe('an account\'s log', { concurrency: false }, () => {
  let postgres, node, other, stranger;
  before(async () => {
    postgres = await startPostgres();
    [node, other] = await Promise.all([1, 2].map(() =>
      startNode({ postgres, env: { HERMETIC_LINKS_PER_MINUTE: '10000' } })));
    stranger = await newUser(node.url, 'stranger');
  });
  after(async () => {
    await Promise.all([node?.stop(), other?.stop()]);
    await postgres?.stop();
  });

  const path = user => `/users/${user.username ?? user}/log`;
  const post = (user, link, { by = user, salt, url } = {}) =>
    by.post(path(user), { link: base64(link),
      ...(salt && { salt: base64(salt) }) }, { url });
  const read = async (user, query = '', by = user) =>
    ok(await by.get(path(user) + query));

  /** A user whose log has its first link. */
  async function begun(stem = 'alice') {
    const user = await newUser(node.url, stem);
    const log = new AccountLog(user.username);
    const place = ok(await post(user, log.links[0], { salt: log.salt }), 201);
    assert.deepEqual(place, { number: 1, hash: hex(log.fingerprint) });
    return { user, log };
  }

  test('begins with the account\'s own link', async () => {
    const user = await newUser(node.url, 'alice');
    assert.deepEqual(await read(user),
      { username: user.username, last: 0, links: [] });
    const log = new AccountLog(user.username);
    const first = log.links[0];
    refused(await post(user, first, { salt: log.salt, by: stranger }), 403,
      'forbidden');
    refused(await post(user, first), 422, 'link-invalid');
    refused(await post(user, first, { salt: randomBytes(16) }), 422,
      'link-invalid');
    refused(await post(user, first, { salt: randomBytes(32) }), 422,
      'link-invalid'); // another name's
    refused(await post(user, new AccountLog('alice').links[0],
      { salt: log.salt }), 422, 'link-invalid');
    ok(await post(user, first, { salt: log.salt }), 201);
    ok(await post(user, first, { salt: log.salt }), 200);
    const another = new AccountLog(user.username);
    assert.equal(refused(await post(user, another.links[0],
      { salt: another.salt }), 409, 'link-taken').last, 1);
    assert.deepEqual(await read(user), { username: user.username,
      fingerprint: hex(log.fingerprint), salt: base64(log.salt), last: 1,
      links: [base64(first)] });
    refused(await user.get(path('nobody-there')), 404, 'not-found');
    refused(await post('nobody-there', first, { by: user, salt: log.salt }),
      404, 'not-found');
  });

  test('grows by links of every kind, posted by anybody', async () => {
    const { user, log } = await begun();
    const phone = new AccountDevice();
    const links = [log.add(phone), log.recover(phone), log.recover(null),
      log.withdraw([randomBytes(32)], phone), log.remove(phone, null),
      log.close()];
    for (const [i, link] of links.entries()) {
      const by = i % 2 ? stranger : user;
      assert.deepEqual(ok(await post(user, link, { by }), 201),
        { number: i + 2, hash: hex(linkHash(link)) });
      ok(await post(user, link, { by: i % 2 ? user : stranger }), 200);
    }
    const all = await read(user, '', stranger);
    assert.deepEqual(all.links, log.links.map(base64));
    assert.equal(all.last, 7);
    refused(await post(user, log.close()), 422, 'link-invalid');
  });

  test('a link that is wrong does not stand there', async () => {
    const { user, log } = await begun();
    const phone = new AccountDevice();
    ok(await post(user, log.add(phone)), 201);
    const spoiled = at => {
      const link = Buffer.from(log.branch().close());
      link[at < 0 ? link.length + at : at] ^= 1;
      return link;
    };
    const branch = () => log.branch();
    const wrong = {
      noise: noise(120),
      'another version': spoiled(0),
      'the hash of the link before': spoiled(12),
      'a signature that was changed': spoiled(-1),
      'another label': branch().close(log.first, { label: 'device' }),
      'a key that was there': branch().add(phone),
      'a device that has not signed': branch().add(
        Object.assign(new AccountDevice(), { link: phone.link })),
      'two begins': log.links[0],
    };
    for (const link of Object.values(wrong))
      refused(await post(user, link), 422, 'link-invalid');
    refused(await post(user, branch().close(new AccountDevice(),
      { signer: 9 })), 403, 'not-allowed');
    refused(await post(user, branch().close(log.first), { salt: log.salt }),
      422, 'link-invalid');
    assert.equal((await read(user)).last, 2);
    const gap = branch();
    gap.add();
    assert.equal(refused(await post(user, gap.close()), 409, 'link-gap').last,
      2);
    refused(await user.post(path(user), { link: base64(noise(5000)) }),
      400, 'malformed');
  });

  test('of two links with one number the second is told', async () => {
    const { user, log } = await begun();
    const lost = log.branch();
    ok(await post(user, log.add()), 201);
    const mine = lost.add();
    assert.equal(refused(await post(user, mine), 409, 'link-taken').last, 2);
    // who lost names it in the next one
    ok(await post(user, log.withdraw([linkHash(mine)])), 201);

    // at once, at two nodes, behind a long log: one wins
    const racers = Array.from({ length: 8 }, () => log.branch());
    const answers = await Promise.all(racers.map((racer, i) =>
      post(user, racer.add(), { url: i % 2 ? node.url : other.url })));
    assert.equal(answers.filter(a => a.status === 201).length, 1);
    for (const answer of answers.filter(a => a.status !== 201))
      refused(answer, 409, 'link-taken');
    assert.equal((await read(user)).last, 4);
  });

  test('is read in pages, and many of them at once', async () => {
    const { user, log } = await begun('long');
    for (let i = 0; i < 12; i++) {
      const device = new AccountDevice();
      ok(await post(user, log.add(device)), 201);
      ok(await post(user, log.remove(device)), 201);
    }
    let got = [], after = 0;
    for (;;) {
      const page = await read(user, `?after=${after}&limit=7`);
      got = got.concat(page.links);
      assert.equal(page.last, 25);
      if (page.next === undefined) break;
      assert.equal(page.next, got.length);
      after = page.next;
    }
    assert.deepEqual(got, log.links.map(base64));
    assert.deepEqual((await read(user, '?after=25')).links, []);
    refused(await user.get(`${path(user)}?limit=0`), 400, 'malformed');
    refused(await user.get(`${path(user)}?after=x`), 400, 'malformed');

    const second = await begun('second');
    const logs = ok(await stranger.post('/users/logs', {
      accounts: [user.username, 'nobody-there', hex(second.log.fingerprint),
        stranger.username],
      after: [20, 0, 0, 0] })).logs;
    assert.deepEqual(logs.map(l => [l.username, l.last, l.links.length]), [
      [user.username, 25, 5], [second.user.username, 1, 1],
      [stranger.username, 0, 0]]);
    assert.deepEqual(logs[0].links, log.links.slice(20).map(base64));
    assert.deepEqual(ok(await stranger.post('/users/logs',
      { accounts: [] })).logs, []);
    refused(await stranger.post('/users/logs', { accounts: ['a'],
      after: [1, 2] }), 422, 'invalid');
    refused(await stranger.post('/users/logs', { accounts: ['a'],
      after: [-1] }), 400, 'malformed');
    refused(await stranger.post('/users/logs',
      { accounts: Array(129).fill('a') }), 400, 'malformed');
    // by its fingerprint alone, too
    assert.deepEqual(await read(hex(log.fingerprint), '', stranger),
      await read(user));
  });

  test('two hundred logs of twenty devices take two requests', async () => {
    const { user, log } = await begun('crowd');
    while (log.number < 20) ok(await post(user, log.add()), 201);
    // the same log under many names: what it costs to read is the same
    const names = Array.from({ length: 200 }, () => user.username);
    let links = 0;
    for (const some of [names.slice(0, 128), names.slice(128)]) {
      const { logs } = ok(await stranger.post('/users/logs',
        { accounts: some }));
      assert.equal(logs.length, some.length);
      for (const l of logs) links += l.links.length;
    }
    assert.equal(links, 200 * 20);
  });

  test('can be neither changed nor emptied by the API', async () => {
    const { user } = await begun();
    for (const sql of ['DELETE FROM hermetic.account_link',
      'DELETE FROM hermetic.stored_link',
      'DELETE FROM hermetic.account_log',
      'TRUNCATE hermetic.stored_link',
      'UPDATE hermetic.stored_link SET branch = branch + 1',
      'UPDATE hermetic.account_link SET number = number + 1',
      'UPDATE hermetic.account_log SET salt = salt'])
      await assert.rejects(postgres.psql(sql, { url: postgres.apiUrl }),
        /permission denied/, sql);
    assert.equal((await read(user)).last, 1);
    // not even its owner puts other bytes under a hash
    await assert.rejects(postgres.psql(`UPDATE hermetic.account_link
      SET link = link || '\\x00'`), /violates check constraint/);
  });

  test('what one account may post is bounded, and what a log takes', async () => {
    const slow = await startNode({ postgres, workers: 1,
      env: { HERMETIC_LINKS_PER_MINUTE: '3' } });
    try {
      const [{ user }, { user: other, log }] = [await begun('eager'), await begun()];
      // strangers use up what is theirs, and nothing of the account's
      for (const by of [await newUser(node.url), user]) {
        const answers = [];
        for (let i = 0; i < 6; i++)
          answers.push(await post(user, noise(100), { by, url: slow.url }));
        assert.equal(answers[0].status, 422);
        refused(answers.at(-1), 429, 'too-many-requests');
      }
      const answers = [];
      for (let i = 0; i < 6; i++)
        answers.push(await post(other, log.withdraw([randomBytes(32)]),
          { by: await newUser(node.url), url: slow.url }));
      assert.equal(answers[0].status, 201);
      refused(answers.find(a => a.status !== 201), 429, 'too-many-requests');
    } finally {
      await slow.stop();
    }
  });

  test('register begins it, and login leaves it as it is', async () => {
    const home = newHome(), passphrase = 'a long passphrase';
    const username = newName('carol');
    const as = (where, ...args) => hermetic(args, { home: where, passphrase,
      server: node.url, env: { HERMETIC_USERNAME: username,
        HERMETIC_SCRYPT_N: '16384' } });
    const done = await as(home, 'register');
    assert.equal(done.code, 0, done.err);
    const log = await read(username, '', stranger);
    assert.equal(log.last, 2); // and a recovery key
    const again = await as(home, 'login');
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await read(username, '', stranger), log);
    const said = await verify(fileOf(log), '--json');
    assert.equal(said.json[0].username, username);
    assert.deepEqual(said.json[0].devices, [{ device: 1, signer: 1 }]);
    assert.equal(said.json[0].recovery, true);

    // what a failover lost, the device gives the server again
    await postgres.psql(`DELETE FROM hermetic.account_link
        WHERE fingerprint = '\\x${log.fingerprint}';
      DELETE FROM hermetic.account_log
        WHERE fingerprint = '\\x${log.fingerprint}'`);
    assert.equal((await read(username, '', stranger)).last, 0);
    assert.equal((await as(home, 'login')).code, 0);
    assert.deepEqual(await read(username, '', stranger), log);
  });

  test('two people compare numbers, once', async () => {
    const people = {};
    for (const stem of ['dora', 'emil']) {
      const home = newHome(), username = newName(stem);
      const run = (...args) => hermetic(args, { home, server: node.url,
        passphrase: 'a long passphrase', env: { HERMETIC_USERNAME: username,
          HERMETIC_SCRYPT_N: '16384' } });
      const done = await run('register');
      assert.equal(done.code, 0, done.err);
      people[stem] = { run, username };
    }
    const { dora, emil } = people;
    const verified = async (by, who, ...more) => {
      const answer = await by.run('verify', who.username, '--json', ...more);
      assert.equal(answer.code, 0, answer.err);
      return answer.json[0];
    };
    const [hers, his] = [await verified(dora, emil),
      await verified(emil, dora)];
    assert.match(hers.own.digits, /^(\d{5} ){11}\d{5}$/);
    assert.equal(hers.own.digits, his.person.digits);
    assert.equal(hers.person.digits, his.own.digits);
    assert.notEqual(hers.own.digits, his.own.digits);
    assert.equal(hers.person.compared, 'no');
    const text = (await dora.run('verify', emil.username)).out;
    assert.ok(text.includes(hers.person.digits.slice(0, 35)), text);
    assert.match(text, /You have not compared .* --yes/);
    assert.equal((await verified(dora, emil, '--yes')).person.compared, 'yes');
    assert.equal((await verified(dora, emil)).person.compared, 'yes');
    assert.equal((await verified(emil, dora)).person.compared, 'no');
    assert.equal((await dora.run('accept', emil.username)).code, 1);

    // somebody who writes the database makes emil another account
    const fake = new AccountLog(emil.username);
    await postgres.psql(`WITH gone AS (DELETE FROM hermetic.account_link
        WHERE fingerprint = '\\x${hers.person.fingerprint}')
      DELETE FROM hermetic.account_log
        WHERE fingerprint = '\\x${hers.person.fingerprint}'`);
    await postgres.psql(`INSERT INTO hermetic.account_log
        (fingerprint, user_id, salt) SELECT '\\x${hex(fake.fingerprint)}',
        user_id, '\\x${hex(fake.salt)}' FROM hermetic.account
        WHERE username = '${emil.username}';
      INSERT INTO hermetic.account_link (fingerprint, number, hash, link)
        VALUES ('\\x${hex(fake.fingerprint)}', 1,
          '\\x${hex(fake.fingerprint)}', '\\x${hex(fake.links[0])}')`);
    const told = await dora.run('verify', emil.username);
    assert.equal(told.code, 1);
    assert.match(told.err, /is another account now .* hermetic accept/s);
    const own = await emil.run('verify', dora.username);
    assert.equal(own.code, 1);
    assert.match(own.err, /not the one that this device knows/);
    assert.equal((await dora.run('accept', emil.username, '--yes')).code, 0);
    const after = await verified(dora, emil);
    assert.equal(after.person.fingerprint, hex(fake.fingerprint));
    assert.equal(after.person.compared, 'no');
    // what the server shows can be kept, and looked at elsewhere
    const file = join(newHome(), 'emil.json');
    writeFileSync(file, (await dora.run('account', 'log', emil.username)).out);
    assert.equal((await verify(file, '--json')).json[0].fingerprint,
      hex(fake.fingerprint));
    const nobody = await dora.run('account', 'log', 'nobody-here');
    assert.equal(nobody.code, 1);
    assert.equal(nobody.out, '');
  });

  // --- the command, without a server ----------------------------------------

  const verify = (file, ...more) =>
    hermetic(['account', 'verify', file, ...more], { home: newHome() });

  function fileOf(...pages) {
    const file = join(newHome(), 'log.json');
    writeFileSync(file, pages.map(p => JSON.stringify(p)).join('\n'));
    return file;
  }

  test('the command says what a log says', async () => {
    const { user, log } = await begun();
    const phone = new AccountDevice(), tablet = new AccountDevice();
    for (const link of [log.add(phone), log.recover(), log.recover(phone),
      log.add(tablet, null), log.remove(phone), log.close()])
      ok(await post(user, link), 201);
    const file = fileOf(await read(user, '?limit=3'),
      await read(user, '?after=3'));
    const said = await verify(file);
    assert.equal(said.code, 0, said.err);
    assert.equal(said.out, `account      ${user.username}
fingerprint  ${hex(log.fingerprint).match(/..../g).join(' ')}
place        7 ${hex(log.hash)}
device       1, the first one
device       2, added by device 1, removed by link 6
device       5, added by the recovery key
recovery     there is a key
changed      by link 5: who compared the fingerprint before has to do it again
closed       by link 7
`);
    const [json] = (await verify(file, '--json')).json;
    assert.deepEqual(json, { fingerprint: hex(log.fingerprint), number: 7,
      hash: hex(log.hash), devices: [{ device: 1, signer: 1 },
        { device: 2, signer: 1, removed: 6 }, { device: 5, signer: 0 }],
      recovery: true, changed: 5, closed: 7, username: user.username });
  });

  test('and which link is wrong, and why', async () => {
    const log = new AccountLog('alice');
    const page = (links, more) => ({ username: 'alice',
      salt: base64(log.salt), last: links.length,
      links: links.map(base64), ...more });
    const said = async (...pages) => {
      const answer = await verify(fileOf(...pages));
      assert.equal(answer.code, 1, answer.out);
      assert.equal(answer.out, '');
      return answer.err;
    };
    const spoiled = Buffer.from(log.branch().add());
    spoiled[300] ^= 1;
    assert.match(await said(page([...log.links, spoiled])),
      /Link 2 is wrong: its signature does not verify\./);
    assert.match(await said(page([...log.links]), page([log.links[0]])),
      /Link 2 is wrong: its number is not the next one\./);
    assert.match(await said(page(log.links, { username: 'bob' })),
      /The log is another account's than bob's\./);
    assert.match(await said(page([])), /it has no links/);
    assert.match(await said({ links: ['?'] }), /a link is not base64/);
    assert.match(await said({}), /it has no links/);
    const none = await verify('/nowhere/there.json');
    assert.match(none.err,
      /Cannot read \/nowhere\/there\.json: No such file or directory\./);
    const usage = await hermetic(['account', 'verify']);
    assert.equal(usage.code, 2);
    assert.equal((await hermetic(['account', 'delete', 'x'])).code, 2);
  });
});
