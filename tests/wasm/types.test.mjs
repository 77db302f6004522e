// index.d.ts of @hermetic/client: a program in TypeScript compiles against it, one that calls what
// is not there does not, and it names the calls that the package has.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { Client } from '../../sdk/js/node.js';
import { SharedClient } from '../../sdk/js/tabs.js';
import { newHome, root } from '../testlib/stack.mjs';

const PROGRAM = `
import { Client, Failure, FileStorage, IndexedDbStorage, MemoryStorage, SharedClient } from
  '@hermetic/client';
import type { Entry, Event, Member, Session, Storage } from '@hermetic/client';

const storages: Storage[] = [new MemoryStorage(), new FileStorage('state'), new IndexedDbStorage()];
const options = { server: 'http://localhost:8000', passphrase: 'a passphrase', username: 'carol',
  storage: storages[0]! };

function told(event: Event): string {
  switch (event.kind) {
    case 'text': return event.from + event.json.seq;
    case 'typing': return event.json.join();
    case 'progress': return event.key + event.done / event.total;
    case 'sent': return String(event.item + event.number);
    default: return event.text;
  }
}

export async function main(): Promise<void> {
  const client: Client = await Client.register(options);
  const end: () => void = client.on(event => console.log(told(event)));
  for await (const event of client.events()) console.log(event.kind);
  const id: string = await client.create({ name: 'lunch', users: ['alice'] });
  const session: Session = await client.describe(id);
  const members: Member[] = session.members;
  await client.shown(id, members.map(m => m.mark));
  const sent = await client.send(id, 'hello', { key: 'one', toNewMembers: true });
  if (!sent.kept) await client.reply(id, sent.number, 'again');
  const entries: Entry[] = await client.entries(id, { last: 5 });
  await client.setRole(id, 'alice', 'admin');
  const { blob } = await client.saveFile(id, entries[0]!.seq);
  await client.sendFile(id, blob.stream(), { name: 'a' });
  await client.setRecoveryKey(await client.newRecoveryKey());
  const rows: string[] = await Client.qr('a code');
  const shared = new SharedClient({ ...options, storage: new IndexedDbStorage() });
  if (shared.leads) await shared.close();
  end();
  try {
    await Client.login({ ...options, recovery: rows[0]!, onCode: code => code.length });
  } catch (error) {
    if (error instanceof Failure && error.result === 'denied') console.log(error.advice);
  }
}
`;

/** What the compiler says of that program. */
async function compile(text) {
  const folder = newHome();
  mkdirSync(join(folder, 'node_modules/@hermetic'), { recursive: true });
  symlinkSync(join(root, 'sdk/js'), join(folder, 'node_modules/@hermetic/client'));
  writeFileSync(join(folder, 'program.ts'), text);
  const tsc = join(root, 'tests/node_modules/typescript/bin/tsc');
  return promisify(execFile)(process.execPath, [tsc, '--noEmit', '--strict', '--target', 'es2022',
    '--lib', 'es2022,dom', '--module', 'nodenext', '--moduleResolution', 'nodenext',
    'program.ts'], { cwd: folder })
    .then(({ stdout }) => stdout, ({ stdout }) => stdout);
}

test('a program compiles against it', async () => {
  assert.equal(await compile(PROGRAM), '');
});

test('one that is wrong does not', async () => {
  const said = await compile(PROGRAM.replace("'alice', 'admin'", "'alice', 'king'")
    .replace('client.describe', 'client.crown').replace('event.json.join()', 'event.json.seq'));
  assert.match(said, /TS2345.*king/);
  assert.match(said, /TS2339.*crown/);
  assert.match(said, /TS2339.*seq/);
});

test('each call of the package is in it', async () => {
  const calls = new Set();
  for (let made = Client.prototype; made !== Object.prototype; made = Object.getPrototypeOf(made))
    for (const name of Object.getOwnPropertyNames(made)) calls.add(name);
  calls.delete('constructor');
  assert.ok(calls.size > 50);
  assert.equal(await compile(`import type { Client } from '@hermetic/client';
    export type Known = Pick<Client, ${[...calls].map(n => `'${n}'`).join(' | ')}>;`), '');
  const shared = Object.getOwnPropertyNames(SharedClient.prototype)
    .filter(name => !calls.has(name) && !['constructor', 'leads'].includes(name));
  assert.deepEqual(shared, []);
});
