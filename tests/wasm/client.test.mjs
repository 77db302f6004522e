// Client of @hermetic/client (sdk/js/client.js) with the module, and a server that answers what a
// test says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';

import { Client } from '../../sdk/js/client.js';
import { Module } from '../../sdk/js/module.js';
import { Records } from '../../sdk/js/records.js';
import { MemoryStorage } from '../../sdk/js/storage.js';

const DEVICE = '00000000-0000-4000-8000-000000000001';

let compiled;

before(async () => {
  compiled = await WebAssembly.compile(
    readFileSync(new URL('../../sdk/js/hermetic.wasm', import.meta.url)));
});

/** One that says who has it, and may refuse to store. */
class Storage extends MemoryStorage {
  locked = false;
  full = false;

  async write(changes) {
    if (this.full) return Promise.reject(null);
    return super.write(changes);
  }

  async lock() {
    this.locked = true;
    return () => { this.locked = false; };
  }
}

const json = (status, body) => new Response(JSON.stringify(body), { status });

const options = (storage, answer) => ({ server: 'http://127.0.0.1:1', username: 'alice',
  passphrase: 'a passphrase', storage, scryptN: 2, wasm: async () => compiled,
  fetch: async ({ pathname }) => answer(pathname) });

/** A client of a device that stands in its account, without a server. */
async function standing(storage, answer) {
  const given = options(storage, answer);
  const records = await Records.make(storage, given.passphrase,
    (...args) => new Module(compiled, {}).recordKey(...args), 2);
  await records.writeJson('account', { server: given.server, username: given.username,
    device_id: DEVICE, stands: true });
  await records.writeJson('tokens', { access: 'an old one', refresh: 'another' });
  return Client.open(given);
}

test('a client that cannot store closes itself, and lets the next one in', async () => {
  const storage = new Storage();
  const client = await standing(storage, path => path === '/auth/refresh'
    ? json(200, { access_token: 'new', refresh_token: 'new' }) : json(401, {}));
  const told = [];
  client.on(({ kind }) => told.push(kind));
  assert.equal(storage.locked, true);
  storage.full = true;
  await assert.rejects(client.invitations(), { result: 'local', slug: 'storage' });
  assert.equal((await client.ended).slug, 'storage');
  assert.equal(storage.locked, false);
  assert.deepEqual(told, ['failed']);
  await assert.rejects(client.sessions(), { slug: 'storage' });

  storage.full = false;
  const again = await Client.open(options(storage, () => json(401, {})));
  assert.deepEqual(await again.sessions(), []);
  await again.close();
  assert.equal(await again.ended, undefined);
  await assert.rejects(again.sessions(), { slug: 'closed' });
});

const problem = (status, type) => json(status, { type, detail: 'A sentence.' });

test('what a server calls its refusal is a word, whichever it is', async () => {
  for (const [slug, result] of [['username-taken', 'conflict'], ['constructor', 'refused'],
    ['__proto__', 'refused']])
    await assert.rejects(Client.register(options(new Storage(),
      () => problem(409, `urn:hermetic:problem:${slug}`))), { result, slug });
});

test('an answer to a login that is none makes no device', async () => {
  const whole = { access_token: 'a', refresh_token: 'r', user_id: DEVICE, device_id: DEVICE };
  for (const wrong of [{ device_id: undefined }, { device_id: '../x' }, { device_id: 7 },
    { user_id: null }, { access_token: '' }, { refresh_token: undefined }]) {
    const storage = new Storage();
    await assert.rejects(Client.login(options(storage, () => json(200,
      { ...whole, ...wrong }))), { result: 'refused', slug: 'bad-answer' },
    JSON.stringify(wrong));
    assert.equal(await Client.exists(storage), false);
    assert.equal(storage.locked, false);
  }
  // nor that of another device than this one
  const storage = new Storage();
  await (await standing(storage, () => json(401, {}))).close();
  await assert.rejects(Client.login(options(storage, () => json(200,
    { ...whole, device_id: DEVICE.replace(/1$/, '2') }))), { slug: 'bad-answer' });
});

test('a logout that the server has not answered for is told, and can be tried again',
  async () => {
    let answer = () => json(503, { type: 'urn:hermetic:problem:unavailable' });
    const storage = new Storage();
    const client = await standing(storage, path => answer(path));
    await assert.rejects(client.logout(), { result: 'busy', slug: 'unavailable' });
    answer = () => { throw new TypeError('cut'); };
    await assert.rejects(client.logout(), { result: 'unreachable' });
    assert.deepEqual(await client.sessions(), []);
    answer = () => new Response(null, { status: 204 });
    await client.logout();
    await assert.rejects(Client.open(options(storage, answer)), { slug: 'approval-needed' });
  });
