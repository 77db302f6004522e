// Two people who type in the field of the page and press Enter, and one at the command: who
// types is told, what was written while the network was away is sent once, in its order, and a
// tab that is killed takes nothing with it that was sent.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startPageNode } from '../testlib/page_node.mjs';
import { Person } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { until } from '../testlib/stack.mjs';

const LONG_MS = 180_000;
const COUNT = Number(process.env.HERMETIC_MESSAGES ?? 30); // of each of the two
let postgres, node, way, alice, id;
const people = []; // {name, passphrase, browser, page}

/** A browser of their own, in front of a person who has registered. */
async function newPerson(who, url) {
  const browser = await startChromium();
  const person = { name: `${who}-${alice.name.slice(-8)}`, passphrase: `${who} has a passphrase`,
    browser, url };
  people.push(person);
  person.page = await Page.open(browser, url);
  await person.page.register(person.name, person.passphrase);
  return person;
}

before(async () => {
  ({ postgres, node } = await startPageNode());
  way = await startProxy(node.url, {
    request: ({ path }) => way.away && !/^\/($|web\/)/.test(path) ? { drop: true } : undefined });
  alice = await new Person('alice', node.url).register();
  const bob = await newPerson('bob', way.url), carol = await newPerson('carol', node.url);
  await bob.page.click('New session');
  await bob.page.fill('With', `${alice.name} ${carol.name}`);
  await bob.page.fill('Name', 'typed');
  await bob.page.click('Begin');
  id = await until(() => bob.page.does(
    'return document.querySelector("[data-session]")?.dataset.session'),
  { ms: LONG_MS, name: 'the session' });
  await alice.does('join', id);
  await carol.page.sees('Invited by');
  await carol.page.click('Accept');
  await opened(carol);
  await carol.page.click('I have looked'); // at those who were there before
  await bob.page.sees('3 members');
});

after(async () => {
  await Promise.all(people.map(({ browser }) => browser.stop()));
  await way?.stop();
  await node?.stop();
  await postgres?.stop();
});

const opened = async ({ page }) => {
  await until(() => page.does(`const row = document.querySelector('[data-session="${id}"]');
    row?.click();
    return document.querySelector('.composer textarea')?.checkVisibility() === true`),
  { ms: LONG_MS, name: 'the conversation' });
};

const focus = ({ page }) => page.does('document.querySelector(".composer textarea").focus()');
const texts = ({ page }) => page.does(`return [...document.querySelectorAll(
  '.message:not(.pending) .text')].map(e => e.textContent)`);

test('who types is told to the others, and not any more once it is sent', async () => {
  const [bob, carol] = people;
  await focus(bob);
  // a key that is pressed while something else is under way tells nobody
  await until(async () => {
    await bob.page.type('a');
    return carol.page.does(`return seen('${bob.name} is typing.')`);
  }, { ms: LONG_MS, name: `${bob.name} to be seen typing` });
  assert.deepEqual(await carol.page.faults(), []);
  const written = await bob.page.does('return document.activeElement.value');
  await bob.page.press('Enter');
  await carol.page.said(written);
  await until(() => carol.page.does(`return !seen('is typing')`), { ms: LONG_MS,
    name: 'the end of typing' });
});

test('Shift and Enter begin another line', async () => {
  const [bob, carol] = people;
  await focus(bob);
  await bob.page.type('one');
  await bob.page.call('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Enter', code: 'Enter',
    windowsVirtualKeyCode: 13, text: '\r', modifiers: 8 });
  await bob.page.type('two');
  await bob.page.press('Enter');
  await carol.page.said('one\ntwo');
});

/** Types and sends so many messages, each with its number. */
async function talk(person, from, to) {
  for (let n = from; n < to; n++) {
    await focus(person);
    await person.page.type(`${person.name} types ${n}`);
    await person.page.press('Enter');
  }
}

test(`${2 * COUNT} messages are typed, while the network goes away and a tab is killed`,
  { timeout: 900_000 }, async () => {
    const [bob, carol] = people, third = Math.floor(COUNT / 3);
    const command = (async () => {
      for (let n = 0; n < 5; n++)
        await alice.does('send', id, `${alice.name} says ${n}`, '--to-new-members');
    })();
    const bobs = (async () => {
      await talk(bob, 0, third);
      way.away = true;
      way.hooks.upgrade = (request, socket) => socket.destroy();
      way.cut();
      await bob.page.sees('The server is not reached');
      await talk(bob, third, 2 * third);
      way.away = false;
      way.hooks.upgrade = undefined;
      await talk(bob, 2 * third, COUNT);
    })();
    const carols = (async () => {
      await talk(carol, 0, third);
      await carol.page.said(`${carol.name} types ${third - 1}`);
      await carol.page.crash();
      carol.page = await Page.open(carol.browser, carol.url);
      await carol.page.unlock(carol.passphrase);
      await opened(carol);
      await talk(carol, third, COUNT);
    })();
    await Promise.all([command, bobs, carols]);
    const wanted = 2 + 2 * COUNT + 5;
    for (const person of people)
      await until(async () => (await texts(person)).length === wanted,
        { ms: LONG_MS, name: `all messages before ${person.name}` });
    const written = await alice.texts(id);
    for (const person of people) assert.deepEqual(await texts(person), written, person.name);
    for (const { name } of people)
      assert.deepEqual(written.filter(t => t.startsWith(`${name} types`)),
        Array.from({ length: COUNT }, (_, n) => `${name} types ${n}`));
    for (const { page } of people)
      assert.equal(await page.does('return document.querySelectorAll(".pending li").length'), 0);
  });
