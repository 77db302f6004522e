// What goes wrong for a person before the page of web/, in Debian's Chromium: the network is
// away, the browser stores nothing, one reloads in between, and names are meant to deceive. Each
// is told in words for a person, and there is a way on.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { until } from '../testlib/stack.mjs';

const PASSPHRASE = 'whatever goes wrong';
const LONG_MS = 180_000;
const AWAY = { request: () => ({ drop: true }), upgrade: (_, socket) => socket.destroy() };
const OFFLINE = 'The server is not reached.';

let postgres, node, proxy, browser, alice, page, id, name;

before(async () => {
  ({ postgres, node } = await startPageNode({ HERMETIC_LOGINS_PER_MINUTE: '1000' }));
  proxy = await startProxy(node.url);
  browser = await startChromium();
  alice = await new Person('alice', node.url).register();
  name = `bob-${alice.name.slice(-8)}`;
  page = await Page.open(browser, proxy.url);
});

after(async () => {
  await browser?.stop();
  await proxy?.stop();
  await node?.stop();
  await postgres?.stop();
});

const newcomer = async () =>
  Page.open(browser, proxy.url, { context: await browser.context() });

const alertOf = async where => {
  await until(() => where.does('return place().querySelector(".alert") !== null'),
    { ms: LONG_MS, name: 'what has failed' });
  return where.does('return place().querySelector(".alert").innerText');
};

const sees = (where, what, not = false) =>
  until(() => where.does(`return seen(${JSON.stringify(what)}) !== ${not}`),
    { ms: LONG_MS, name: `${not ? 'no ' : ''}${what}` });

async function logsIn(where) {
  await where.fill('User name', name.toUpperCase()); // as a telephone begins words
  await where.fill('Passphrase', PASSPHRASE);
  await where.submit();
}

test('who may not come in is told so, and what to do', async () => {
  await page.fill('User name', 'nobody-of-that-name');
  await page.fill('Passphrase', PASSPHRASE);
  await page.submit();
  assert.match(await alertOf(page), /^No account has this user name with this passphrase\./);
  proxy.hooks = AWAY;
  await page.submit();
  await sees(page, 'The server was not reached.');
  proxy.hooks = {};
  await page.register(name, PASSPHRASE);
});

test('one has a name and numbers before there is any session', async () => {
  await page.click('Account and devices');
  await page.sees(`Account ${name}`);
  await page.sees('Your numbers');
  await page.sees('Your account has no recovery key yet.');
  await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
});

test('what failed is told to a person, not to who writes programs', async () => {
  await page.click('New session');
  await page.fill('With', 'nobody-of-that-name');
  await page.click('Begin');
  assert.match(await alertOf(page), /^There is no user nobody-of-that-name\./);
  assert.equal(await page.does(
    'return seen("name, id or number") || seen("hermetic_")'), false);
  await page.fill('With', alice.name);
  await page.fill('Name', 'lunch');
  await page.click('Begin');
  id = await until(() => page.does(
    'return document.querySelector("[data-session]")?.dataset.session'),
  { ms: LONG_MS, name: 'the session' });
  await alice.does('join', id);
  await page.sees('2 members');
});

test('one who reloads is in the same session, also without a server, and is told', async () => {
  await page.does('location.reload()');
  await until(() => page.does('return seen("This browser has a sealed device.")')
    .catch(() => false), { ms: LONG_MS, name: 'the door' }); // between, there is no page
  proxy.hooks = AWAY;
  await page.fill('Passphrase', PASSPHRASE);
  await page.submit();
  await page.sees('2 members');
  await sees(page, OFFLINE);
  const other = await Page.open(browser, node.url); // another origin: it has nothing
  await other.close();
  proxy.hooks = {};
  await sees(page, OFFLINE, true);
  await page.does('history.back()');
  await page.sees('Choose a session');
  await page.does('history.forward()');
  await page.sees('2 members');
});

test('a tab that comes while the server is away is told, too', async () => {
  const other = await Page.open(browser, proxy.url);
  proxy.hooks = AWAY;
  proxy.cut();
  await sees(page, OFFLINE);
  await other.unlock(PASSPHRASE);
  await sees(other, OFFLINE);
  proxy.hooks = {};
  await sees(other, OFFLINE, true);
  await other.close();
});

test('a device that waits has its code alone; after a reload its passphrase leads on', async () => {
  const other = await newcomer();
  await logsIn(other);
  await other.sees('This device waits to be approved');
  assert.equal(await other.does('return labelled("User name") === undefined'), true);
  assert.deepEqual(await other.faults(), []);
  await other.click('Do not wait');
  await until(() => other.does('return seen("This browser has a sealed device.")')
    .catch(() => false), { ms: LONG_MS, name: 'the door' });
  await other.fill('Passphrase', PASSPHRASE);
  await other.submit();
  await other.sees('This device waits to be approved');
  const code = await other.does('return document.querySelector("output").textContent');
  await page.sees('A device of yours waits to be approved.');
  await page.click('Account and devices');
  await page.fill('Approve a device', code);
  await page.click('Approve');
  await page.sees('Approved browser.');
  await other.sees('Sessions');
  await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
  await until(() => page.does('return document.querySelector("nav .banner") === null'),
    { ms: LONG_MS, name: 'no device that waits' });
  await other.close();
});

test('a browser that stores nothing is told of, and so is one without a module', async () => {
  const tab = await browser.page('about:blank', { context: await browser.context() });
  const none = new Page(tab, proxy.url);
  await tab.call('Page.enable');
  const { identifier } = await tab.call('Page.addScriptToEvaluateOnNewDocument', { source:
    `IDBFactory.prototype.open = () => { throw new DOMException('It is denied.'); };` });
  await none.reload();
  assert.match(await none.does('return document.body.innerText'),
    /This browser stores nothing for this page: It is denied\./);
  await tab.call('Page.removeScriptToEvaluateOnNewDocument', { identifier });
  await tab.call('Network.enable');
  await tab.call('Network.setBlockedURLs', { urls: ['*hermetic*wasm*'] });
  await none.close();
  const other = await newcomer();
  await other.call('Network.enable');
  await other.call('Network.setBlockedURLs', { urls: ['*hermetic*wasm*'] });
  await other.reload();
  await logsIn(other);
  assert.match(await alertOf(other), /^The part of this page that seals was not loaded\./);
  await other.call('Network.setBlockedURLs', { urls: [] });
  await other.submit();
  await other.sees('This device waits to be approved');
  await other.close();
});

test('names do not deceive: what turns characters round is seen', async () => {
  await page.click('Members and safety number');
  await page.fill('Rename', 'invoice\u202Egnp.exe');
  await page.click('Save');
  await until(() => page.does(`return [...document.querySelectorAll('.line')]
    .some(l => l.textContent.includes('calls this session invoice\uFFFDgnp.exe'))`),
  { ms: LONG_MS, name: 'the name' });
  await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
  assert.equal(await page.does('return document.body.innerText.includes("\u202E")'), false);
  await alice.does('members', id); // a device of bob's has come
  await alice.does('send', id, 'see https://e.example/\u202Egpj.exe or javascript:alert(1)');
  await until(() => page.does('return document.querySelector(".text a") !== null'),
    { ms: LONG_MS, name: 'a link' });
  assert.deepEqual(await page.does(`return [...document.querySelectorAll('.text a')]
    .map(a => a.href)`), ['https://e.example/']);
});

test('a long text is folded, and signs that are piled up make nothing wide', async () => {
  const long = 'words '.repeat(2000).trim();
  await alice.does('send', id, long);
  await page.click('Show all of it');
  await page.said(long);
  await alice.does('send', id, `Z${'\u0351\u036b\u0343\u036a'.repeat(40)}algo`);
  await until(() => page.does(`return [...document.querySelectorAll('.text')]
    .some(e => e.textContent.endsWith('algo'))`), { ms: LONG_MS, name: 'the piles' });
  assert.equal(await page.does(`const at = document.querySelector('.scroll');
    return at.scrollWidth <= at.clientWidth`), true);
});

test('a text that is refused can be written again, below it', async () => {
  await page.say('x'.repeat(70_000));
  await page.sees('The message is too long');
  const [bubble, again] = await page.does(`const it = document.querySelector('.pending.refused');
    return ['.bubble', '.row'].map(what => it.querySelector(what).getBoundingClientRect().top)`);
  assert.ok(again > bubble, `${again} > ${bubble}`);
  await page.click('Write it again');
  await until(() => page.does(
    'return document.querySelector(".composer textarea").value.length === 70000'));
});
