// The records of @hermetic/client (sdk/js/records.js): what a storage that fails means.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { Records } from '../../sdk/js/records.js';
import { MemoryStorage } from '../../sdk/js/storage.js';

const keyOf = (passphrase, salt, n) =>
  new Uint8Array(createHash('sha256').update(`${passphrase} ${n}`).update(salt).digest());

const make = storage => Records.make(storage, 'a passphrase', keyOf, 2);

/** One whose write() waits for the next gate. */
class SlowStorage extends MemoryStorage {
  gates = [];

  async write(changes) {
    await this.gates.shift();
    return super.write(changes);
  }
}

for (const [what, reason, says] of [
  ['nothing', null, /does not say why/],
  ['an error', new Error('The disk is full.'), /The disk is full/],
])
  test(`records that were not stored are broken: ${what} is the reason`, async () => {
    const storage = new SlowStorage();
    const records = await make(storage);
    const gate = Promise.reject(reason);
    gate.catch(() => {});
    storage.gates = [gate];
    const broken = { name: 'Failure', slug: 'storage', message: says };
    await assert.rejects(records.writeJson('name', 'lost'), broken);
    await assert.rejects(records.flush(), broken);
    assert.throws(() => records.begin(), broken);
  });

test('what another call is about to store is waited for', async () => {
  const storage = new SlowStorage();
  const records = await make(storage);
  let open;
  storage.gates = [new Promise(done => { open = done; })];
  const order = [];
  const first = records.writeJson('name', 'value').then(() => order.push('stored'));
  const second = records.flush().then(() => order.push('flushed'));
  await new Promise(done => setImmediate(done));
  assert.deepEqual(order, []);
  open();
  await Promise.all([first, second]);
  assert.deepEqual(order, ['stored', 'flushed']);
});
