// What changes in a session while a person looks at the page of web/, in Debian's Chromium: another
// device of the other one, one that came by the recovery key, and another algorithm.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { until } from '../testlib/stack.mjs';

const PASSPHRASE = 'whatever changes';
const LONG_MS = 60_000;
const CHACHA = 'chacha20-poly1305';

let postgres, node, browser, alice, key, page, id, name;

before(async () => {
  ({ postgres, node } = await startPageNode({ HERMETIC_LOGINS_PER_MINUTE: '1000' }));
  browser = await startChromium();
  alice = new Person('alice', node.url);
  key = (await alice.does('register', '--username', alice.name))
    .find(line => line.recovery_key).recovery_key;
  name = `bob-${alice.name.slice(-8)}`;
  page = await Page.open(browser, node.url);
  await page.register(name, PASSPHRASE);
  [{ session_id: id }] = await alice.does('create', '--invite', name);
  await page.click('Accept');
  await page.sees('2 members');
  await page.click('Members and safety number');
  await page.click('Compare numbers');
  await page.click('They are the same');
  await page.sees('You have compared these numbers.');
  await closes();
});

after(async () => {
  await browser?.stop();
  await node?.stop();
  await postgres?.stop();
});

const closes = () =>
  page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
const banner = where => where.does(
  `return document.querySelector('.banners [aria-label="New since you looked last"]')?.innerText`);

/** `text` waits until its person has looked, and then that device has it. `trust`: whether numbers
 * count as compared with the account of those who are new. */
async function looks(text, device, trust) {
  await page.sees('New since you looked last');
  await until(async () => (await banner(page)).split('\n').includes(trust),
    { ms: LONG_MS, name: trust });
  await page.say(text);
  await page.sees('Waits');
  assert.ok(!(await device.texts(id)).includes(text));
  await page.click('I have looked');
  await page.said(text);
  assert.ok((await device.texts(id)).includes(text));
  assert.equal(await banner(page), undefined);
}

test('another device of somebody is shown, and nothing is sealed for it before', async () => {
  const phone = await alice.newDevice('phone');
  await looks('to the phone, too', phone, 'verified');
  await phone.does('members', id);
  await phone.does('send', id, 'from the phone');
  await page.said('from the phone');
  assert.equal(await page.does('return document.querySelector(".subtitle .trust").innerText'),
    'verified');
});

test('a device that came by the recovery key wants numbers to be compared again', async () => {
  const found = alice.sibling();
  found.env.HERMETIC_RECOVERY_KEY = key;
  const lines = await found.does('login', '--username', alice.name, '--device', 'found',
    '--recovery');
  found.device = lines.find(line => line.device_id).device_id;
  await alice.does('link');
  await found.does('join', id);
  await looks('to the one that was found', found, 'CHANGED');
  const trust = () => page.does('return document.querySelector(".subtitle .trust").innerText');
  assert.equal(await trust(), 'CHANGED');
  assert.equal(await page.does('return seen("a device or another key by way of recovery")'), true);
  // it is the same account, and its numbers are compared again
  await page.click('Members and safety number');
  await page.click('Compare numbers');
  await page.sees('compare them again');
  await page.click('They are the same');
  await page.sees('You have compared these numbers.');
  await closes();
  await until(async () => await trust() === 'verified', { ms: LONG_MS, name: 'verified' });
  assert.equal(await page.does('return document.querySelector(".banners .alert") === null'), true);
});

test('a session goes to another algorithm, and one talks on', async () => {
  await alice.does('members', id);
  await alice.does('algorithm', id, CHACHA);
  await page.sees(`moved this session to ${CHACHA}`);
  await page.click('Members and safety number');
  await page.sees(`Sealed by ${CHACHA}`);
  await closes();
  await page.say('sealed otherwise');
  await until(async () => await banner(page) !== undefined ||
    await page.does('return said("sealed otherwise")'), { ms: LONG_MS, name: 'what comes of it' });
  if (await banner(page) !== undefined) await page.click('I have looked'); // at new leaves
  await page.said('sealed otherwise');
  assert.ok((await alice.texts(id)).includes('sealed otherwise'));
});
