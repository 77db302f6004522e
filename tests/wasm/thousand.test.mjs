// A thousand messages: two people in browsers of their own, and one at the command, while tabs
// are killed, networks go away, answers are lost and the node is exchanged. At the end each of
// them has each message once, in one order. HERMETIC_SEED chooses other faults.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Chance } from '../testlib/chance.mjs';
import { Person } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { root, startNode, startPostgres, temporary, until } from '../testlib/stack.mjs';
import { Tabs } from '../testlib/tabs.mjs';

const TOTAL = Number(process.env.HERMETIC_MESSAGES ?? 1000);
const SEED = Number(process.env.HERMETIC_SEED ?? 19);
const EVERY = 32; // messages, in which there is one fault
const LONG_MS = 180_000;

const chance = new Chance(SEED);
let postgres, node, directory, proxies, alice, browsers, id;

const newNode = () => startNode({ postgres,
  env: { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: directory } });

/** A way to the node that can be lost: `away`, and `lost`, the answers that are to be. */
async function startWay() {
  const way = await startProxy(node.url, {
    request: () => way.away ? { drop: true } : undefined,
    answer: ({ method }) => {
      if (method !== 'POST' || !(way.lost > 0)) return undefined;
      way.lost--;
      return { drop: true };
    },
  });
  return way;
}

/** No connection is made and none stays. */
function leave(way, away) {
  way.away = away;
  way.hooks.upgrade = away ? (request, socket) => socket.destroy() : undefined;
  if (away) way.cut();
}

before(async () => {
  directory = join(temporary('web'), 'page');
  execFileSync('node', [join(root, 'tools/web.mjs'), directory]);
  postgres = await startPostgres();
  node = await newNode();
  proxies = await Promise.all([startWay(), startWay(), startWay()]);
  alice = await new Person('alice', proxies[2].url).register();
  browsers = ['ben', 'cleo'].map((name, i) =>
    new Tabs(`${name}-${alice.name.slice(-8)}`, proxies[i].url));
  await Promise.all(browsers.map(async one => {
    await one.register();
    await one.open();
    await one.open();
  }));
  const [ben, cleo] = browsers;
  id = await ben.does(`return client.create({ name: 'a thousand',
    users: ['${alice.name}', '${cleo.name}'] })`);
  await alice.does('join', id);
  await cleo.does(`await client.join('${id}')`);
});

after(async () => {
  await Promise.all((browsers ?? []).map(one => one.stop()));
  await Promise.all((proxies ?? []).map(one => one.stop()));
  await node?.stop();
  await postgres?.stop();
});

// ---- how far all of them are ----

let said = 0;
const waiting = []; // {at, done}

function oneMore() {
  said++;
  for (const one of waiting.splice(0))
    if (one.at <= said) one.done();
    else waiting.push(one);
}

const reached = at => said >= at ? undefined
  : new Promise(done => waiting.push({ at: Math.min(at, TOTAL), done }));

// ---- the faults ----

const whose = () => chance.below(browsers.length);

/** Another tab comes after each that has gone. */
async function refill(one) {
  while (one.count < 2) await one.open();
}

const FAULTS = {
  /** The tab that has the device. */
  async killed(i) {
    const leader = await browsers[i].leader();
    await leader?.crash();
    await refill(browsers[i]);
  },
  async closed(i) {
    const leader = await browsers[i].leader();
    await leader?.close();
    await refill(browsers[i]);
  },
  /** All of that browser's tabs at once. */
  async allKilled(i) {
    await Promise.all(browsers[i].tabs.map(page => page.crash()));
    await refill(browsers[i]);
  },
  async away(i, span) {
    leave(proxies[i], true);
    await reached(said + span);
    leave(proxies[i], false);
  },
  async allAway(i, span) {
    for (const way of proxies) leave(way, true);
    await reached(said + span);
    for (const way of proxies) leave(way, false);
  },
  async cut() {
    for (const way of proxies) way.cut();
  },
  async answersLost(i, span) {
    proxies[chance.below(proxies.length)].lost = span;
  },
  /** Another node before this one ends. */
  async exchanged() {
    const before = node;
    node = await newNode();
    for (const way of proxies) way.to(node.url);
    await before.stop();
  },
  /** It falls over, and the other one comes later. */
  async fallen() {
    await node.kill();
    for (const way of proxies) way.cut();
    node = await newNode();
    for (const way of proxies) way.to(node.url);
  },
};

/** [{at, name, f}…]: each kind as often as the others, in an order that the seed chooses. */
function plan() {
  const names = Object.keys(FAULTS), count = Math.floor(TOTAL / EVERY);
  const kinds = chance.shuffle(Array.from({ length: count }, (_, n) => names[n % names.length]));
  return kinds.map((name, n) => {
    const i = whose(), span = 3 + chance.below(15);
    return { at: n * EVERY + chance.below(EVERY), name, f: () => FAULTS[name](i, span) };
  });
}

async function suffer(t) {
  for (const { at, name, f } of plan()) {
    await reached(at);
    t.diagnostic(`${name} after ${said}`);
    await f();
  }
}

// ---- the messages ----

const words = (who, n) => `${who.name} says ${n}`;

const say = (one, n) => one.does(`await client.send('${id}', ${JSON.stringify(words(one, n))},
  { key: 'key-${n}', toNewMembers: true })`, all => all[n % all.length]);

async function write(n) {
  const { code, err } = await alice.run('send', id, words(alice, n), '--to-new-members');
  assert.ok(code === 0 || code === 4, `${code}: ${err}`); // 4: it is kept
}

async function talk() {
  for (let n = 0; said < TOTAL; n++) {
    const all = [() => write(n), ...browsers.map(one => () => say(one, n))];
    await Promise.all(all.slice(0, TOTAL - said).map(async f => {
      await f();
      oneMore();
    }));
  }
}

// ---- the end ----

const textsOf = entries => entries.filter(e => e.kind === 'text')
  .map(e => ({ seq: e.seq, from: e.from, text: e.text }));

/** What has waited is said, and all that was said has come. */
async function settle(one) {
  await one.until(`client.outbox().then(items => items.length === 0)`,
    `an empty outbox of ${one.name}`);
  await one.until(`client.entries('${id}').then(all =>
    all.filter(e => e.kind === 'text').length >= ${TOTAL})`, `all messages at ${one.name}`);
}

test(`${TOTAL} messages, with the faults of seed ${SEED}`, { timeout: 1_500_000 }, async t => {
  await Promise.all([talk(), suffer(t)]);
  await until(async () => (await alice.run('outbox', '--flush')).code === 0 &&
    (await alice.does('outbox')).length === 0, { ms: LONG_MS, name: 'an empty outbox of alice' });
  await Promise.all(browsers.map(settle));
  const written = textsOf(await alice.does('read', id));
  assert.equal(written.length, TOTAL);
  assert.equal(new Set(written.map(e => e.text)).size, TOTAL);
  for (const one of browsers) {
    const entries = textsOf(await one.does(`return client.entries('${id}')`));
    assert.deepEqual(entries, written, `${one.name} has what the command has`);
  }
  // what one of them says comes in the order in which it was said
  for (const one of [alice, ...browsers]) {
    const numbers = written.filter(e => e.from === one.name)
      .map(e => Number(e.text.split(' ').at(-1)));
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b), one.name);
  }
});
