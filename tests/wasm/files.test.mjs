// Files by @hermetic/client in node: streams of node in and out, and names that are too long.
import assert from 'node:assert/strict';
import { createReadStream, createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { after, before, test } from 'node:test';

import { Client, MemoryStorage } from '../../sdk/js/node.js';
import { Person } from '../testlib/people.mjs';
import { newHome, startNode, startPostgres } from '../testlib/stack.mjs';

const BYTES = Buffer.from(new Uint8Array(3 * 2 ** 20 + 54321).map((_, i) => i * 37 >> 2));
let postgres, node, alice, bob, id, spoils = false;

/** Bytes of files are changed on their way where `spoils`. */
async function fetched(url, how) {
  const answer = await fetch(url, how);
  if (!spoils || answer.status !== 206) return answer;
  const wrong = new Uint8Array(await answer.arrayBuffer());
  wrong[wrong.length - 20] ^= 1;
  return new Response(wrong, { status: 206, headers: answer.headers });
}

before(async () => {
  postgres = await startPostgres();
  node = await startNode({ postgres });
  alice = await new Person('alice', node.url).register();
  const username = `bob-${alice.name.slice(-8)}`;
  bob = await Client.register({ server: node.url, username, storage: new MemoryStorage(),
    passphrase: 'bob has a passphrase', scryptN: 16384, stock: 5, fetch: fetched });
  id = await bob.create({ users: [alice.name] });
  await alice.does('join', id);
  await bob.refresh(id);
  await bob.shown(id, (await bob.members(id)).map(m => m.mark));
});

after(async () => {
  await bob?.close();
  await node?.stop();
  await postgres?.stop();
});

test('a stream of node is sent, and what comes is written to one', async () => {
  const folder = newHome(), there = join(folder, 'there'), back = join(folder, 'back');
  writeFileSync(there, BYTES);
  const { number } = await bob.sendFile(id, createReadStream(there), { name: 'there.bin' });
  const told = await bob.saveFile(id, number, { to: Writable.toWeb(createWriteStream(back)) });
  assert.deepEqual(told, { name: 'there.bin', type: 'application/octet-stream',
    size: BYTES.length });
  assert.ok(readFileSync(back).equals(BYTES));
  await alice.does('save', id, String(number), folder);
  assert.ok(readFileSync(join(folder, 'there.bin')).equals(BYTES));
  // pieces of any size, also of none
  const parts = Readable.from([BYTES.subarray(0, 1), BYTES.subarray(1, 1), BYTES.subarray(1)]);
  const again = await bob.sendFile(id, parts, { name: 'parts' });
  const { blob } = await bob.saveFile(id, again.number);
  assert.ok(Buffer.from(await blob.arrayBuffer()).equals(BYTES));
});

test('what is not the file ends the stream with that, and never as a file', async () => {
  const { number } = await bob.sendFile(id, new Blob([BYTES]));
  let closed = false, aborted;
  const to = new WritableStream({ write() {}, close() { closed = true; },
    abort(error) { aborted = error; } });
  spoils = true;
  try {
    await assert.rejects(bob.saveFile(id, number, { to }), { slug: 'file-differs' });
  } finally {
    spoils = false;
  }
  assert.equal(aborted?.slug, 'file-differs');
  assert.equal(closed, false);
});

test('a name that is too long is cut between signs, and keeps its ending', async () => {
  const family = '👩‍👩‍👧‍👦';
  for (const [name, ending] of [[`${'long '.repeat(80)}.tar.gz`, '.tar.gz'],
    [`${family.repeat(20)}.jpeg`, '.jpeg'], [`${'नि'.repeat(80)}.md`, '.md'],
    ['no ending '.repeat(60), '']]) {
    const { number } = await bob.sendFile(id, new Blob(['a file']), { name });
    const { name: cut } = await bob.saveFile(id, number);
    const bytes = Buffer.byteLength(cut);
    assert.ok(bytes > 200 && bytes <= 255, `${bytes}: ${cut}`);
    const stem = cut.slice(0, cut.length - ending.length);
    assert.ok(cut.endsWith(ending) && name.startsWith(stem), cut);
    const signs = text => [...new Intl.Segmenter('en').segment(text)].map(s => s.segment);
    assert.deepEqual(signs(stem), signs(name).slice(0, signs(stem).length), cut);
    const told = (await alice.does('read', id)).find(e => e.seq === number);
    assert.equal(told.file.name, cut);
  }
});

test('a file that was said under a key is said once, and no other file under that', async () => {
  let asked = 0;
  const counts = (url, how) => {
    asked += /\/files\//.test(new URL(url).pathname);
    return fetch(url, how);
  };
  const storage = new MemoryStorage();
  const options = { server: node.url, username: `carol-${alice.name.slice(-8)}`, storage,
    passphrase: 'carol has a passphrase', scryptN: 16384, stock: 5, fetch: counts };
  let carol = await Client.register(options);
  try {
    const at = await carol.create();
    const file = new Blob([BYTES], { type: 'text/plain' });
    const how = { key: 'the-plan', name: 'plan.txt', text: 'See page 3' };
    const first = await carol.sendFile(at, file, how);
    assert.ok(asked > 0);
    asked = 0;
    assert.deepEqual(await carol.sendFile(at, file, how), first);
    assert.deepEqual(await carol.sendFile(at, Readable.from([BYTES]), { ...how,
      type: 'text/plain' }), first);
    await carol.close();
    carol = await Client.open(options);
    assert.deepEqual(await carol.sendFile(at, file, how), first);
    const other = Buffer.from(BYTES);
    other[2 ** 20] ^= 1;
    const { type } = file;
    for (const [source, more] of [[new Blob([other], { type })], [Readable.from([other]), { type }],
      [new Blob([BYTES.subarray(1)], { type })], [file, { name: 'plans.txt' }],
      [file, { type: 'text/csv' }], [file, { text: 'See page 4' }]])
      await assert.rejects(carol.sendFile(at, source, { ...how, ...more }),
        { result: 'conflict', slug: 'key-reused' });
    await assert.rejects(carol.send(at, how.text, { key: how.key }), { slug: 'key-reused' });
    await carol.send(at, 'a text', { key: 'a text' });
    await assert.rejects(carol.sendFile(at, file, { key: 'a text', text: 'a text' }),
      { slug: 'key-reused' });
    assert.equal(asked, 0); // nothing was stored for nothing
    const said = await carol.search({ session: at });
    assert.equal(said[0].entries.filter(e => e.file).length, 1);
    // a key of any length is one
    const long = { key: 'k'.repeat(300) }, once = await carol.sendFile(at, file, long);
    assert.deepEqual(await carol.sendFile(at, file, long), once);
  } finally {
    await carol.close();
  }
});
