// Two browsers and the command talk in one session, while tabs are killed, the network goes
// away and the node is exchanged: in the end all three have the same messages in the same
// order, each once.
//
//   HERMETIC_MESSAGES=1000 HERMETIC_BUILD=build/release node --test tests/wasm/talk.test.mjs
//
// The number is how many each of them says in all; without it the talk is a short one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { Person } from '../testlib/people.mjs';
import { root, startNode, startPostgres, temporary, until } from '../testlib/stack.mjs';

const MESSAGES = Number(process.env.HERMETIC_MESSAGES ?? 18);
const FAULTS = 6; // two of each
const LONG_MS = 300_000;
const PASSPHRASE = 'a page has a passphrase';

let postgres, node, line, browser, alice, chat, id;
const people = {};

/** Between browsers and the node: the address stays when the node does not. */
async function startLine() {
  const sockets = new Set();
  const self = { target: undefined, isDown: false };
  const server = createServer(socket => {
    if (self.isDown) return socket.destroy();
    const { hostname, port } = new URL(self.target);
    const onward = connect(port, hostname);
    for (const s of [socket, onward]) {
      sockets.add(s);
      s.on('error', () => {}).on('close', () => {
        sockets.delete(s);
        socket.destroy();
        onward.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
    return undefined;
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  self.url = `http://127.0.0.1:${server.address().port}`;
  self.cut = () => { for (const s of sockets) s.destroy(); };
  self.stop = () => {
    self.cut();
    server.close();
  };
  return self;
}

before(async () => {
  const directory = join(temporary('web'), 'page');
  execFileSync('node', [join(root, 'tools/web.mjs'), directory]);
  postgres = await startPostgres();
  const env = { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: directory };
  node = await startNode({ postgres, env });
  node.env = env;
  line = await startLine();
  line.target = node.url;
  [alice, browser] = await Promise.all([new Person('alice', line.url).register(),
    startChromium()]);
  for (const name of ['bob', 'carol']) {
    const person = people[name] = { name: `${name}-${alice.name.slice(-8)}`,
      context: await browser.context() };
    person.tabs = [await Page.open(browser, line.url, { context: person.context })];
    await person.tabs[0].register(person.name, PASSPHRASE);
  }
  [{ session_id: id }] = await alice.does('create', '--invite', people.bob.name, '--invite',
    people.carol.name, '--name', 'talk');
  for (const person of Object.values(people)) {
    await enter(person.tabs[0]);
    person.tabs.push(await another(person));
  }
  chat = alice.start();
  chat.child.stdin.write(`/open ${id}\n`);
  await chat.line(l => l.session_id === id);
});

after(async () => {
  await chat?.stop();
  await browser?.stop();
  line?.stop();
  await node?.stop();
  await postgres?.stop();
});

/** The session is the one that is shown there. */
async function enter(page) {
  await until(() => page.does(`document.querySelector('[data-session="${id}"]')?.click();
    return document.querySelector('.composer:not([hidden])') !== null`),
  { ms: LONG_MS, name: 'the session to be there' });
}

async function another(person) {
  const page = await Page.open(browser, line.url, { context: person.context });
  await page.unlock(PASSPHRASE);
  await enter(page);
  return page;
}

// ---- faults ----

/** The tab that has the device is gone; the other one goes on, and a new one comes. */
async function killTab(person) {
  await person.tabs.shift().close();
  person.tabs.push(await another(person));
}

async function loseNetwork() {
  line.isDown = true;
  line.cut();
  await until(() => people.bob.tabs[0].does(
    'return document.querySelector(".status").textContent !== ""'), { ms: LONG_MS,
    name: 'a page to say that the server is not reached' });
  line.isDown = false;
}

async function exchangeNode() {
  const next = await startNode({ postgres, env: node.env });
  next.env = node.env;
  line.target = next.url;
  await node.stop(); // which closes what it has
  node = next;
}

const FAULT = [() => killTab(people.bob), loseNetwork, () => killTab(people.carol),
  exchangeNode];

// ---- the talk ----

const wordsOf = (who, i) => `${who} says ${i}`;

/** What a page shows, from the first message on. */
async function textsOf(page) {
  while (await page.does(`const older = document.querySelector('.older');
    if (older.hidden) return false;
    older.click();
    return true;`))
    await until(() => page.does('return !document.querySelector(".older").disabled'));
  return page.does(`return [...document.querySelectorAll('.message:not(.pending) .text')]
    .map(e => e.textContent)`);
}

test(`${MESSAGES} messages of each of three, and ${FAULTS} faults`, async () => {
  const every = Math.ceil(MESSAGES / FAULTS);
  const began = Date.now();
  for (let i = 0; i < MESSAGES; i++) {
    chat.child.stdin.write(`${wordsOf('alice', i)}\n`);
    // the tab that has come last says it, so what is killed is the other one
    for (const [name, { tabs }] of Object.entries(people))
      await tabs.at(-1).say(wordsOf(name, i));
    if (i % every === every - 1) await FAULT[Math.floor(i / every) % FAULT.length]();
    else if (i % 5 === 0)
      await until(() => people.bob.tabs.at(-1).does(`return said('${wordsOf('bob', i)}')`),
        { ms: LONG_MS, name: `message ${i}` });
  }
  const expected = ['alice', 'bob', 'carol'].flatMap(name =>
    Array.from({ length: MESSAGES }, (_, i) => wordsOf(name, i))).sort();
  await until(async () => (await alice.texts(id)).length === expected.length,
    { ms: LONG_MS, name: 'all to be stored' });
  const inOrder = await alice.texts(id);
  assert.deepEqual([...inOrder].sort(), expected);
  for (const { name, tabs } of Object.values(people))
    for (const page of tabs) {
      await until(() => page.does(`return said(${JSON.stringify(inOrder.at(-1))})`),
        { ms: LONG_MS, name: `${name} to have the last one` });
      assert.deepEqual(await textsOf(page), inOrder, name);
      assert.deepEqual(await page.violations(), []);
    }
  console.log(`# ${3 * MESSAGES} messages in ${((Date.now() - began) / 1000).toFixed(0)} s`);
});
