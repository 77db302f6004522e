// KeyPackages over REST: publishing, counting, claiming.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { AccountLog } from '../testlib/accounts.mjs';
import {
  base64, bytesOf, login, newAccount, newName, newUser, newUsers, ok, refused,
} from '../testlib/api.mjs';
import { DeviceKeys, kemKey, suites } from '../testlib/mls.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

const algorithms = ['aes-256-gcm', 'chacha20-poly1305', 'twofish-256-gcm'];

describe('KeyPackages', { concurrency: false }, () => {
  let postgres, node, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, env: { HERMETIC_ALGORITHMS:
      [...algorithms, 'xwing-chacha20-poly1305'].join() } });
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const make = (device, count = 1, algorithm = 'chacha20-poly1305') =>
    Array.from({ length: count }, () =>
      base64(device.keysFor(algorithm).keyPackage()));
  const publish = (device, json) => device.post('/key-packages', json);
  const counts = async device => ok(await device.get('/key-packages'));
  const claim = async (who, from) => ok(await who.post('/key-packages/claim',
    { username: from.username }));

  test('published, counted, claimed once, then the last resort', async () => {
    assert.deepEqual(await counts(alice), { available: {}, last_resort: {} });
    const packages = Object.fromEntries(algorithms.map(a =>
      [a, make(alice, 2, a)]));
    const last = Object.fromEntries(algorithms.slice(0, 2).map(a =>
      [a, make(alice, 1, a)[0]]));
    const { available } = ok(await publish(alice, {
      key_packages: Object.values(packages).flat(),
      last_resort: Object.values(last) }), 201);
    assert.deepEqual(available, Object.fromEntries(algorithms.map(a => [a, 2])));
    assert.deepEqual((await counts(alice)).last_resort, {
      'aes-256-gcm': true, 'chacha20-poly1305': true,
      'twofish-256-gcm': false });

    const seen = [];
    for (let round = 0; round < 4; round++) {
      const { user_id, devices } = await claim(bob, alice);
      assert.equal(user_id, alice.userId);
      assert.deepEqual(devices.map(d => d.device_id), [alice.id]);
      const given = devices[0].key_packages;
      assert.deepEqual(given.map(k => k.algorithm),
        round < 2 ? algorithms : algorithms.slice(0, 2));
      for (const k of given) {
        assert.equal(k.last_resort, round >= 2);
        if (round < 2) {
          assert.ok(packages[k.algorithm].includes(k.key_package));
          assert.ok(!seen.includes(k.key_package), 'given out twice');
          seen.push(k.key_package);
        } else {
          assert.equal(k.key_package, last[k.algorithm]);
        }
      }
    }
    assert.deepEqual((await counts(alice)).available,
      { 'aes-256-gcm': 0, 'chacha20-poly1305': 0 });
  });

  test('by X-Wing: the node checks the keys, whatever its OpenSSL can do',
    async () => {
      const name = 'xwing-chacha20-poly1305', suite = suites[name];
      const xena = await newUser(node.url, 'xena');
      const made = (initKey, offered = [suite.id, 3]) =>
        base64(xena.keysFor(name).keyPackage({ initKey, suites: offered }));
      const tooLarge = kemKey(suite);
      tooLarge.fill(0xff, 0, 3);
      for (const bad of [tooLarge, kemKey(suite).subarray(1),
        kemKey(suite).fill(0, 1184)])
        refused(await publish(xena, { key_packages: [made(bad)] }), 422,
          'key-package-invalid');
      const good = made(kemKey(suite));
      ok(await publish(xena, { key_packages: [good] }), 201);
      const [device] = (await claim(bob, xena)).devices;
      assert.deepEqual(device.key_packages, [{ algorithm: name,
        key_package: good, last_resort: false }]);
    });

  test('those with another list of suites are called back', async () => {
    const olga = await newUser(node.url, 'olga');
    const made = (algorithm, offered) =>
      base64(olga.keysFor(algorithm).keyPackage({ suites: offered }));
    const older = made('chacha20-poly1305', [3]);
    ok(await publish(olga, { key_packages: [older],
      last_resort: [made('chacha20-poly1305', [3])] }), 201);
    const newer = ['aes-256-gcm', 'chacha20-poly1305'].map(a => made(a, [4, 3]));
    refused(await publish(olga, { key_packages: [older, ...newer] }), 422,
      'key-package-invalid');
    assert.deepEqual((await counts(olga)).last_resort, { 'chacha20-poly1305': true });
    ok(await publish(olga, { key_packages: newer }), 201);
    assert.deepEqual(await counts(olga), {
      available: { 'aes-256-gcm': 1, 'chacha20-poly1305': 1 },
      last_resort: { 'aes-256-gcm': false, 'chacha20-poly1305': false } });
    const [device] = (await claim(bob, olga)).devices;
    assert.deepEqual(device.key_packages.map(k => k.key_package), newer);
  });

  test('an older list does not call a newer one back', async () => {
    const nina = await newUser(node.url, 'nina'), now = Math.floor(Date.now() / 1000);
    const made = (offered, notBefore) => base64(nina.keysFor('aes-256-gcm')
      .keyPackage({ suites: offered, notBefore }));
    const old = made([4], now - 7200);
    ok(await publish(nina, { key_packages: [old], last_resort: [made([4], now - 7200)] }),
      201);
    const newer = made([4, 3], now - 3600);
    ok(await publish(nina, { key_packages: [newer], last_resort: [made([4, 3], now - 3600)] }),
      201);
    // whoever has claimed it publishes it again
    for (const publishing of [{ key_packages: [old] },
      { key_packages: [], last_resort: [old] }])
      assert.match(refused(await publish(nina, publishing), 422,
        'key-package-invalid').detail, /newer KeyPackages .* other suites/);
    assert.deepEqual(await counts(nina), { available: { 'aes-256-gcm': 1 },
      last_resort: { 'aes-256-gcm': true } });
    // the same list goes on, older leaves as well
    ok(await publish(nina, { key_packages: [made([4, 3], now - 7200)] }), 201);
    assert.equal((await claim(bob, nina)).devices[0].key_packages[0].key_package, newer);
    // and the device may go back to what it offered
    ok(await publish(nina, { key_packages: [made([4], now - 1800)] }), 201);
    assert.deepEqual(await counts(nina), { available: { 'aes-256-gcm': 1 },
      last_resort: { 'aes-256-gcm': false } });
  });

  test('those that a node of before has stored go when a last-resort one comes', async () => {
    const rosa = await newUser(node.url, 'rosa'), suites = [3, 4];
    const made = () => base64(rosa.keysFor('aes-256-gcm').keyPackage({ suites }));
    ok(await publish(rosa, { key_packages: [made()], last_resort: [made()] }), 201);
    await postgres.psql(`UPDATE hermetic.key_package SET offer = NULL, offered_at = NULL
      WHERE device_id = '${rosa.id}'`);
    ok(await publish(rosa, { key_packages: [made()] }), 201);
    assert.deepEqual(await counts(rosa), { available: { 'aes-256-gcm': 2 },
      last_resort: { 'aes-256-gcm': true } });
    ok(await publish(rosa, { key_packages: [], last_resort: [made()] }), 201);
    assert.deepEqual(await counts(rosa), { available: { 'aes-256-gcm': 1 },
      last_resort: { 'aes-256-gcm': true } });
  });

  test('many claims at once: each KeyPackage goes to one', async () => {
    const packages = make(bob, 40);
    ok(await publish(bob, { key_packages: packages.slice(0, 20),
      last_resort: [] }), 201);
    ok(await publish(bob, { key_packages: packages.slice(20) }), 201);
    const given = await Promise.all(Array.from({ length: 40 }, async () =>
      (await claim(alice, bob)).devices[0].key_packages));
    assert.equal(new Set(given.flat().map(k => k.key_package)).size, 40);
    assert.deepEqual(given.flat().map(k => k.key_package).sort(),
      packages.sort());
    const [none] = (await claim(alice, bob)).devices;
    assert.deepEqual(none, { device_id: bob.id, key_packages: [] });
  });

  test('published again it is the same one; a new last resort replaces',
    async () => {
      const [one] = make(bob);
      for (let i = 0; i < 2; i++)
        assert.deepEqual(ok(await publish(bob, { key_packages: [one] }), 201),
          { available: { 'chacha20-poly1305': 1 } });
      await claim(alice, bob);
      const [older, newer] = make(bob, 2);
      ok(await publish(bob, { last_resort: [older] }), 201);
      ok(await publish(bob, { last_resort: [newer] }), 201);
      const [device] = (await claim(alice, bob)).devices;
      assert.deepEqual(device.key_packages.map(k => k.key_package), [newer]);
    });

  test('each device of a user gives one', async () => {
    const second = await bob.another();
    ok(await publish(bob, { key_packages: make(bob) }), 201);
    ok(await publish(second, { key_packages: make(second) }), 201);
    const { devices } = await claim(alice, bob);
    assert.deepEqual(devices.map(d => d.device_id).sort(),
      [bob.id, second.id].sort());
    assert.ok(devices.every(d => d.key_packages.length === 1));
    assert.equal((await bob.call('DELETE', `/devices/${second.id}`)).status,
      204);
    assert.deepEqual((await claim(alice, bob)).devices.map(d => d.device_id),
      [bob.id]);
  });

  test('what is no good is refused, with all that came with it', async () => {
    const before = await counts(bob);
    const keys = bob.keysFor();
    const now = Math.floor(Date.now() / 1000);
    const change = (bytes, at) => {
      const changed = Buffer.from(bytes);
      changed[at < 0 ? changed.length + at : at] ^= 1;
      return changed;
    };
    const good = keys.keyPackage();
    const bad = {
      'not base64': '?',
      empty: '',
      junk: base64(Buffer.alloc(100, 7)),
      'cut off': base64(good.subarray(0, good.length - 1)),
      'more after it': base64(Buffer.concat([good, Buffer.alloc(1)])),
      'another version': base64(change(good, 1)),
      'its signature changed': base64(change(good, -1)),
      'its init key changed': base64(change(good, 8)),
      'its leaf changed': base64(change(good, 45)),
      'of another device': base64(alice.keysFor().keyPackage()),
      'of another user, same device': base64(keys.keyPackage(
        { identity: `${alice.username}/${bob.id}` })),
      'another device, same user': base64(keys.keyPackage(
        { identity: `${bob.username}/${randomUUID()}` })),
      'no identity': base64(keys.keyPackage({ identity: '' })),
      'more in its identity': base64(keys.keyPackage(
        { identity: `${bob.identity} ` })),
      'a suite not allowed here': base64(keys.keyPackage({ suite: 1 })),
      'a suite that there is not': base64(keys.keyPackage({ suite: 0xf001 })),
      'expired': base64(keys.keyPackage({ notAfter: now - 10 })),
      'good tomorrow only': base64(keys.keyPackage({ notBefore: now + 86400,
        notAfter: now + 2 * 86400 })),
      'good for too long': base64(keys.keyPackage(
        { notAfter: now + 401 * 86400 })),
      'good for ever': base64(keys.keyPackage({ notAfter: 2n ** 64n - 1n })),
      'without an extension of sessions': base64(keys.keyPackage(
        { extensions: [0xf7f0, 0xf7f3] })),
      'of a leaf of a commit': base64(keys.keyPackage({ source: 3 })),
      'signed by another': base64(new DeviceKeys(bob.identity,
        'aes-256-gcm').keyPackage({ suite: 3 })),
      'too large': base64(keys.keyPackage(
        { suites: Array.from({ length: 9000 }, (_, i) => i) })),
    };
    for (const [what, bytes] of Object.entries(bad)) {
      const answer = await publish(bob,
        { key_packages: [...make(bob), bytes] });
      assert.ok([400, 422].includes(answer.status), `${what} was taken`);
      if (answer.status === 422) {
        const { detail } = refused(answer, 422, 'key-package-invalid');
        assert.match(detail, /KeyPackage 1/, what);
      }
    }
    assert.deepEqual(await counts(bob), before);
    refused(await publish(bob, { key_packages: make(bob, 101) }), 422,
      'invalid');
    refused(await publish(bob, { key_packages: 'x' }), 400, 'malformed');
    refused(await publish(bob, { key_packages: [1] }), 400, 'malformed');
    assert.deepEqual(await counts(bob), before);
  });

  test('a key that is not in the log of its account is refused', async () => {
    const user = await newUser(node.url, 'logged');
    const log = new AccountLog(user.username);
    const mine = user.keysFor();
    log.links.length = 0;
    log.first.keys = [['ed25519', mine.pair],
      log.first.keys.find(([curve]) => curve === 'ed448')];
    log.begin();
    const link = (bytes, salt) => user.post(`/users/${user.username}/log`,
      { link: base64(bytes), salt: salt && base64(salt) });
    // from before, until there is a log
    ok(await publish(user, { key_packages: make(user, 1, 'aes-256-gcm') }),
      201);
    ok(await link(log.links[0], log.salt), 201);
    ok(await publish(user, { key_packages: make(user) }), 201);
    const before = await counts(user);
    const { detail } = refused(await publish(user, { key_packages:
      [...make(user), ...make(user, 1, 'aes-256-gcm')] }), 422,
    'key-not-in-log');
    assert.match(detail, /KeyPackage 1/);
    assert.deepEqual(await counts(user), before);
  });

  test('those of an account name its device, and no other one', async () => {
    const user = await newUser(node.url, 'moves');
    ok(await publish(user, { key_packages: make(user, 3) }), 201);
    const [own, other] = [await newAccount(node.url, 'own'),
      await newAccount(node.url, 'other')];
    const [before] = make(own);
    for (const [what, options] of Object.entries({
      'another number': { identity: own.identity.replace(/1$/, '2') },
      'another account': { identity: other.identity },
      'without the extension of places': { extensions: [0xf7f0, 0xf7f2] },
    })) {
      const answer = await publish(own, { key_packages:
        [before, base64(own.keysFor().keyPackage(options))] });
      refused(answer, 422, 'key-package-invalid');
      assert.ok(answer.json.detail, what);
    }
    // of the log's device, but with a key that it does not have
    const strange = new DeviceKeys(own.identity, 'chacha20-poly1305');
    refused(await publish(own, { key_packages:
      [base64(strange.keyPackage())] }), 422, 'key-not-in-log');

    // those of before go when the first of the account comes
    const named = base64(own.keysFor().keyPackage(
      { identity: `${own.username}/${own.id}` }));
    assert.deepEqual(ok(await publish(own, { key_packages: [named] }), 201),
      { available: { 'chacha20-poly1305': 1 } });
    ok(await publish(own, { key_packages: make(own, 2) }), 201);
    const given = (await claim(alice, own)).devices[0].key_packages;
    assert.notEqual(given[0].key_package, named);
    assert.deepEqual((await counts(own)).available,
      { 'chacha20-poly1305': 1 });
  });

  test('a hundred at once; one with a far end', async () => {
    const carol = await newUser(node.url, 'carol');
    ok(await publish(carol, { key_packages: make(carol, 99),
      last_resort: [base64(carol.keysFor().keyPackage(
        { notAfter: Math.floor(Date.now() / 1000) + 390 * 86400 }))] }), 201);
    assert.deepEqual((await counts(carol)).available,
      { 'chacha20-poly1305': 99 });
  });

  test('by default a node takes none by X-Wing', async () => {
    const plain = await startNode({ postgres, workers: 1 });
    try {
      const yara = await newUser(plain.url, 'yara');
      const made = make(yara, 1, 'xwing-chacha20-poly1305');
      refused(await publish(yara, { key_packages: made }), 422,
        'key-package-invalid');
      for (const name of algorithms)
        ok(await publish(yara, { key_packages: make(yara, 1, name) }), 201);
    } finally {
      await plain.stop();
    }
  });

  test('a node gives only what its configuration allows', async () => {
    const narrow = await startNode({ postgres, workers: 1,
      env: { HERMETIC_ALGORITHMS: 'twofish-256-gcm' } });
    try {
      const dora = await newUser(narrow.url, 'dora');
      refused(await publish(dora, { key_packages: make(dora) }), 422,
        'key-package-invalid');
      ok(await publish(dora,
        { key_packages: make(dora, 1, 'twofish-256-gcm') }), 201);
      const there = await login(node.url, { ...dora, device_id: dora.id });
      ok(await publish(there, { key_packages: make(dora, 1) }), 201);
      const [device] = (await claim(dora, dora)).devices;
      assert.deepEqual(device.key_packages.map(k => k.algorithm),
        ['twofish-256-gcm']);
    } finally {
      await narrow.stop();
    }
  });

  test('of whom there is not', async () => {
    for (const username of [newName('x'), '', 'ü', '\0'])
      assert.ok([400, 404].includes((await alice.post('/key-packages/claim',
        { username })).status));
    refused(await alice.post('/key-packages/claim', {}), 400, 'malformed');
    const bytes = bytesOf(make(alice)[0]);
    refused(await alice.call('POST', '/key-packages',
      { bytes, type: 'application/octet-stream' }), 415,
    'unsupported-media-type');
  });
});
