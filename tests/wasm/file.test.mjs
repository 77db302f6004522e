// FileStorage of @hermetic/client (sdk/js/file.js): who has a folder, and what is in it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const linesOf = folder => readFileSync(join(folder, 'records'), 'utf8').split('\n').slice(0, -1);

test('a file that has grown is written anew with a line for each record', async () => {
  const folder = newFolder();
  const storage = new FileStorage(folder);
  const unlock = await storage.lock();
  const large = new Uint8Array(200000);
  await storage.write(new Map([['kept', bytes('from the beginning')], ['gone', bytes('x')]]));
  await storage.write(new Map([['gone', null]]));
  // a line is 4 bytes for 3: five of these are more than four times of what counts
  for (let n = 1; n <= 5; n++) {
    large.fill(n);
    await storage.write(new Map([['large', large.slice()]]));
  }
  const lines = linesOf(folder);
  assert.deepEqual(lines.map(line => JSON.parse(line.slice(65)).map(([key]) => key)),
    [['kept'], ['large']]);
  await storage.write(new Map([['last', bytes('appended')]]));
  assert.equal(linesOf(folder).length, 3);
  await unlock();
  const records = await new FileStorage(folder).read();
  assert.deepEqual(records.get('large'), large);
  records.delete('large');
  assert.deepEqual(texts(records), { kept: 'from the beginning', last: 'appended' });
});

test('what was cut off at the end is left out; damage before it is told', async () => {
  const folder = newFolder();
  const storage = new FileStorage(folder);
  const unlock = await storage.lock();
  await storage.write(new Map([['one', bytes('1')]]));
  await storage.write(new Map([['two', bytes('2')]]));
  await unlock();
  const [one, two] = linesOf(folder);
  appendFileSync(join(folder, 'records'), two.slice(0, -10));
  assert.deepEqual(texts(await new FileStorage(folder).read()), { one: '1', two: '2' });
  // a write after that begins a line of its own
  const again = await storage.lock();
  await storage.write(new Map([['three', bytes('3')]]));
  await again();
  assert.deepEqual(texts(await new FileStorage(folder).read()),
    { one: '1', two: '2', three: '3' });
  writeFileSync(join(folder, 'records'), `${one.slice(0, -10)}\n${two}\n`);
  await assert.rejects(new FileStorage(folder).read(), { slug: 'state-damaged' });
});
