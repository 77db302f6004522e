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

test('people compare numbers', async () => {
  const person = await bob.verify(alice.name);
  const [{ own }] = await alice.does('verify', alice.name);
  assert.equal(person.digits, own.digits);
  assert.equal(person.compared, 'no');
  await bob.compared(alice.name);
  assert.equal((await bob.verify(alice.name)).compared, 'yes');
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

test('what a page loads is less than 400 KB', () => {
  const folder = join(root, 'sdk/js');
  const loaded = readdirSync(folder).filter(f => /\.(js|wasm)$/.test(f) &&
    !['node.js', 'file.js', 'file-lock.js'].includes(f));
  assert.ok(loaded.includes('hermetic.wasm') && loaded.length > 5, loaded.join());
  const bytes = loaded.reduce((sum, file) =>
    sum + brotliCompressSync(readFileSync(join(folder, file))).length, 0);
  assert.ok(bytes < 400 * 1024, `${bytes} bytes`);
});
