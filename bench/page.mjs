// How long a person waits for the page of web/ on a slow machine over a slow network: until
// something is painted, until it can be used, until the device is unlocked, until the messages of
// a session stand there. Chromium slows itself down, as Lighthouse has it do.
//
//   make VARIANT=release all && make web
//   HERMETIC_BUILD=build/release node bench/page.mjs [ROUNDS]
import { join } from 'node:path';

import { startChromium } from '../tests/testlib/chromium.mjs';
import { Page } from '../tests/testlib/page.mjs';
import { Person } from '../tests/testlib/people.mjs';
import { root, startNode, startPostgres, until } from '../tests/testlib/stack.mjs';

const rounds = Number(process.argv[2] ?? 3);
const MESSAGES = 40, PASSPHRASE = 'a page has a passphrase', LONG_MS = 300_000;
const bits = (latency, down, up) => ({ offline: false, latency,
  downloadThroughput: down * 1e6 / 8, uploadThroughput: up * 1e6 / 8 });
// latency in ms, down and up in Mbit/s: what Lighthouse calls slow 4G, and 3G as browsers have it
const NETWORKS = { 'as it is': { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }, '4G': bits(150, 1.6, 0.75),
  '3G': bits(400, 0.4, 0.4) };
const CASES = [[1, 'as it is'], [4, '4G'], [6, '4G'], [6, '3G']];

const postgres = await startPostgres();
const node = await startNode({ postgres,
  env: { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: join(root, 'build/web') } });
const [alice, browser] = await Promise.all([new Person('alice', node.url).register(),
  startChromium()]);

/** Registers somebody, gives that person a session with forty messages, and closes the page. */
async function prepare() {
  const page = await Page.open(browser, node.url);
  await page.register(`bob-${alice.name.slice(-8)}`, PASSPHRASE);
  await page.click('New session');
  await page.fill('With', alice.name);
  await page.fill('Name', 'slow');
  await page.click('Begin');
  const id = await until(() => page.does(
    'return document.querySelector("[data-session]")?.dataset.session'), { ms: LONG_MS });
  await alice.does('join', id);
  for (let n = 0; n < MESSAGES; n++) await alice.does('send', id, `message ${n}`);
  await page.said(`message ${MESSAGES - 1}`);
  await page.close();
}

// In the page, as nothing that is asked from outside is on time there.
const WATCH = `
  globalThis.marks = {};
  const seen = { door: 'form input[type=password]', sessions: '[data-session]',
    messages: '.message .text' };
  new MutationObserver(() => {
    for (const [name, what] of Object.entries(seen))
      if (document.querySelector(what)) marks[name] ??= performance.now();
    document.querySelector('[data-session]:not([aria-current=true])')?.click();
  }).observe(document, { subtree: true, childList: true });
`;

async function once(rate, network) {
  const page = new Page(await browser.page('about:blank'), node.url);
  for (const [method, parameters] of [['Page.enable', {}], ['Network.enable', {}],
    ['Network.setCacheDisabled', { cacheDisabled: true }],
    ['Network.emulateNetworkConditions', NETWORKS[network]],
    ['Emulation.setCPUThrottlingRate', { rate }],
    ['Page.addScriptToEvaluateOnNewDocument', { source: WATCH }]])
    await page.call(method, parameters);
  await page.reload();
  const mark = name => until(() => page.does(`return globalThis.marks?.${name}`),
    { ms: LONG_MS, name });
  const door = await mark('door');
  const begun = await page.does(`
    const field = document.querySelector('input[type=password]');
    field.value = ${JSON.stringify(PASSPHRASE)};
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.form.requestSubmit();
    return performance.now();`);
  const sessions = await mark('sessions'), messages = await mark('messages');
  const paint = await page.does(`return performance.getEntriesByType('paint')
    .find(e => e.name === 'first-contentful-paint')?.startTime`);
  const bytes = await page.does(`return performance.getEntriesByType('resource')
    .reduce((sum, e) => sum + e.encodedBodySize, 0)`);
  await page.close();
  return { paint, door, unlocked: sessions - begun, messages: messages - begun, bytes };
}

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const seconds = ms => `${(ms / 1000).toFixed(1)} s`;

await prepare();
console.log('| processor | network | painted | can be used | unlocked | messages stand there |\n' +
  '|---|---|---|---|---|---|');
let loaded;
for (const [rate, network] of CASES) {
  const all = [];
  for (let round = 0; round < rounds; round++) all.push(await once(rate, network));
  const of = name => seconds(median(all.map(one => one[name])));
  loaded = all[0].bytes;
  console.log(`| 1/${rate} | ${network} | ${of('paint')} | ${of('door')} | ${of('unlocked')} | ` +
    `${of('messages')} |`);
}
console.log(`\n${loaded} bytes are loaded, without the page itself.`);

await browser.stop();
await node.stop();
await postgres.stop();
