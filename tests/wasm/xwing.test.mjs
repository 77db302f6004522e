// Sessions by X-Wing, whose ML-KEM is the module's own: of two clients of sdk/js, with the
// command where OpenSSL has ML-KEM, and with one that offers none of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';

import { WebSocket } from 'ws';

import { Client, MemoryStorage } from '../../sdk/js/node.js';
import { Person } from '../testlib/people.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

const XWING = ['xwing-aes-256-gcm', 'xwing-chacha20-poly1305', 'xwing-twofish-256-gcm'];
const OTHERS = ['aes-256-gcm', 'chacha20-poly1305', 'twofish-256-gcm'];

let postgres, node, alice;

/** A client of sdk/js that offers `algorithms`. */
const registered = (name, algorithms) => Client.register({ server: node.url,
  username: `${name}-${alice.name.slice(-8)}`, storage: new MemoryStorage(),
  passphrase: `${name} has a passphrase`, scryptN: 16384, stock: 2, WebSocket,
  algorithms: algorithms.join() });

/** Both say something that the other one reads. */
async function talk(one, other, id) {
  for (const [from, to] of [[one, other], [other, one]]) {
    const text = `from ${from.username} at ${Date.now()}`;
    await from.send(id, text, { toNewMembers: true });
    await until(async () => {
      await to.refresh(id);
      return (await to.entries(id)).some(e => e.text === text);
    }, { name: `${to.username} to read ${text}` });
  }
}

before(async () => {
  postgres = await startPostgres();
  node = await startNode({ postgres,
    env: { HERMETIC_ALGORITHMS: [...XWING, ...OTHERS].join() } });
  alice = await new Person('alice', node.url).register();
});

after(async () => {
  await node?.stop();
  await postgres?.stop();
});

for (const algorithm of XWING)
  test(`two clients talk by ${algorithm}`, async () => {
    const gina = await registered(`g${algorithm.slice(6, 9)}`, [algorithm, ...OTHERS]);
    const hugo = await registered(`h${algorithm.slice(6, 9)}`, [algorithm, ...OTHERS]);
    const id = await gina.create({ users: [hugo.username] });
    assert.equal((await gina.describe(id)).algorithm, algorithm);
    await hugo.join(id);
    await talk(gina, hugo, id);
    await gina.close();
    await hugo.close();
  });

test('a session with one who offers no X-Wing falls to what all have, and says whose', async () => {
  const iris = await registered('iris', [XWING[0], ...OTHERS]);
  const id = await iris.create({ users: [alice.name] });
  const { algorithm, missed } = await iris.describe(id);
  assert.equal(algorithm, OTHERS[0]);
  assert.deepEqual([missed.algorithm, missed.username, missed.own],
    [XWING[0], alice.name, false]);
  await alice.does('join', id);
  const [{ missed: hers }] = await alice.does('members', id);
  assert.equal(hers, undefined);
  await iris.close();
});

const native = execFileSync('openssl', ['list', '-kem-algorithms']).includes('ML-KEM-768');
test('the command and a client talk by X-Wing', { skip: native ? false
  : 'OpenSSL has no ML-KEM here: the command offers none' }, async () => {
  const xena = await new Person('xena', node.url).register('--algorithm',
    [XWING[0], ...OTHERS].join());
  const kurt = await registered('kurt', [XWING[0], ...OTHERS]);
  const id = await kurt.create({ users: [xena.name] });
  assert.equal((await kurt.describe(id)).algorithm, XWING[0]);
  await xena.does('join', id);
  await kurt.send(id, 'by a page', { toNewMembers: true });
  assert.ok((await xena.texts(id)).includes('by a page'));
  await xena.does('send', id, '--to-new-members', 'by the command');
  await until(async () => {
    await kurt.refresh(id);
    return (await kurt.entries(id)).some(e => e.text === 'by the command');
  }, { name: 'what the command said' });
  await kurt.close();
});
