// @hermetic/client and a server that lies about what waits: tests/integration/lying-lists.test.mjs
// has the same for libhermetic with a folder.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { WebSocket } from 'ws';

import { Client, MemoryStorage } from '../../sdk/js/node.js';
import { Person } from '../testlib/people.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

const MOST = 500;
let postgres, node, alice, bob, carol, id, lie, away = false, asked = 0, marks = 0, socket;
const told = [];

class Seen extends WebSocket {
  constructor(...how) {
    super(...how);
    socket = this;
  }
}

async function fetched(url, how) {
  const is = how.method === 'GET' && new URL(url).pathname === '/invitations';
  asked += is;
  if (away) throw new TypeError('away');
  return is && lie ? Response.json(lie.json ?? { invitations: lie }, { status: lie.status ?? 200 })
    : fetch(url, how);
}

const invitation = (more = {}) => ({ session_id: randomUUID(), algorithm: 'aes-256-gcm',
  inviter: 'nobody', added: false, invited_at: 1, ...more });
const push = session_id => socket.onmessage({ data: JSON.stringify({ type: 'welcome',
  session_id }) });

/** What is told from now on to a text that comes behind what f() does. */
async function hears(list, f = () => socket.terminate()) {
  lie = list;
  const from = told.length, before = asked, text = `mark ${++marks}`;
  f();
  await until(() => asked > before, { name: 'the list to be asked for' });
  await alice.does('send', id, text);
  await until(() => told.some(e => e.text === text && e.kind === 'text'), { name: text });
  return told.slice(from);
}
const ids = list => list.filter(e => e.kind === 'invited').map(e => e.session).sort();

before(async () => {
  postgres = await startPostgres();
  node = await startNode({ postgres });
  alice = await new Person('alice', node.url).register();
  bob = await new Person('bob', node.url).register();
  const username = `carol-${alice.name.slice(-8)}`;
  carol = await Client.register({ server: node.url, username, storage: new MemoryStorage(),
    passphrase: 'carol has a passphrase', scryptN: 16384, stock: 5, WebSocket: Seen,
    fetch: fetched });
  [{ session_id: id }] = await alice.does('create', '--invite', username);
  await carol.join(id);
  await alice.does('members', id);
  carol.on(event => told.push(event));
  carol.listen();
  await until(() => told.some(e => e.kind === 'connected'), { name: 'a connection' });
});

after(async () => {
  await carol?.close();
  await node?.stop();
  await postgres?.stop();
});

test('what is invented is told once, and is no session', async () => {
  const [one, two] = [invitation(), invitation()], list = [one, two, one, two];
  assert.deepEqual(ids(await hears(list)), [one.session_id, two.session_id].sort());
  assert.deepEqual(ids(await hears(list)), []);
  assert.deepEqual(ids(await hears(list, () => push(one.session_id))), []);
  await assert.rejects(carol.join(one.session_id), { slug: 'not-found' });
  assert.equal((await carol.sessions()).length, 1);
});

test('what is pushed is told where the list has it, of sessions one is not in', async () => {
  assert.deepEqual(ids(await hears([], () => push(randomUUID()))), []);
  assert.deepEqual(ids(await hears([invitation({ session_id: id })], () => push(id))), []);
});

test('rows that are none hide no other, and no list is told as that', async () => {
  const good = invitation();
  assert.deepEqual(ids(await hears([null, 5, 'x', [], {}, { session_id: 7 },
    invitation({ session_id: 'x'.repeat(1 << 20) }), invitation({ inviter: { a: 1 } }), good])),
  [good.session_id]);
  for (const json of [{}, { invitations: 5 }, [], 'x']) {
    await carol.setWish('typing', true); // it goes on between two lists
    const list = await hears({ json });
    assert.deepEqual(ids(list), []);
    assert.match(list.find(e => e.kind === 'failed').text, /list of invitations/);
    await assert.rejects(carol.invitations(), { result: 'refused', slug: 'bad-answer' });
  }
  const list = await hears({ status: 403, json: { type: 'urn:hermetic:problem:forbidden',
    detail: 'Not to you.' } });
  assert.equal(list.find(e => e.kind === 'failed').text, 'The server says: Not to you.');
});

test('what waits to be sent is sent where no list can be read', async () => {
  await carol.shown(id, (await carol.members(id)).map(m => m.mark));
  away = true;
  const { item } = await carol.send(id, 'it waits');
  await hears({ json: {} }, () => {
    away = false;
    socket.terminate();
  });
  await until(() => told.some(e => e.kind === 'sent' && e.item === item), { name: 'it is sent' });
  assert.ok((await alice.texts(id)).includes('it waits'));
});

test('who is invited and is not told comes in, and who is blocked asks nobody', async () => {
  const [{ session_id: hidden }] = await bob.does('create', '--invite', carol.username);
  assert.deepEqual(ids(await hears([])), []);
  await carol.join(hidden);
  assert.ok((await bob.does('members', hidden)).some(m => m.username === carol.username));
  await carol.block(bob.name);
  const list = [invitation({ inviter: bob.name })];
  assert.deepEqual(ids(await hears(list)), []);
  assert.deepEqual(ids(await hears(list, () => push(list[0].session_id))), []);
});

test('a flood of them is cut where a list of the server ends', async () => {
  const list = Array.from({ length: 10_000 }, () => invitation());
  const first = ids(await hears(list));
  assert.ok(first.length > MOST - 10 && first.length <= MOST, `${first.length}`);
  assert.deepEqual(ids(await hears(list.reverse())), []); // nobody has answered the first ones
  assert.equal((await carol.invitations()).length, MOST);
});
