// @hermetic/client as npm packs it, installed in a folder where nothing else is: the example of its
// README answers what is said to it, and its types are there.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Person } from '../testlib/people.mjs';
import { newHome, root, startNode, startPostgres, until } from '../testlib/stack.mjs';

const exec = promisify(execFile);
let postgres, node, alice, folder;

before(async () => {
  folder = newHome();
  const { stdout } = await exec('npm', ['pack', '--silent', '--pack-destination', folder],
    { cwd: join(root, 'sdk/js') });
  writeFileSync(join(folder, 'package.json'), '{"name": "mine", "version": "1.0.0"}');
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund',
    join(folder, stdout.trim())], { cwd: folder });
  postgres = await startPostgres();
  node = await startNode({ postgres });
  alice = await new Person('alice', node.url).register();
});

after(async () => {
  await node?.stop();
  await postgres?.stop();
});

/** What node has by itself from version 22 on. */
function prelude() {
  const ws = pathToFileURL(join(root, 'tests/node_modules/ws/wrapper.mjs'));
  const file = join(folder, 'prelude.mjs');
  writeFileSync(file, `import { WebSocket } from '${ws}';\nglobalThis.WebSocket ??= WebSocket;\n`);
  return pathToFileURL(file).href;
}

test('the example of its README answers what is said to it', async t => {
  const name = `readme-${alice.name.slice(-8)}`, program = join(folder, 'program.mjs');
  const [, example] = readFileSync(
    join(folder, 'node_modules/@hermetic/client/README.md'), 'utf8').match(/```js\n(.*?)```/s);
  writeFileSync(program, example.replace('http://localhost:8000', node.url)
    .replace('carol', name));
  const bot = spawn(process.execPath, [...process.execArgv.filter(a => !a.startsWith('--test')),
    '--import', prelude(), program],
  { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PASSPHRASE: 'a bot has one, too', NODE_OPTIONS: '' } });
  t.after(() => bot.kill('SIGKILL'));
  await until(() => existsSync(join(folder, 'state')), { name: 'its state' });
  const [{ session_id: id }] = await alice.does('create');
  await until(async () => (await alice.run('invite', id, name)).code === 0,
    { name: `${name} to be an account`, ms: 60_000 });
  await until(async () => (await alice.does('members', id)).some(m => m.username === name),
    { name: `${name} to be a member`, ms: 60_000 });
  await alice.does('send', id, 'hello', '--to-new-members');
  await until(async () => (await alice.texts(id)).includes(`${alice.name} said: hello`),
    { name: 'an answer', ms: 60_000 });
});

test('it has its types, and nothing of its tests', () => {
  const at = join(folder, 'node_modules/@hermetic/client');
  for (const file of ['index.d.ts', 'index.js', 'node.js', 'hermetic.wasm', 'README.md'])
    assert.ok(existsSync(join(at, file)), file);
  assert.ok(!existsSync(join(folder, 'node_modules/ws')));
});
