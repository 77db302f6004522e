// FileStorage of @hermetic/client (sdk/js/file.js): who has a folder, and what is in it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

import { FileStorage } from '../../sdk/js/file.js';

const scratch = mkdtempSync(join(tmpdir(), 'hermetic-file-'));
after(() => rmSync(scratch, { recursive: true }));

const BUSY = { result: 'busy', slug: 'state-in-use' };
const newFolder = () => mkdtempSync(join(scratch, 'state-'));

const bytes = text => new TextEncoder().encode(text);
const texts = records => Object.fromEntries(Array.from(records, ([key, value]) =>
  [key, new TextDecoder().decode(value)]));

/** A process that is told to `lock` and to `unlock` that folder, and says how that went. */
function another(folder) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', `
    import { createInterface } from 'node:readline';
    import { FileStorage } from ${JSON.stringify(
    new URL('../../sdk/js/file.js', import.meta.url).href)};
    let unlock;
    const does = {
      lock: () => new FileStorage(${JSON.stringify(folder)}).lock().then(f => {
        unlock = f;
        return 'has it';
      }, error => error.slug ?? error.message),
      unlock: async () => {
        await unlock?.();
        unlock = undefined;
        return 'has gone';
      },
    };
    for await (const word of createInterface({ input: process.stdin }))
      console.log(await does[word]());
  `], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const does = async word => {
    child.stdin.write(`${word}\n`);
    return (await lines.next()).value;
  };
  return { does, end: signal => {
    if (signal) child.kill(signal);
    else child.stdin.end();
    return once(child, 'exit');
  } };
}

test('what the lock has in it says nothing of who has it', async () => {
  const folder = newFolder();
  // what a process of this id has left, in a container that was before
  writeFileSync(join(folder, 'lock'), String(process.pid));
  const unlock = await new FileStorage(folder).lock();
  // an id that nobody has here, as that of a process in another container
  for (const text of ['', '4194999'])
    await assert.rejects(async () => {
      writeFileSync(join(folder, 'lock'), text);
      await new FileStorage(folder).lock();
    }, BUSY);
  await unlock();
  await (await new FileStorage(folder).lock())();
});

test('of processes that come at once one has it', async () => {
  const folder = newFolder();
  const all = Array.from({ length: 4 }, () => another(folder));
  for (let round = 0; round < 20; round++) {
    writeFileSync(join(folder, 'lock'), '4194999'); // as a process that was killed leaves it
    const said = await Promise.all(all.map(one => one.does('lock')));
    assert.deepEqual(said.sort(),
      ['has it', 'state-in-use', 'state-in-use', 'state-in-use'], `round ${round}`);
    await Promise.all(all.map(one => one.does('unlock')));
  }
  for (const one of all) await one.end();
});

test('a process that is killed has it no more', async () => {
  const folder = newFolder();
  const [killed, next] = [another(folder), another(folder)];
  assert.equal(await killed.does('lock'), 'has it');
  await assert.rejects(new FileStorage(folder).lock(), BUSY);
  await killed.end('SIGKILL');
  assert.equal(await next.does('lock'), 'has it');
  await assert.rejects(new FileStorage(folder).lock(), BUSY);
  await next.end(); // without a word to the lock
  await (await new FileStorage(folder).lock())();
});

test('where it cannot be locked, the file is named', async () => {
  const folder = newFolder();
  const path = process.env.PATH;
  process.env.PATH = folder; // which has no flock
  try {
    await assert.rejects(new FileStorage(folder).lock(), error => error.slug === 'lock' &&
      error.message.includes(join(folder, 'lock')) && /flock/.test(error.advice));
  } finally {
    process.env.PATH = path;
  }
});

test('who only looks changes nothing, and what it saw is not kept', async () => {
  const folder = newFolder();
  const [has, looks] = [new FileStorage(folder), new FileStorage(folder)];
  const unlock = await has.lock();
  await has.write(new Map([['one', bytes('first')]]));
  assert.deepEqual(texts(await looks.read()), { one: 'first' });
  await has.write(new Map([['two', bytes('second')]]));
  await unlock();
  const free = await looks.lock();
  assert.deepEqual(texts(await looks.read()), { one: 'first', two: 'second' });
  await free();
});
