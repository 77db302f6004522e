// A server that lies to the page of web/, in Debian's Chromium: what it says is a hint, so the
// page shows no success that the verified log does not show, takes no words of the server for its
// own, and can be used afterwards.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { startPushing } from '../testlib/pushing.mjs';
import { until } from '../testlib/stack.mjs';

const PASSPHRASE = 'whatever the server says';
const LONG_MS = 60_000;
// turns round what follows, is markup, and is long
const NASTY = `\u202Ecod.exe\u2066<img src=x onerror="globalThis.isFooled = true">${
  'so long '.repeat(20_000)}`;
const nasty = (status, slug) => ({ status, json: { type: `urn:hermetic:problem:${slug}`,
  title: NASTY, status, detail: NASTY } });

let postgres, node, proxy, pushing, browser, alice, carol, page, id, name;

before(async () => {
  ({ postgres, node } = await startPageNode({ HERMETIC_LOGINS_PER_MINUTE: '1000' }));
  proxy = await startProxy(node.url);
  pushing = startPushing(node.url);
  browser = await startChromium();
  [alice, carol] = await Promise.all(['alice', 'carol'].map(n =>
    new Person(n, node.url).register()));
  name = `bob-${alice.name.slice(-8)}`;
  page = await Page.open(browser, proxy.url);
  lie({});
});

after(async () => {
  await browser?.stop();
  await proxy?.stop();
  await node?.stop();
  await postgres?.stop();
});

beforeEach(async () => {
  lie({});
  await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
});

function lie(hooks) {
  proxy.hooks = { upgrade: pushing.upgrade, ...hooks };
  pushing.hear = frame => [frame];
}

/** Without an end here, the page is asked for what it shows. */
const shows = (where, what, text) => until(() => where.does(`return ${what}`),
  { ms: LONG_MS, name: text ?? what });

const alertOf = async (where, what = '.alert') => {
  await shows(where, `place().querySelector('${what}')?.innerText.trim().length > 0`);
  return where.does(`return place().querySelector('${what}').innerText`);
};

/** What a server wrote makes no element, turns nothing round, and takes no room from the rest. */
async function isTame(where = page) {
  assert.deepEqual(await where.does(`return [globalThis.isFooled === true,
    document.querySelectorAll('img').length,
    /[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText),
    document.body.innerText.length < 10_000]`), [false, 0, false, true]);
  assert.deepEqual(await where.violations(), []);
}

const closes = () => page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
const entriesOf = () => page.does(`return document.querySelectorAll('.message:not(.pending)').length`);

test('what a server writes of its refusals is its own words, and no more than a few', async () => {
  lie({ request: ({ path }) => path === '/auth/login' ? nasty(403, 'account-suspended')
    : path === '/auth/register' ? nasty(422, 'invalid') : undefined });
  await page.fill('User name', name);
  await page.fill('Passphrase', PASSPHRASE);
  await page.submit();
  assert.match(await alertOf(page), /^The server says: /);
  await isTame();
  lie({});
  await page.register(name, PASSPHRASE);
  lie({ request: ({ path }) => path === '/session/create' ? nasty(403, 'no-more-sessions')
    : undefined });
  await page.click('New session');
  await page.fill('With', alice.name);
  await page.fill('Name', 'lunch');
  await page.click('Begin');
  assert.match(await alertOf(page), /^The server says: /);
  await isTame();
  lie({});
  await page.click('Begin');
  id = await shows(page, 'document.querySelector("[data-session]")?.dataset.session');
  await alice.does('join', id);
  await page.sees('2 members');
  await page.say('first');
  await page.said('first');
});

test('a message that the log does not show was not sent', async () => {
  lie({ request: ({ method, path }) => method === 'POST' && path.endsWith('/send')
    ? { status: 201, json: { seq: 99, head: '00'.repeat(32), sent_at: Date.now() } }
    : undefined });
  await page.say('into nothing');
  await shows(page, `[...document.querySelectorAll('.pending')]
    .some(e => e.innerText.includes('into nothing') && e.innerText.includes('Waits'))`);
  assert.equal(await page.does('return said("into nothing")'), false);
  lie({});
  proxy.cut();
  await page.said('into nothing');
  assert.deepEqual((await alice.texts(id)).slice(-1), ['into nothing']);
});

test('what is pushed of other sessions, or is nothing, changes nothing', async () => {
  const before = await entriesOf(), other = randomUUID();
  const entry = { type: 'message', session_id: other, seq: 1, kind: 1, epoch: 1,
    sender: randomUUID(), envelope: 'AAAA', head: '00'.repeat(32), sent_at: Date.now() };
  for (const frame of [entry, { ...entry, session_id: id }, { ...entry, session_id: id, seq: 2 ** 60 },
    { ...entry, session_id: '<b>' }, { type: 'welcome', session_id: other },
    { type: 'member_types', session_id: id, notice: 'AAAA' },
    { type: 'typing', session_id: id, notice: 'AAAA' }, { type: 'rotation_due', session_id: other },
    { type: 'membership_ended', session_id: id }, { type: '__proto__' }, [], 7, null, 'no JSON {',
    Buffer.from([0, 1, 2])])
    assert.ok(pushing.push(frame) > 0 || await until(() => pushing.push(frame) > 0));
  await page.say('still here');
  await page.said('still here');
  assert.equal(await entriesOf(), before + 1);
  assert.equal(await page.does('return document.querySelectorAll("[data-session]").length'), 1);
  assert.equal(await page.does('return document.querySelector(".typing").innerText'), '');
  assert.match(await page.does('return document.querySelector("#said").innerText'),
    /^(The server has pushed something that means nothing\.)?$/);
  await isTame();
});

test('what waits is a hint: without a device that waits the page has none', async () => {
  await until(() => pushing.push({ type: 'device_waits' }) > 0);
  await page.sees('A device of yours waits to be approved.');
  await page.click('Account and devices');
  await page.sees('this device');
  await closes();
  await shows(page, 'document.querySelector("nav .banner") === null');
});

test('names in invitations deceive nobody, and are the words of the server', async () => {
  const rows = [`admin\u202Ecila`, '<b>alice</b>', NASTY].map(inviter => ({
    session_id: randomUUID(), algorithm: 'aes-256-gcm', inviter, added: true, invited_at: 1 }));
  lie({ answer: ({ path }) => path === '/invitations' ? { json: { invitations: [...rows,
    { session_id: '<i>', inviter: 'x' }, { session_id: 7, inviter: {} }, 'none', null] } }
    : undefined });
  proxy.cut();
  await shows(page, `document.querySelectorAll('.invitations li').length === ${rows.length}`);
  assert.match(await page.does(`return document.querySelector('.invitations').innerText`),
    /Invited by admin\uFFFDcila, as the server says[^]*Invited by <b>alice<\/b>, as the server/);
  await isTame();
  await page.does(`document.querySelector('.invitations .main').click()`); // accept
  await alertOf(page, '.invitations .alert');
  assert.equal(await page.does('return document.querySelectorAll("[data-session]").length'), 1);
  lie({});
  proxy.cut();
  await shows(page, `document.querySelectorAll('.invitations li').length === 0`);
});

test('a device that the server alone has let in is not in', async () => {
  const other = await Page.open(browser, proxy.url, { context: await browser.context() });
  lie({ answer: ({ path, json }) => path === '/auth/login' ? { json: { ...json, pending: false } }
    : undefined });
  await other.fill('User name', name);
  await other.fill('Passphrase', PASSPHRASE);
  await other.submit();
  await shows(other, `Boolean(document.querySelector('.alert')) ||
    seen('This device waits to be approved')`, 'no way in');
  assert.equal(await other.does('return document.querySelector(".frame") === null'), true);
  await other.close();
});

test('no device is approved, and none removed, that the log does not have so', async () => {
  const other = await Page.open(browser, node.url, { context: await browser.context() });
  await other.fill('User name', name);
  await other.fill('Passphrase', PASSPHRASE);
  await other.submit();
  await other.sees('This device waits to be approved');
  const code = await other.does('return document.querySelector("output").textContent');
  lie({ request: ({ method, path }) => method === 'POST' && /^\/users\/[^/]+\/log$/.test(path)
    ? { status: 201, json: { last: 9 } } : undefined,
  answer: ({ path, json }) => path.endsWith('/devices') && json?.devices ? { json: {
    ...json, devices: [...json.devices.map(d => ({ ...d, name: NASTY })),
      { device_id: randomUUID(), name: 'ghost', number: 7, created_at: 1 }] } } : undefined });
  await page.click('Account and devices');
  await page.fill('Approve a device', code);
  await page.click('Approve');
  await alertOf(page);
  assert.equal(await page.does('return seen("Approved ")'), false);
  assert.equal(await other.does('return document.querySelector(".frame") === null'), true);
  await shows(page, `seen('ghost') && seen("not in the account's log")`);
  await isTame();
  lie({});
  await page.click('Approve');
  await page.sees('Approved browser.');
  await other.sees('Sessions');
  await other.close();
  await closes();
});

test('nobody is invited by the keys of somebody else', async () => {
  lie({ request: ({ path, body }) => path === '/key-packages/claim' ? { body: JSON.parse(
    JSON.stringify(body).replaceAll(carol.name, alice.name)) } : undefined });
  await page.click('Members and safety number');
  await page.fill('Invite', carol.name);
  await page.does('labelled("Invite").form.requestSubmit()');
  await alertOf(page);
  assert.equal(await page.does(`return place().querySelectorAll('.members > li').length`), 2);
  await closes();
});

test('how much is not read is what this device has not shown', async () => {
  await page.does('history.back()');
  await page.sees('Choose a session');
  await alice.does('members', id); // another device of bob's has come
  await alice.does('send', id, 'one that waits');
  await shows(page, `document.querySelector('.count')?.innerText.startsWith('1')`);
  const inflate = value => Array.isArray(value) ? value.map(inflate)
    : value && typeof value === 'object' ? { ...Object.fromEntries(Object.entries(value)
      .map(([k, v]) => [k, inflate(v)])), unread: 999, read: 2 ** 40 } : value;
  lie({ answer: ({ json }) => json && !Array.isArray(json) ? { json: inflate(json) } : undefined });
  pushing.hear = frame => [inflate(frame)];
  proxy.cut();
  await page.click('Account and devices'); // what it asks is answered so, too
  await page.sees('this device');
  await closes();
  assert.equal(await page.does('return document.querySelector(".count span").innerText'), '1');
  assert.equal(await page.does('return document.title'), '(1) Hermetic');
  await page.does('document.querySelector("[data-session]").click()');
  await page.said('one that waits');
  // what one has said oneself is not unread
  assert.match(await page.does('return document.querySelector(".unread").nextSibling.innerText'),
    /one that waits/);
  await shows(page, 'document.querySelector(".count") === null');
});

test('another account under a name is told of, and no numbers are the same by it', async () => {
  const other = new Person('mallory', proxy.url), isLog = ({ method, path }, who) =>
    method === 'GET' && path.startsWith(`/users/${who.name}/log`);
  let log;
  lie({ answer: asked => {
    if (isLog(asked, other) && asked.json.links?.length > 0) log ??= asked.json;
  } });
  await other.register();
  await other.does('devices');
  assert.ok(log);
  lie({ answer: asked => isLog(asked, alice) ? { status: 200, json: log } : undefined });
  await page.click('Members and safety number');
  await page.click('Compare numbers');
  await shows(page, 'seen("The server shows another account") || place().querySelector(".alert")');
  await isTame();
  await closes();
});
