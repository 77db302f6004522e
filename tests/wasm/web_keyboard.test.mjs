// The page of web/ by the keyboard alone, in Debian's Chromium: keys as a keyboard gives them go
// through its forms and dialogs. What has the focus is in sight, and the focus stays with its
// person, also where what had it goes or is shown anew.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { until } from '../testlib/stack.mjs';

const PASSPHRASE = 'no mouse is needed';
const LONG_MS = 180_000;

let postgres, node, browser, alice, page, id, name;

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

/** The focus comes to that place. */
const focusIs = name => until(async () => (await page.focused()).name === name,
  { ms: 30_000, name: `the focus at ${name}` }).catch(async error => {
  throw new Error(`${error.message}: ${(await page.focused()).name}`);
});

/** Goes there and presses the button. */
async function presses(name) {
  await page.tabTo(name);
  await page.press('Enter');
}

/** It is somewhere in the topmost dialog, and not lost. */
const focusIsInDialog = () => until(() => page.does(`
  const dialog = [...document.querySelectorAll('dialog')].at(-1);
  return Boolean(dialog?.contains(document.activeElement))`),
{ ms: LONG_MS, name: 'the focus in the dialog' });

test('one registers, and writes the recovery key down', async () => {
  await page.tabTo('Log in', { back: true }); // the tab; the form's button stands behind
  await page.press('ArrowRight');
  await focusIs('Register');
  await page.tabTo('User name');
  await page.type(name);
  for (const field of ['Passphrase', 'Passphrase again']) {
    await page.tabTo(field);
    await page.type(PASSPHRASE);
  }
  await page.press('Enter');
  await page.sees('Write it down');
  await focusIs('Recovery key');
  const key = await page.does(`return [...document.querySelectorAll('.recovery .digits span')]
    .map(group => group.textContent).join('-')`);
  await presses('I have written it down');
  await focusIs('Recovery key');
  await page.type('0000');
  await presses('Set the recovery key');
  await page.sees('That is no recovery key');
  await focusIs('Set the recovery key'); // it was off while it was tried
  await presses('Show it again');
  await presses('I have written it down');
  await focusIs('Recovery key');
  await page.type(key);
  await page.press('Enter'); // as in any form of one field
  await page.sees('No sessions yet');
});

test('a session is begun, and talked in', async () => {
  await presses('New session');
  await focusIs('With');
  await page.press('Escape');
  await focusIs('New session');
  await page.press('Enter');
  await page.type(alice.name);
  await page.tabTo('Name');
  await page.type('walk');
  await presses('Begin');
  await focusIs('Message to walk');
  await page.type('by keys');
  await page.press('Enter');
  await page.said('by keys');
  id = await page.does('return document.querySelector("[data-session]").dataset.session');
  await alice.does('join', id);
  await page.sees('2 members');
  await focusIs('Message to walk');
});

test('members: the focus stays while others talk, and comes back from numbers', async () => {
  await presses('Members and safety number');
  await page.tabTo('Compare numbers');
  await alice.does('send', id, 'while the members are shown');
  await page.said('while the members are shown');
  await alice.does('members', id);
  await focusIs('Compare numbers');
  await page.press('Enter');
  await presses('They are the same');
  await page.sees('You have compared these numbers.');
  await focusIsInDialog();
  await page.press('Escape');
  await focusIs('Compare numbers');
  await page.tabTo(`Role of ${alice.name}`);
  await page.press('ArrowUp');
  await until(() => page.does(`return [...document.querySelectorAll('.line')].some(l =>
    l.textContent.includes('made ${alice.name} admin'))`), { ms: LONG_MS, name: 'an admin' });
  await focusIs(`Role of ${alice.name}`);
  await page.tabTo('Invite');
  await page.type('nobody-at-all');
  await page.press('Enter');
  await until(() => page.does('return place().querySelector(".alert") !== null'),
    { ms: LONG_MS, name: 'a refusal' });
  await focusIs('Invite');
  await presses('New keys');
  await page.sees('The keys were changed.');
  await focusIs('New keys');
  await presses('Remove');
  await focusIsInDialog();
  await page.press('Escape');
  await focusIs('Remove');
  await page.press('Escape');
  await focusIs('Members and safety number');
});

test('one\'s account: wishes, blocks and the way out', async () => {
  await presses('Account and devices');
  await page.tabTo('Tell others when you type');
  await page.press(' ');
  await focusIs('Tell others when you type');
  await page.tabTo('User name');
  await page.type(alice.name);
  await page.press('Enter');
  await until(() => page.does('return named("Unblock") !== undefined'), { ms: LONG_MS });
  await focusIs('User name');
  await page.tabTo('Unblock', { back: true });
  await page.press('Enter');
  await page.sees('Nobody.');
  await focusIsInDialog();
  await presses('Make a recovery key');
  await focusIs('The recovery key that stands');
  await page.press('Escape');
  await focusIs('Make a recovery key');
  await page.press('Escape');
  await focusIs('Account and devices');
});

test('what can be done with a message, and what is found again', async () => {
  await presses('Search');
  await focusIs('Words');
  await page.type('by keys');
  await page.press('Enter');
  await page.sees('1 message');
  await page.tabTo(/by keys/);
  await page.press('Enter');
  await until(() => page.does(`return document.activeElement.matches('.message')`),
    { ms: LONG_MS, name: 'the message that was found' });
  await page.press('Enter');
  await focusIs('React with 👍');
  await page.press('ArrowUp'); // the last one
  await focusIs('Delete');
  await page.press('Enter');
  await focusIsInDialog();
  await presses('Cancel');
  await until(() => page.does(`return document.activeElement.closest('.message') !== null`),
    { ms: LONG_MS, name: 'the message of the menu' });
});

test('one locks, and may not forget by accident', async () => {
  await presses('Lock');
  await until(() => page.does('return seen("This browser has a sealed device.")')
    .catch(() => false), { ms: LONG_MS, name: 'the door' }); // between, there is no page
  await presses('Forget this device');
  await focusIsInDialog();
  await page.press('Escape');
  await focusIs('Forget this device');
  await page.tabTo('Passphrase');
  await page.type(PASSPHRASE);
  await page.press('Enter');
  await page.sees('Sessions');
  assert.deepEqual(await page.violations(), []);
});
