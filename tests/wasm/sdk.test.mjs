// @hermetic/client (sdk/js) in node against a real server: two of its clients and the
// command talk with each other.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';

import { WebSocket } from 'ws';

import { Client, Failure, FileStorage, MemoryStorage } from '../../sdk/js/node.js';
import { Person } from '../testlib/people.mjs';
import { newHome, root, startNode, startPostgres, until } from '../testlib/stack.mjs';

let postgres, node, alice, bob;

/** What a client is opened with. */
const options = (username, storage, more) => ({ server: node.url, username, storage,
  passphrase: `${username} has a passphrase`, scryptN: 16384, stock: 5, WebSocket, ...more });

/** A client that keeps what it was told. */
function hears(client) {
  const told = [];
  client.on(event => told.push(event));
  client.listen();
  client.told = told;
  client.heard = (kind, text) => until(() =>
    told.find(e => e.kind === kind && (text === undefined || e.text === text)),
  { name: `${client.username} to be told ${kind} ${text ?? ''} among ${
    JSON.stringify(told)}` });
  return client;
}

before(async () => {
  postgres = await startPostgres();
  node = await startNode({ postgres });
  alice = new Person('alice', node.url);
  // whose form is another one: a ligature, spaces of other kinds, a letter in parts
  alice.passphrase = '\ufb01ne\u1680and\u3000wide \uff21 A\u030a\u0323';
  await alice.register();
  bob = await Client.register(options(`bob-${alice.name.slice(-8)}`,
    new FileStorage(newHome())));
  hears(bob);
});

after(async () => {
  await bob?.close();
  await node?.stop();
  await postgres?.stop();
});

test('two clients and the command talk', async () => {
  const carol = hears(await Client.register(options(`carol-${alice.name.slice(-8)}`,
    new MemoryStorage())));
  const id = await bob.create({ name: 'three', users: [alice.name, carol.username] });
  await alice.does('join', id);
  await carol.heard('invited');
  await carol.join(id);
  await bob.refresh(id);
  await bob.shown(id, (await bob.members(id)).map(m => m.mark));
  const { number, kept } = await bob.send(id, 'hello from a module');
  assert.ok(number > 0 && !kept);
  const heard = await carol.heard('text', 'hello from a module');
  assert.equal(heard.from, bob.username);
  assert.equal(heard.number, number);
  assert.ok((await alice.texts(id)).includes('hello from a module'));

  await alice.does('send', id, 'and back');
  await bob.heard('text', 'and back');
  const { number: at } = await carol.heard('text', 'and back');
  await carol.shown(id, (await carol.members(id)).map(m => m.mark));
  await carol.react(id, at, '👍');
  await carol.reply(id, at, 'an answer');
  assert.equal((await bob.heard('reaction', '👍')).about, at);
  assert.equal((await bob.heard('text', 'an answer')).about, at);
  assert.deepEqual((await bob.entry(id, at)).reactions, { '👍': [carol.username] });
  await carol.readTo(id, at);
  const read = await carol.entries(id, { after: at });
  assert.equal(read.at(-1).text, 'an answer');
  await carol.close();
});

test('a new device is let in by its code, and comes into the sessions', async () => {
  const [{ session_id: id }] = await alice.does('create', '--name', 'before');
  const storage = new MemoryStorage();
  const codes = [];
  const logsIn = Client.login(options(alice.name, storage, { deviceName: 'page',
    passphrase: alice.passphrase, onCode: code => codes.push(code) }));
  await until(() => codes[0], { name: 'a code' });
  const approved = alice.does('devices', 'approve', codes[0]);
  const second = hears(await logsIn);
  await approved;
  assert.equal(codes.length, 1);
  await until(async () => (await second.sessions()).some(s => s.session_id === id &&
    s.state === 'member'), { name: 'the session of before' });
  await alice.does('send', id, '--to-new-members', 'to my other device');
  await second.heard('text', 'to my other device');
  await second.close();

  // the same device again
  const again = await Client.open(options(alice.name, storage,
    { passphrase: alice.passphrase }));
  assert.equal(again.deviceId, second.deviceId);
  assert.equal((await again.describe(id)).name, 'before');
  await again.close();
});

test('a recovery key counts once it was typed, and lets a device in', async () => {
  const name = `fay-${alice.name.slice(-8)}`;
  const fay = await Client.register(options(name, new MemoryStorage()));
  assert.equal((await fay.verify(name)).recovery, false);
  const key = await fay.newRecoveryKey();
  assert.match(key, /^([0-9A-Z]{4}-){8}[0-9A-Z]{4}$/);
  assert.equal((await fay.verify(name)).recovery, false);
  await assert.rejects(fay.setRecoveryKey(`${key.slice(0, -1)}${key.endsWith('0') ? 1 : 0}`),
    { result: 'refused', slug: 'recovery-key' });
  await fay.setRecoveryKey(key.toLowerCase().replaceAll('-', ' '));
  assert.equal((await fay.verify(name)).recovery, true);
  await assert.rejects(fay.newRecoveryKey(), { slug: 'recovery-key-stands' });
  const next = await fay.newRecoveryKey(key);
  await fay.setRecoveryKey(next, key);
  await fay.close(); // and is lost
  const login = recovery => Client.login(options(name, new MemoryStorage(), { recovery }));
  await assert.rejects(login(key), ({ result }) => result !== undefined);
  const again = await login(next);
  assert.deepEqual((await again.devices()).filter(d => d.stands).map(d => d.own).sort(),
    [false, true]);
  const id = await again.create({ name: 'after', users: [alice.name] });
  await alice.does('join', id);
  await again.close();
});

test('an owner gives roles, and bans', async () => {
  const id = await bob.create({ name: 'rules', users: [alice.name], open: true });
  await alice.does('join', id);
  await bob.refresh(id);
  const roleOf = async () => (await bob.members(id)).find(m => !m.own && !m.departed)?.role;
  assert.equal(await roleOf(), 'member');
  await bob.setRole(id, alice.name, 'admin');
  assert.equal(await roleOf(), 'admin');
  await assert.rejects(bob.setRole(id, alice.name, 'king'), { result: 'usage' });
  await bob.ban(id, alice.name);
  assert.equal(await roleOf(), undefined);
  assert.deepEqual((await bob.describe(id)).banned, [alice.name]);
  await bob.unban(id, alice.name);
  assert.deepEqual((await bob.describe(id)).banned ?? [], []);
});

test('an invitation is told once, also after another connection', async () => {
  const sockets = [];
  class Line extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  }
  const gus = await Client.register(options(`gus-${alice.name.slice(-8)}`,
    new MemoryStorage(), { WebSocket: Line }));
  const invite = async () => (await alice.does('create', '--invite', gus.username))[0].session_id;
  const id = await invite();
  hears(gus);
  const count = session => gus.told.filter(e => e.kind === 'invited' &&
    e.session === session).length;
  await gus.heard('invited');
  sockets[0].terminate();
  await until(() => gus.told.filter(e => e.kind === 'connected').length === 2,
    { name: 'another connection' });
  const other = await invite();
  await until(() => count(other) > 0, { name: 'the other invitation' });
  assert.deepEqual([count(id), count(other)], [1, 1]);
  await gus.join(id);
  await gus.leave(id);
  await alice.does('invite', id, gus.username);
  await until(() => count(id) > 1, { name: 'an invitation back' });
  await gus.close();
});

test('a QR code has its three corners', async () => {
  const rows = await Client.qr('7K2QM-XW04D-R9ZTB-H5C1E');
  assert.ok(rows.length >= 21 && rows.every(row => row.length === rows.length));
  const corner = (x, y) => rows.slice(y, y + 7).map(row => row.slice(x, x + 7));
  const finder = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111'];
  const last = rows.length - 7;
  for (const [x, y] of [[0, 0], [last, 0], [0, last]]) assert.deepEqual(corner(x, y), finder);
  assert.notDeepEqual(corner(last, last), finder);
  await assert.rejects(Client.qr('x'.repeat(500)), { result: 'usage' });
});

test('a state is opened by its passphrase alone, by one at a time', async () => {
  const home = newHome();
  const dave = await Client.register(options(`dave-${alice.name.slice(-8)}`,
    new FileStorage(home)));
  const id = await dave.create({ name: 'kept' });
  await assert.rejects(Client.open(options(dave.username, new FileStorage(home))),
    { result: 'busy', slug: 'state-in-use' });
  await dave.close();
  await assert.rejects(Client.open(options(dave.username, new FileStorage(home),
    { passphrase: 'another one' })), { result: 'passphrase', slug: 'wrong-passphrase' });
  const bytes = readFileSync(join(home, 'records'), 'latin1');
  assert.ok(!bytes.includes(dave.username) && !bytes.includes(id));

  // what was cut off at the end was never answered for
  appendFileSync(join(home, 'records'), 'a change that was cut');
  const again = await Client.open(options(dave.username, new FileStorage(home)));
  assert.equal((await again.describe(id)).name, 'kept');
  await again.close();
  await assert.rejects(Client.register(options(dave.username, new MemoryStorage())),
    { result: 'conflict', slug: 'username-taken' });
  await assert.rejects(Client.login(options(dave.username, new MemoryStorage(),
    { passphrase: 'another one' })), { result: 'passphrase', slug: 'bad-credentials' });
});

test('what cannot be sent waits in the outbox, and is sent once', async () => {
  const id = await bob.create({ name: 'waits', open: true });
  let cut = false;
  const line = { fetch: (...args) => cut ? Promise.reject(new TypeError('cut'))
    : fetch(...args) };
  const eve = await Client.register(options(`eve-${alice.name.slice(-8)}`,
    new MemoryStorage(), line));
  await eve.join(id);
  await eve.shown(id, (await eve.members(id)).map(m => m.mark));
  cut = true;
  const { kept, why } = await eve.send(id, 'later', { key: 'one' });
  assert.ok(kept && why, why);
  assert.deepEqual((await eve.outbox()).map(i => [i.text, i.state]), [['later', 'waiting']]);
  cut = false;
  const sent = await eve.send(id, 'later', { key: 'one' });
  assert.ok(sent.number > 0, JSON.stringify(sent));
  assert.deepEqual(await eve.outbox(id), []);
  await bob.heard('text', 'later');
  await eve.refresh(id);
  assert.equal((await eve.entries(id)).filter(e => e.text === 'later').length, 1);

  // or is forgotten: one of them, or all
  cut = true;
  const [{ item }] = [await eve.send(id, 'never'), await eve.send(id, 'nor this'),
    await eve.send(id, 'nor that')];
  await eve.drop(id, item);
  assert.deepEqual((await eve.outbox(id)).map(i => i.text), ['nor this', 'nor that']);
  await eve.drop(id);
  assert.deepEqual(await eve.outbox(id), []);
  await eve.close();
});

test('a device lets in another one by its code, and ends it', async () => {
  const id = await bob.create({ name: 'of two devices' });
  const storage = new MemoryStorage();
  let shown;
  const code = new Promise(done => { shown = done; });
  const logsIn = Client.login(options(bob.username, storage, { deviceName: 'a page',
    onCode: shown }));
  const right = await code;
  await bob.heard('device-waits');
  const [waits] = (await bob.devices()).filter(d => d.waits);
  assert.deepEqual([waits.name, waits.pending, waits.stands, waits.own],
    ['a page', true, false, false]);
  const wrong = right.replace(/.$/, c => c === '0' ? '1' : '0');
  await assert.rejects(bob.approve(wrong), { result: 'refused', slug: 'code-mismatch' });
  await assert.rejects(bob.approve('no code'), { slug: 'code' });
  const { device_id, number } = await bob.approve(right.toLowerCase());
  assert.equal(device_id, waits.device_id);
  const second = hears(await logsIn);
  const rows = await bob.link(number);
  assert.deepEqual(rows.filter(r => r.session_id === id).map(r => [r.devices, r.missing]),
    [[1, 0]]);
  await until(async () => (await second.sessions()).some(s => s.session_id === id),
    { name: 'the session at the new device' });
  assert.ok((await bob.devices()).some(d => d.device_id === device_id && d.stands));
  await bob.revoke(device_id);
  await bob.refresh(id);
  assert.deepEqual((await bob.members(id)).map(m => m.own), [true]);
  assert.ok(!(await bob.devices()).some(d => d.device_id === device_id && d.stands));
  await second.close();

  // one that nobody lets in
  const again = Client.login(options(bob.username, new MemoryStorage(), { onCode: () => {},
    deviceName: 'a stranger' }));
  const refused = assert.rejects(again, { result: 'denied', slug: 'not-approved' });
  await until(async () => (await bob.devices()).some(d => d.waits), { name: 'a stranger' });
  await bob.refuse('a stranger');
  await refused;
});

test('invitations are declined, and people blocked', async () => {
  const [{ session_id: id }] = await alice.does('create', '--invite', bob.username);
  await until(async () => (await bob.invitations()).some(i => i.session_id === id),
    { name: 'an invitation' });
  await bob.decline(id);
  assert.ok(!(await bob.invitations()).some(i => i.session_id === id));
  const [{ session_id: asked }] = await alice.does('create');
  await alice.does('invite', '--ask', asked, bob.username);
  assert.deepEqual(await bob.letters(asked), [{ by: alice.name, compared: 'no' }]);
  assert.deepEqual(await bob.block(alice.name), { known: true });
  assert.deepEqual((await bob.blocks()).map(b => [b.username, b.here]),
    [[alice.name, true]]);
  assert.deepEqual(await bob.invitations(), []);
  await assert.rejects(bob.block(bob.username), { slug: 'own-name' });
  await bob.unblock(alice.name);
  assert.deepEqual(await bob.blocks(), []);
});

test('who types, who has read, and what is found', async () => {
  const id = await bob.create({ name: 'Stra\u00dfe', users: [alice.name] });
  const grace = hears(await Client.register(options(`grace-${alice.name.slice(-8)}`,
    new MemoryStorage(), { receipts: true })));
  await bob.invite(id, grace.username);
  await grace.heard('invited');
  await grace.join(id);
  await bob.setSubject(id, 'which way?');
  await bob.shown(id, (await bob.members(id)).map(m => m.mark));
  const { number } = await bob.send(id, 'To the \u0130stanbul road, ma\u00f1ana');
  await grace.heard('text');
  await grace.shown(id, (await grace.members(id)).map(m => m.mark));
  const [row] = (await grace.sessions()).filter(s => s.session_id === id);
  assert.deepEqual([row.unread, row.subject], [1, 'which way?']);
  await grace.readTo(id, number);
  assert.equal((await grace.describe(id)).unread, 0);
  const receipt = await bob.heard('receipt');
  assert.deepEqual([receipt.from, receipt.json.read >= number], [grace.username, true]);
  assert.deepEqual((await bob.entry(id, number)).read_by, [grace.username]);

  await grace.type(id);
  const typing = await bob.heard('typing');
  assert.deepEqual([typing.session, typing.json], [id, [grace.username]]);
  await grace.type(id, false);
  await until(() => bob.told.find(e => e.kind === 'typing' && e.json.length === 0),
    { name: 'nobody to type' });
  await grace.setWish('typing', false);
  assert.deepEqual(await grace.wishes(), { receipts: true, typing: false });

  assert.equal(await grace.find('STRASSE'), id);
  for (const words of ['i\u0307STANBUL', 'MAN\u0303ANA road'])
    assert.deepEqual((await grace.search({ words })).flatMap(r => r.entries.map(e => e.seq)),
      [number], words);
  assert.deepEqual((await grace.search({ words: 'nowhere', session: id })),
    [{ session: id, entries: [] }]);
  await assert.rejects(grace.search({ after: NaN }), { slug: 'usage' });
  for (const about of [NaN, undefined, -1])
    await assert.rejects(grace.reply(id, about, 'to nothing'), { slug: 'usage' });

  const events = [];
  const over = (async () => { for await (const e of grace.events()) events.push(e.text); })();
  await bob.send(id, 'the last word');
  await grace.heard('text', 'the last word');
  await grace.close();
  await over;
  assert.ok(events.includes('the last word'));
});

test('a file goes on where it was cut off, and is given when it was verified', async () => {
  const storage = new MemoryStorage();
  let broken = 0; // requests of this kind that are cut
  const cuts = { fetch: (url, how) => {
    const is = /\/files\//.test(url.pathname) && how.method === 'PATCH';
    if (is && broken-- > 0) return Promise.reject(new TypeError('cut'));
    return fetch(url, how);
  } };
  const heidi = hears(await Client.register(options(`heidi-${alice.name.slice(-8)}`, storage,
    cuts)));
  const id = await heidi.create({ users: [alice.name] });
  await alice.does('join', id);
  await heidi.refresh(id);
  const bytes = new Uint8Array(3 * 2 ** 20 + 12345).map((_, i) => i * 31 >> 3);
  const file = new Blob([bytes], { type: 'text/plain' });
  const how = { name: 'notes.txt', text: 'my notes', key: 'one', toNewMembers: true };

  // cancelled behind the first piece
  const off = heidi.on(e => e.kind === 'progress' && e.done > 0 && heidi.cancel(e.key));
  await assert.rejects(heidi.sendFile(id, file, how), { slug: 'cancelled' });
  off();
  await heidi.close();
  const again = hears(await Client.open(options(heidi.username, storage, cuts)));
  broken = 1;
  const { number } = await again.sendFile(id, file, how);
  const steps = again.told.filter(e => e.kind === 'progress').map(e => e.done);
  assert.ok(steps.every(n => n === 0 || n >= 2 ** 20), steps.join()); // not from its beginning
  assert.equal(steps.at(-1), file.size + 16);
  assert.ok(!again.told.some(e => e.kind === 'progress' && e.total !== file.size + 16));
  const saved = await again.saveFile(id, number);
  assert.deepEqual([saved.name, saved.type, saved.size], ['notes.txt', 'text/plain', file.size]);
  assert.deepEqual(new Uint8Array(await saved.blob.arrayBuffer()), bytes);

  // the command has the same, and is heard
  const folder = newHome();
  await alice.does('save', id, String(number), folder);
  assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'notes.txt'))), bytes);
  const { seq } = (await alice.does('send', id, '--to-new-members', '--file',
    join(folder, 'notes.txt'))).at(-1);
  await again.refresh(id);
  assert.deepEqual(new Uint8Array(await (await again.saveFile(id, seq)).blob.arrayBuffer()),
    bytes);
  // under a key of before other bytes are another file
  const off2 = again.on(e => e.kind === 'progress' && e.done > 0 && again.cancel(e.key));
  await assert.rejects(again.sendFile(id, file, { ...how, key: 'two' }), { slug: 'cancelled' });
  off2();
  const other = await again.sendFile(id, new Blob(['another file']), { ...how, key: 'two' });
  assert.equal(await (await again.saveFile(id, other.number)).blob.text(), 'another file');
  await assert.rejects(again.saveFile(id, 1), { result: 'gone', slug: 'no-file' });
  // bytes that are others are given to nobody
  await again.close();
  const lied = await Client.open(options(again.username, storage, { fetch: async (url, how) => {
    const answer = await fetch(url, how);
    if (answer.status !== 206) return answer;
    const wrong = new Uint8Array(await answer.arrayBuffer());
    wrong[5] ^= 1;
    return new Response(wrong, { status: 206, headers: answer.headers });
  } }));
  await assert.rejects(lied.saveFile(id, number), { result: 'refused', slug: 'file-differs' });
  await lied.close();
});

test('people compare numbers', async () => {
  const person = await bob.verify(alice.name);
  const [{ own }] = await alice.does('verify', alice.name);
  assert.equal(person.digits, own.digits);
  assert.equal(person.compared, 'no');
  await bob.compared(alice.name);
  assert.equal((await bob.person(alice.name)).compared, 'yes');
  await assert.rejects(bob.accept(alice.name, person.fingerprint), { result: 'gone' });
});

for (const algorithm of ['chacha20-poly1305', 'twofish-256-gcm'])
  test(`${algorithm}, too`, async () => {
    const frank = await Client.register(options(
      `${algorithm.slice(0, 3)}-${alice.name.slice(-8)}`, new MemoryStorage(),
      { algorithms: algorithm }));
    const id = await frank.create({ users: [alice.name] });
    assert.equal((await frank.describe(id)).algorithm, algorithm);
    await alice.does('join', id);
    await alice.does('send', id, '--to-new-members', `by ${algorithm}`);
    await frank.refresh(id);
    assert.ok((await frank.entries(id)).some(e => e.text === `by ${algorithm}`));
    await frank.send(id, 'back', { toNewMembers: true });
    assert.ok((await alice.texts(id)).includes('back'));
    await frank.close();
  });

test('what cannot be is refused with a sentence', async () => {
  await assert.rejects(bob.send('00000000-0000-4000-8000-000000000000', 'nowhere'),
    error => error instanceof Failure && /no session/.test(error.message) &&
      error.advice.length > 0);
});

test('a server that never answers is not waited for without end', async t => {
  const withheld = new AbortController(), waited = [];
  const silent = await Client.register(options(`mia-${alice.name.slice(-8)}`, new MemoryStorage(),
    { fetch: (url, how) => url.pathname === '/invitations' ? new Promise((_, refuse) =>
      how.signal.addEventListener('abort', () => refuse(how.signal.reason)))
      : fetch(url, how) }));
  t.mock.method(AbortSignal, 'timeout', ms => {
    waited.push(ms);
    return withheld.signal;
  });
  const asked = silent.invitations(), sessions = silent.sessions(); // which asks no server
  await until(() => waited.length > 0, { name: 'a time that is waited for' });
  assert.deepEqual(waited, [60_000]);
  withheld.abort();
  await assert.rejects(asked, { result: 'unreachable' });
  assert.deepEqual(await sessions, []);
  await silent.close();
});

test('what a page loads is less than 400 KB', () => {
  const folder = join(root, 'sdk/js');
  const loaded = readdirSync(folder).filter(f => /\.(js|wasm)$/.test(f) &&
    !['node.js', 'file.js', 'file-lock.js'].includes(f));
  assert.ok(loaded.includes('hermetic.wasm') && loaded.length > 5, loaded.join());
  const bytes = loaded.reduce((sum, file) =>
    sum + brotliCompressSync(readFileSync(join(folder, file))).length, 0);
  assert.ok(bytes < 400 * 1024, `${bytes} bytes`);
});
