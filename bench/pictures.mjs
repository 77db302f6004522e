// Pictures of the page of web/ for docs/pictures: a scene of three people, in Chromium, at
// the width of a telephone and of a desktop, light and dark, from the left and the right.
//
//   make web && HERMETIC_BUILD=build/release node bench/pictures.mjs [DIRECTORY]
//
// Without a DIRECTORY those that the documents show are made; with one, all.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startChromium } from '../tests/testlib/chromium.mjs';
import { Page } from '../tests/testlib/page.mjs';
import { Person } from '../tests/testlib/people.mjs';
import { root, sleep, startNode, startPostgres, until } from '../tests/testlib/stack.mjs';

const to = process.argv[2] ?? join(root, 'docs/pictures');
mkdirSync(to, { recursive: true });
const KEPT = new Set(['conversation', 'conversation-rtl', 'conversation-phone', 'sessions-phone',
  'recovery-phone', 'code-phone']);
const isWanted = name => process.argv[2] !== undefined || KEPT.has(name);

const postgres = await startPostgres();
const node = await startNode({ postgres,
  env: { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: join(root, 'build/web') } });
const person = async name => Object.assign(new Person(name, node.url), { name }).register();
const [alice, carol, browser] = await Promise.all([person('alice'), person('carol'),
  startChromium()]);
const page = await Page.open(browser, node.url);
const PHONE = { width: 360, height: 740 }, DESKTOP = { width: 960, height: 600 };

async function picture(name, size, dark) {
  await page.looks({ ...size, dark });
  await sleep(400); // what moves has come to rest
  if (isWanted(name)) writeFileSync(join(to, `${name}.png`), await page.picture());
}

await page.looks(DESKTOP);
await picture('door', PHONE, false);
await page.does('document.querySelector("[role=tab]:last-of-type").click()');
await picture('door-dark', DESKTOP, true);
const key = await page.begin('bob', 'a page has a passphrase');
await picture('recovery-phone', PHONE, false);
await page.click('I have written it down');
await page.fill('Recovery key', key);
await page.click('Set the recovery key');
await page.sees('Sessions');
await page.looks(DESKTOP);

async function begin(name, users) {
  await page.click('New session');
  await page.fill('With', users);
  await page.fill('Name', name);
  await page.click('Begin');
  await until(() => page.does('return document.querySelector("dialog") === null'));
  return until(() => page.does(`return [...document.querySelectorAll('[data-session]')]
    .find(b => b.textContent.includes(${JSON.stringify(name)}))?.dataset.session`));
}

const garden = await begin('Garden', 'carol');
await carol.does('join', garden);
const lunch = await begin('Lunch on Friday', 'alice carol');
await alice.does('join', lunch);
await carol.does('join', lunch);
await alice.does('verify', 'bob');
const read = async () => (await alice.does('read', lunch)).filter(e => e.kind === 'text');
await alice.does('send', lunch, 'Shall we have lunch together on Friday?');
await alice.does('send', lunch, 'There is a new place at the harbour: https://harbour.example/menu');
await page.said('Shall we have lunch together on Friday?');
await page.say('Gladly. At noon?');
await page.said('Gladly. At noon?');
const mine = (await read()).at(-1).seq;
await carol.does('read', lunch);
await carol.does('send', lunch, 'One is better for me, I have a call until then.', '--reply', String(mine));
await alice.does('read', lunch);
await alice.does('react', lunch, String(mine), '❤');
await page.said('One is better for me, I have a call until then.');
await page.say('One it is. I shall book a table for three.');
await page.said('One it is. I shall book a table for three.');
await alice.does('send', lunch, 'בסדר גמור, נתראה שם');
await page.does('document.querySelector("[aria-label=\'Members and safety number\']").click()');
await page.does(`[...document.querySelectorAll('dialog .members li')]
  .find(li => li.textContent.includes('alice')).querySelector('button').click()`);
await page.sees('You have not compared these numbers yet.');
await picture('numbers', PHONE, true);
await page.click('They are the same');
await page.sees('You have compared these numbers.');
await page.does('[...document.querySelectorAll("dialog")].at(-1).close()');
await picture('members', DESKTOP, false);
await page.does('document.querySelectorAll("dialog").forEach(d => d.close())');
await carol.does('send', garden, 'The tomatoes are ripe.');
await page.sees('The tomatoes are ripe.');
await picture('conversation', DESKTOP, false);
await picture('conversation-dark', DESKTOP, true);
await page.does('document.documentElement.dir = "rtl"');
await picture('conversation-rtl', DESKTOP, true);
await page.does('document.documentElement.dir = "ltr"');
await picture('conversation-phone', PHONE, false);
await page.does('[...document.querySelectorAll(".message .act")].at(-3).click()');
await picture('menu-phone', PHONE, true);
await page.press('Escape');
await page.does('document.querySelector("[aria-label=\'Back to the sessions\']").click()');
await picture('sessions-phone', PHONE, true);

const other = await Page.open(browser, node.url, { context: await browser.context() });
await other.fill('User name', 'bob');
await other.fill('Passphrase', 'a page has a passphrase');
await other.submit();
await until(() => other.does('return document.querySelector(".qr path") !== null'),
  { ms: 180_000, name: 'a QR code' });
await other.looks({ ...PHONE, dark: true });
writeFileSync(join(to, 'code-phone.png'), await other.picture());

await browser.stop();
await node.stop();
await postgres.stop();
