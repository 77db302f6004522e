// The page of web/ (make web) in Debian's Chromium, as a node serves it: a person registers,
// talks with the command, and comes back; axe looks at each part of it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { hermetic, until } from '../testlib/stack.mjs';

const PASSPHRASE = 'a page has a passphrase';

let postgres, node, browser, alice, page, id, name;

before(async () => {
  ({ postgres, node } = await startPageNode());
  [alice, browser] = await Promise.all([new Person('alice', node.url).register(),
    startChromium()]);
  name = `bob-${alice.name.slice(-8)}`;
  page = await Page.open(browser, node.url);
});

after(async () => {
  await browser?.stop();
  await node?.stop();
  await postgres?.stop();
});

const isSound = async () => assert.deepEqual(await page.faults(), []);

test('one registers, and begins a session with a user of the command', async () => {
  await page.does('document.querySelector("[role=tab]:last-of-type").click()');
  await isSound();
  await page.register(name, PASSPHRASE);
  await page.click('New session');
  await isSound();
  await page.fill('With', alice.name);
  await page.fill('Name', 'lunch');
  await page.click('Begin');
  id = await until(() => page.does(
    'return document.querySelector("[data-session]")?.dataset.session'));
  await page.sees('unverified');
});

test('both talk', async () => {
  await alice.does('join', id);
  await page.say('from the page');
  await page.said('from the page');
  assert.ok((await alice.texts(id)).includes('from the page'));
  await alice.does('send', id, '<b>no markup</b> & https://example.org/?a=1');
  await page.said('<b>no markup</b> & https://example.org/?a=1');
  assert.equal(await page.does('return document.querySelectorAll(".text b").length'), 0);
  assert.equal(await page.does('return document.querySelector(".text a").rel'),
    'noopener noreferrer');
  await isSound();
});

test('by the keyboard alone one answers, and edits what one has said', async () => {
  await page.press('ArrowUp'); // in an empty field: the last own message
  await page.sees('Edit your message');
  await page.fill('Message to lunch', 'from the page, mended');
  await page.press('Enter');
  await page.said('from the page, mended');
  await page.does('[...document.querySelectorAll(".message")].at(-1).focus()');
  await page.press('Enter');
  await until(() => page.does('return document.activeElement.role === "menuitem"'));
  await isSound();
  await page.click('Reply');
  await page.fill('Message to lunch', 'an answer');
  await page.press('Enter');
  await page.said('an answer');
  const told = await alice.does('read', id);
  const last = told.filter(e => e.kind === 'text').at(-1);
  assert.ok(last.text === 'an answer' && last.reply_to > 0);
});

test('an edited message shows what it said first', async () => {
  await page.click('edited');
  await page.sees('What it said first');
  await page.said('from the page');
  await isSound();
  await page.click('edited');
  await until(() => page.does('return !seen("What it said first") && !said("from the page")'));
});

test('who has read a message stands at it', async () => {
  const env = { ...alice.env, HERMETIC_RECEIPTS: 'on' };
  await hermetic(['read', id], { ...alice, env }); // as a person reads
  await page.sees(`Read by ${alice.name}`);
});

test('written from the right, the page is turned round, and what is said keeps its own side',
  async () => {
    const left = what => page.does(`return document.querySelector('${what}')
      .getBoundingClientRect().left`);
    const before = [await left('.frame > nav'), await left('.mine .bubble')];
    await page.does('document.documentElement.dir = "rtl"');
    assert.ok(before[0] < await left('.frame > nav'));
    assert.ok(before[1] > await left('.mine .bubble'));
    assert.equal(await page.does(`return getComputedStyle(
      document.querySelector('.mine .text')).direction`), 'ltr');
    assert.equal(await page.does(`return document.documentElement.scrollWidth <= innerWidth`),
      true);
    await isSound();
    // a sentence in another direction than the page's is read in its own: its end is at its end
    await page.click('Members and safety number');
    await page.sees('Safety number of the session');
    const [first, last] = await page.does(`
      const { firstChild: words } = [...place().querySelectorAll('p')].find(p =>
        p.textContent.startsWith('All members see'));
      return [0, words.length - 1].map(at => {
        const range = document.createRange();
        range.setStart(words, at);
        range.setEnd(words, at + 1);
        return range.getBoundingClientRect();
      }).map(({ left, top }) => [top, left]);`);
    assert.ok(last[0] > first[0] || last[1] > first[1], `${first}, ${last}`);
    assert.equal(await page.does(`return getComputedStyle(document.querySelector('time'))
      .unicodeBidi`), 'plaintext');
    await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
    await page.does('document.documentElement.dir = "ltr"');
  });

test('whether numbers were compared is in sight, however narrow the page is', async () => {
  for (const width of [960, 320]) {
    await page.looks({ width, height: 700 });
    const [inner, outer] = await page.does(`return ['.subtitle .trust', '.subtitle']
      .map(what => document.querySelector(what).getBoundingClientRect())
      .map(({ left, right }) => [left, right])`);
    assert.ok(inner[0] >= outer[0] && inner[1] <= outer[1] && outer[1] <= width,
      `${width}: ${inner} in ${outer}`);
  }
  await page.looks({ width: 960, height: 700 });
});

const written = () => page.does('return labelled("Message to lunch").value');

test('a message that was begun stays through an edit, and while one is elsewhere', async () => {
  await page.fill('Message to lunch', 'half a message');
  await page.does('[...document.querySelectorAll(".message.mine .act")].at(-1).click()');
  await page.click('Edit');
  await page.sees('Edit your message');
  assert.equal(await written(), 'an answer');
  await page.press('Escape');
  assert.equal(await written(), 'half a message');
  await page.does('document.querySelector("[data-session]").click()'); // opened anew
  await until(async () => await written() === 'half a message');
  await page.fill('Message to lunch', '');
});

test('numbers are compared, and the page says so', async () => {
  await page.click('Members and safety number');
  await page.sees('Safety number of the session');
  await isSound();
  await page.click('Compare numbers');
  await page.sees('You have not compared these numbers yet.');
  const [{ own }] = await alice.does('verify', name);
  assert.ok((await page.does('return place().innerText.replace(/\\s+/g, " ")'))
    .includes(own.digits.replace(/\s+/g, ' ')));
  await page.click('They are the same');
  await page.sees('You have compared these numbers.');
  await isSound();
  await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
  await page.sees('verified');
});

test('another tab asks for the passphrase, and follows', async () => {
  const other = await Page.open(browser, node.url);
  await other.fill('Passphrase', 'not this one');
  await other.does('document.querySelector(\'form button[type=submit]\').click()');
  await other.sees('passphrase');
  await until(() => other.does('return document.querySelector(".alert") !== null'));
  await other.unlock(PASSPHRASE);
  await until(() => other.does('return document.querySelector("[data-session]") !== null'));
  await other.does('document.querySelector("[data-session]").click()');
  await other.said('an answer');
  await page.close(); // the one that has the device
  page = other;
  await page.say('from the other tab');
  await page.said('from the other tab');
  assert.ok((await alice.texts(id)).includes('from the other tab'));
});

test('nothing was kept out by the policy, and nothing is stored in the clear', async () => {
  assert.deepEqual(await page.violations(), []);
  assert.equal(await page.does('return localStorage.length + sessionStorage.length'), 0);
  const stored = await page.does(`
    const database = await new Promise(done => {
      indexedDB.open('hermetic:web').onsuccess = e => done(e.target.result); });
    const all = await new Promise(done => {
      database.transaction('records').objectStore('records').getAll().onsuccess =
        e => done(e.target.result); });
    database.close();
    return all.map(v => new TextDecoder('latin1').decode(v)).join();`);
  for (const word of [name, 'lunch', 'answer', PASSPHRASE])
    assert.ok(!stored.includes(word), word);
});
