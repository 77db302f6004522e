// "Sealed chat in a page, in fifteen minutes" of docs/embedding.md, word by word: its commands as
// they stand there, but for the ports, and what it says of the page.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { build, freePort, newHome, root, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

const LONG_MS = 180_000;
const text = readFileSync(pathOf(root, 'docs/embedding.md'), 'utf8');
const [part] = /^### Sealed chat in a page[^]*?(?=^\[example)/m.exec(text);
const commands = [...part.matchAll(/^ {4}(.*)$/gm)].map(m => m[1]);
let postgres, node, browser, clone, port, server;

before(async () => {
  postgres = await startPostgres();
  port = await freePort();
  const [run] = commands.splice(0, 1);
  const [, name, value] = /^(\w+)=(\S+) \.\/dev run --no-tour$/.exec(run);
  node = await startNode({ postgres, env: { [name]: value.replace('8080', port) } });
  // what `./dev run` leaves in a clone
  clone = newHome();
  mkdirSync(pathOf(clone, 'build'));
  for (const folder of ['sdk', 'docs']) cpSync(pathOf(root, folder), pathOf(clone, folder),
    { recursive: true });
  symlinkSync(pathOf(build, 'hermetic'), pathOf(clone, 'build/hermetic'));
  browser = await startChromium();
});

after(async () => {
  server?.kill();
  await browser?.stop();
  await node?.stop();
  await postgres?.stop();
});

/** A command of the text, in a shell in the clone. */
function start(command, ids = {}) {
  const words = command.replaceAll('http://localhost:8000', node.url).replaceAll('8080', port)
    .replaceAll('localhost:8000', new URL(node.url).host).replace(/\bID\b/, id => ids[id] ?? id);
  return spawn('bash', ['-c', `exec ${words}`], { cwd: clone, env: { ...process.env,
    HERMETIC_HOME: pathOf(clone, 'state'), HERMETIC_PASSPHRASE: 'alice has a passphrase',
    HERMETIC_SCRYPT_N: '16384', HERMETIC_STOCK: '5' } });
}

async function run(command, ids) {
  const child = start(command, ids);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { out += data; });
  const code = await new Promise(done => child.on('close', done));
  assert.equal(code, 0, `${command}: ${out}`);
  return out;
}

test('the commands and the page do what the text says', { timeout: 600_000 }, async () => {
  const at = commands.findIndex(c => c.startsWith('python3 '));
  for (const command of commands.slice(0, at)) await run(command);
  server = start(commands[at]);
  const [register, invitations, join, send] = commands.slice(at + 1);
  await run(register);
  await until(() => fetch(`http://localhost:${port}/`).then(a => a.ok, () => false),
    { name: 'the page' });
  const page = await browser.page(`http://localhost:${port}/`);
  const fill = (form, fields, button) => page.does(`
    for (const [name, value] of Object.entries(${JSON.stringify(fields)}))
      ${form}.elements[name].value = value;
    [...${form}.querySelectorAll('button')].find(b => b.textContent === '${button}').click();`);
  await until(() => page.does('return typeof globalThis.door?.onsubmit === "function"'),
    { ms: LONG_MS, name: 'the page' });
  for (const words of ['user name `carol`', '"Come in"', 'Write `alice`', '"Send"'])
    assert.ok(part.replace(/\s+/g, ' ').includes(words), words);
  await fill('door', { username: 'carol', passphrase: 'carol has a passphrase' }, 'Come in');
  await until(() => page.does('return !chat.hidden'), { ms: LONG_MS, name: 'the chat' });
  await fill('chat', { user: 'alice' }, 'Send');
  await until(() => page.does('return chat.elements.session.value'),
    { ms: LONG_MS, name: 'the session' });
  const [ID] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(await run(invitations));
  await run(join, { ID });
  await run(send, { ID });
  await until(() => page.does('return log.textContent.includes("alice: hello from a terminal")'),
    { ms: LONG_MS, name: 'what alice says' });
  await fill('chat', { text: 'hello from the page' }, 'Send');
  await until(async () => (await run(`${send.split(' send ')[0]} read ${ID}`))
    .includes('hello from the page'), { ms: LONG_MS, name: 'what carol says' });
});
