// @hermetic/client (sdk/js) in Debian's Chromium: pages of one account in several tabs talk
// with the command, from another origin than the node's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { WebSocket } from 'ws';

import { Client, MemoryStorage } from '../../sdk/js/node.js';
import { startChromium } from '../testlib/chromium.mjs';
import { Person } from '../testlib/people.mjs';
import { root, startNode, startPostgres, until } from '../testlib/stack.mjs';

const XWING = 'xwing-chacha20-poly1305';
const TYPES = { js: 'text/javascript', wasm: 'application/wasm' };
const PAGE = '<!doctype html><meta charset="utf-8"><title>page</title>';
// what a page needs is allowed, and nothing else
const policy = node => `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; ` +
  `connect-src 'self' ${node.url} ${node.url.replace('http', 'ws')}; ` +
  `require-trusted-types-for 'script'`;

let postgres, node, pages, origin, browser, alice, name;

before(async () => {
  pages = createServer((request, response) => {
    if (request.url === '/example.html') {
      response.setHeader('content-type', 'text/html');
      response.end(readFileSync(join(root, 'docs/example/page.html'), 'utf8')
        .replace('<html ', `<html data-server="${node.url}" `));
      return;
    }
    const file = /^\/(?:hermetic\/)?([a-z-]+\.(js|wasm))$/.exec(request.url);
    response.setHeader('content-security-policy', policy(node));
    response.setHeader('content-type', file ? TYPES[file[2]] : 'text/html');
    response.end(file ? readFileSync(join(root, 'sdk/js', file[1])) : PAGE);
  });
  await new Promise(done => pages.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${pages.address().port}`;
  postgres = await startPostgres();
  node = await startNode({ postgres, env: { HERMETIC_CORS_ORIGINS: origin,
    HERMETIC_ALGORITHMS: [XWING, 'aes-256-gcm', 'chacha20-poly1305', 'twofish-256-gcm'].join() } });
  alice = await new Person('alice', node.url).register();
  name = `bob-${alice.name.slice(-8)}`;
  browser = await startChromium();
});

after(async () => {
  await browser?.stop();
  await node?.stop();
  await postgres?.stop();
  pages?.close();
});

const start = () => `
  globalThis.h = await import('${origin}/index.js');
  globalThis.options = { server: '${node.url}', username: '${name}',
    passphrase: 'a page has a passphrase', scryptN: 16384, stock: 5,
    storage: new h.IndexedDbStorage('test') };
`;

/** A tab that shares the device; what it is told is in `told`. */
async function tab() {
  const page = await browser.page(origin);
  await page.does(`${start()}
    globalThis.told = [];
    globalThis.client = new h.SharedClient(options);
    client.on(event => told.push(event));
  `);
  page.heard = text => until(() => page.does(
    `return told.find(e => e.kind === 'text' && e.text === ${JSON.stringify(text)})`),
  { name: `a tab to be told ${text}` });
  return page;
}

test('tabs share a device, and the next one goes on', async () => {
  const first = await browser.page(origin);
  await first.does(`${start()} await (await h.Client.register(options)).close();`);
  await first.close();

  const one = await tab();
  await until(() => one.does('return client.leads'), { name: 'the first tab to lead' });
  const two = await tab();
  const id = await two.does(`return client.create({ name: 'tabs', users: ['${alice.name}'] })`);
  await alice.does('join', id);
  await two.does(`
    await client.refresh('${id}');
    await client.shown('${id}', (await client.members('${id}')).map(m => m.mark));
    await client.send('${id}', 'from the second tab');
  `);
  assert.ok((await alice.texts(id)).includes('from the second tab'));
  await alice.does('send', id, 'to both tabs');
  await one.heard('to both tabs');
  await two.heard('to both tabs');
  assert.equal(await two.does('return client.leads'), false);

  await one.close();
  await until(() => two.does('return client.leads'), { name: 'the second tab to lead' });
  await alice.does('send', id, 'to the tab that is left');
  await two.heard('to the tab that is left');
  const { number } = await two.heard('to both tabs');
  await two.does(`await client.reply('${id}', ${number}, 'an answer')`);
  assert.ok((await alice.texts(id)).includes('an answer'));
});

test('what the browser stores shows nothing, and its key is not given out', async () => {
  const page = await browser.page(origin);
  const { text, names, exported } = await page.does(`
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('hermetic:test');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const all = (store, what) => new Promise(done => {
      const request = database.transaction(store).objectStore(store)[what]();
      request.onsuccess = () => done(request.result);
    });
    const values = await all('records', 'getAll');
    const [key] = await all('keys', 'getAll');
    const exported = await crypto.subtle.exportKey('raw', key).then(() => true, () => false);
    return { names: await all('records', 'getAllKeys'), exported,
      text: values.map(v => new TextDecoder('latin1').decode(v)).join() };
  `);
  assert.ok(names.length > 5);
  for (const word of [name, 'tabs', 'session', 'answer'])
    assert.ok(!text.includes(word) && !names.some(n => n.includes(word)), word);
  assert.equal(exported, false);
  await page.close();
});

test('the example of 60 lines is a page that talks', async () => {
  const example = readFileSync(join(root, 'docs/example/page.html'), 'utf8');
  assert.ok(example.split('\n').length <= 61);
  const page = await browser.page(`${origin}/example.html`);
  const fill = (form, fields) => page.does(`const { elements } = ${form};
    for (const [name, value] of Object.entries(${JSON.stringify(fields)}))
      elements[name].value = value;
    ${form}.requestSubmit();`);
  await until(() => page.does('return typeof globalThis.door?.onsubmit === "function"'),
    { name: 'the page' });
  await fill('door', { username: `carol-${name.slice(-8)}`, passphrase: 'an example' });
  await until(() => page.does('return !chat.hidden'), { ms: 180_000, name: 'the chat' });
  await fill('chat', { user: alice.name });
  const id = await until(() => page.does('return chat.elements.session.value'),
    { name: 'the session' });
  await alice.does('join', id);
  await fill('chat', { text: 'from the example' });
  await until(() => page.does('return log.textContent.includes("from the example")'),
    { name: 'what was said' });
  await alice.does('send', id, '<i>an answer</i>');
  await until(() => page.does('return log.textContent.includes(": <i>an answer</i>")'),
    { name: 'an answer' });
  await page.close();
});

test('a page and another client talk by X-Wing', async () => {
  const page = await browser.page(origin);
  const algorithms = `${XWING},chacha20-poly1305`;
  const dora = `dora-${name.slice(-8)}`;
  await page.does(`${start()}
    globalThis.dora = await h.Client.register({ ...options, username: '${dora}',
      storage: new h.IndexedDbStorage('xwing'), algorithms: '${algorithms}' });`);
  const emil = await Client.register({ server: node.url, username: `emil-${name.slice(-8)}`,
    passphrase: 'emil has a passphrase', scryptN: 16384, stock: 5, WebSocket,
    storage: new MemoryStorage(), algorithms });
  const id = await emil.create({ users: [dora] });
  assert.equal((await emil.describe(id)).algorithm, XWING);
  await page.does(`await dora.join('${id}');
    await dora.send('${id}', 'from a browser', { toNewMembers: true });`);
  await emil.refresh(id);
  assert.ok((await emil.entries(id)).some(e => e.text === 'from a browser'));
  await emil.send(id, 'to a browser', { toNewMembers: true });
  assert.ok(await page.does(`await dora.refresh('${id}');
    return (await dora.entries('${id}')).some(e => e.text === 'to a browser')`));
  await emil.close();
  await page.does('await dora.close()');
  await page.close();
});
