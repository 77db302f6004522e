// The page of web/ as people set their browsers: dark, in the colours of the system, with nothing
// that moves, and as narrow as a window of 640 pixels at 200 % is. In each of them axe finds
// nothing in any part of the page, and nothing is wider than the window.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { until } from '../testlib/stack.mjs';

const LONG_MS = 60_000;
const LOOKS = { dark: { width: 960, height: 700, dark: true },
  'in the colours of the system': { width: 960, height: 700, forced: true },
  'at 200 %': { width: 320, height: 512 },
  'at 200 %, dark and still': { width: 320, height: 256, dark: true, still: true } };

let postgres, node, browser, alice, page, name;

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

/** In each look, what stands there now. */
async function isSound() {
  for (const [look, as] of Object.entries(LOOKS)) {
    await page.looks(as);
    let faults;
    // it is drawn anew in its time
    await until(async () => (faults = await page.faults()).length === 0, { ms: 5_000 })
      .catch(() => assert.deepEqual(faults, [], look));
    const [wide, wider] = await page.does(`
      const places = [...document.querySelectorAll('html, .scroll, dialog, dialog .body')];
      return [innerWidth, places.filter(p => p.scrollWidth > p.clientWidth)
        .map(p => p.className || p.localName)];`);
    assert.deepEqual(wider, [], `${look}, ${wide} wide`);
  }
  await page.looks({ width: 960, height: 700 });
}

const closes = () =>
  page.does('document.querySelectorAll("dialog").forEach(d => d.close())');

test('the door, and the recovery key', async () => {
  await isSound();
  await page.fill('User name', 'nobody-of-that-name');
  await page.fill('Passphrase', 'not this one');
  await page.submit();
  await page.sees('No account has');
  await isSound();
  await page.begin(name, 'as one likes it');
  await isSound();
  await page.click('Not now');
  await page.sees('No sessions yet');
  await isSound();
});

test('a session with all that is said in one', async () => {
  await page.click('New session');
  await page.fill('With', alice.name);
  await page.fill('Name', 'Whatever is as long as a name of a session may be, and longer than a line');
  await isSound();
  await page.click('Begin');
  const id = await until(() => page.does(
    'return document.querySelector("[data-session]")?.dataset.session'),
  { ms: LONG_MS, name: 'the session' });
  await alice.does('join', id);
  await page.sees('2 members');
  await page.say('is this seen?');
  await page.said('is this seen?');
  const asked = (await alice.does('read', id)).filter(e => e.kind === 'text').at(-1).seq;
  await alice.does('react', id, String(asked), '❤');
  await alice.does('send', id, `https://e.example/${'long/'.repeat(40)}`, '--reply', String(asked));
  await until(() => page.does('return document.querySelector(".quote") !== null'),
    { ms: LONG_MS, name: 'an answer' });
  await page.say('x'.repeat(70_000));
  await page.sees('The message is too long');
  await isSound();
});

test('dialogs, and the menu of a message', async () => {
  await page.click('Members and safety number');
  await page.sees('Safety number of the session');
  await isSound();
  await page.click('Compare numbers');
  await page.sees('You have not compared these numbers yet.');
  await isSound();
  await closes();
  await page.click('Account and devices');
  await page.sees('Your numbers');
  await page.sees('Your account has no recovery key yet.');
  await isSound();
  await closes();
  await page.does('document.querySelector(".message .act").click()');
  await isSound();
});

test('what is chosen is seen in the colours of the system', async () => {
  await page.looks({ width: 960, height: 700, forced: true });
  const [chosen, around] = await page.does(`
    return ['[aria-current=true]', '.list'].map(what =>
      getComputedStyle(document.querySelector(what)).backgroundColor)`);
  assert.notEqual(chosen, around);
});
