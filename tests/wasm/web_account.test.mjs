// One's account in the page of web/: a recovery key that was kept, devices that come in by a
// code and by that key, and what an owner may do with members. axe looks at each part.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { until } from '../testlib/stack.mjs';

const PASSPHRASE = 'a page has a passphrase';
const LONG_MS = 180_000;

let postgres, node, browser, alice, page, name, key;

before(async () => {
  ({ postgres, node } = await startPageNode());
  browser = await startChromium();
  alice = await new Person('alice', node.url).register();
  name = `bob-${alice.name.slice(-8)}`;
  page = await Page.open(browser, node.url);
});

after(async () => {
  await browser?.stop();
  await node?.stop();
  await postgres?.stop();
});

const isSound = async where => assert.deepEqual(await where.faults(), []);

/** A browser without a device, at the form of the login. */
async function newcomer() {
  const other = await Page.open(browser, node.url, { context: await browser.context() });
  await other.fill('User name', name);
  await other.fill('Passphrase', PASSPHRASE);
  return other;
}

test('a recovery key counts when it was typed from what was written down', async () => {
  key = await page.begin(name, PASSPHRASE);
  assert.match(key, /^([0-9A-Z]{4}-){8}[0-9A-Z]{4}$/);
  await isSound(page);
  await page.click('I have written it down');
  assert.equal(await page.does(`return document.body.innerText.includes(
    ${JSON.stringify(key.slice(0, 9))})`), false);
  await page.fill('Recovery key', key.slice(5));
  await page.click('Set the recovery key');
  await page.sees('That is no recovery key');
  await isSound(page);
  await page.click('Show it again');
  await page.click('I have written it down');
  await page.fill('Recovery key', key.toLowerCase());
  await page.click('Set the recovery key');
  await page.sees('Sessions');
});

test('another browser shows a code and its drawing, and comes in by it', async () => {
  const other = await newcomer();
  await other.submit();
  await other.sees('This device waits to be approved');
  const code = await other.does('return document.querySelector("output").textContent');
  await until(() => other.does('return document.querySelector(".qr path") !== null'),
    { ms: LONG_MS, name: 'a QR code' });
  await isSound(other);
  await page.click('Account and devices');
  await page.fill('Approve a device', code);
  await page.click('Approve');
  await page.sees('Approved browser.');
  await other.sees('Sessions');
  await isSound(page);
  await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
  await other.close();
});

test('where every device is lost, the recovery key lets one in', async () => {
  const other = await newcomer();
  await other.click('No other device is left');
  await isSound(other);
  await other.fill('Recovery key', `${key.slice(0, -4)}0000`);
  await other.submit();
  await other.sees('That is no recovery key');
  await other.fill('Recovery key', key);
  await other.submit();
  await other.sees('No sessions yet');
  await other.close();
});

test('a recovery key that stands signs the next one', async () => {
  await page.click('Account and devices');
  await page.click('Make a recovery key');
  await page.sees('Your account has a recovery key.');
  await isSound(page);
  await page.fill('The recovery key that stands', key);
  await page.click('Go on');
  await page.sees('Write it down');
  const next = await page.does(`return [...document.querySelectorAll('.recovery .digits span')]
    .map(group => group.textContent).join('-')`);
  assert.notEqual(next, key);
  await page.click('I have written it down');
  await page.fill('Recovery key', next);
  await page.click('Set the recovery key');
  await page.sees('The recovery key is set.');
  await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
});

test('an owner gives a role, bans somebody, and takes the ban back', async () => {
  await page.click('New session');
  await page.fill('With', alice.name);
  await page.fill('Name', 'rules');
  await page.click('Begin');
  const id = await until(() => page.does(
    'return document.querySelector("[data-session]")?.dataset.session'),
  { ms: LONG_MS, name: 'the session' });
  await alice.does('join', id);
  await page.sees('2 members');
  await page.click('Members and safety number');
  const role = `Role of ${alice.name}`;
  await until(() => page.does(`return labelled('${role}')?.value === 'member'`));
  await isSound(page);
  await page.does(`const choice = labelled('${role}');
    choice.value = 'admin';
    choice.dispatchEvent(new Event('change'));`);
  const roleOf = async () => (await alice.does('members', id))
    .find(m => m.username === alice.name)?.role;
  await until(async () => await roleOf() === 'admin', { ms: LONG_MS, name: 'an admin' });
  await page.click('Ban');
  await page.does('[...document.querySelectorAll("dialog")].at(-1).querySelector(".danger").click()');
  await page.sees(`Banned: ${alice.name}`);
  await isSound(page);
  await page.click('Take back the ban');
  await until(() => page.does(`return !seen('Banned: ${alice.name}')`), { ms: LONG_MS });
  assert.deepEqual(await page.violations(), []);
});
