// What one typing notice costs in a session that 200 follow: processor time of the node and
// of PostgreSQL, bytes to each, how long it takes to the last of them, and what messages
// wait beside notices.
//
//   make VARIANT=release programs server
//   HERMETIC_BUILD=build/release node bench/typing.mjs [FOLLOWERS]   (200)
//
// At first nobody types, then one, then all, each as often as a client tells it: every four
// seconds. A message is posted every 50 ms. What its two ends pay is bench/typing/main.c.
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import { Session, newUser, ok } from '../tests/testlib/api.mjs';
import { percentile } from '../tests/testlib/crowd.mjs';
import { join, u64, u8, uuidBytes } from '../tests/testlib/mls.mjs';
import { sleep, startNode, startPostgres } from '../tests/testlib/stack.mjs';
import WebSocket from '../tests/node_modules/ws/wrapper.mjs';
import { cpuOf } from './lib/programs.mjs';
import { settings } from './lib/world.mjs';

const followers = Number(process.argv[2] ?? 200);
const EVERY_MS = 4000, TURN_MS = 50, SECONDS = 20, SEALED = 93;

const postgres = await startPostgres({ settings: { fsync: 'on',
  synchronous_commit: 'on' } });
const node = await startNode({ postgres, workers: 1,
  env: { ...settings, HERMETIC_TYPING_PER_MINUTE: '1000000' } });
const [typist, reader] = await Promise.all(['typist', 'reader'].map(n =>
  newUser(node.url, n)));
const session = await Session.create(typist);
await session.add(typist, reader);

// By the time at which a notice was posted: how many have it.
const here = { frames: 0, bytes: 0, last: new Map() };
const sockets = await Promise.all(Array.from({ length: followers }, () =>
  new Promise((done, fail) => {
    const ws = new WebSocket(node.wsUrl, ['hermetic.v1'], {
      perMessageDeflate: false,
      headers: { authorization: `Bearer ${reader.access}` } });
    ws.on('error', fail);
    ws.on('open', () => ws.send(JSON.stringify({ type: 'subscribe', id: 1,
      session_id: session.id, after: 0 })));
    ws.once('message', () => done(ws));
    ws.on('message', data => {
      const at = data.indexOf('"notice":"');
      if (at < 0) return;
      here.frames++;
      here.bytes += data.length + 4; // and the frame's head
      const key = data.subarray(at + 10, -2).toString();
      const of = here.last.get(key);
      if (of && ++of.count === followers) of.done(performance.now() - of.start);
    });
  })));

const notice = () => join(u8(1), uuidBytes(session.id), u64(session.epoch),
  randomBytes(12), randomBytes(SEALED));

async function says(until) {
  const took = [];
  while (performance.now() < until) {
    const start = performance.now();
    ok(await session.send(typist), 201);
    took.push(performance.now() - start);
    await sleep(Math.max(0, TURN_MS - took.at(-1)));
  }
  return took;
}

/** `typists` people type, one after the other. */
async function type(typists, until) {
  const arrived = [];
  const distance = EVERY_MS / typists;
  for (let next = performance.now(); typists > 0 && next < until;
    next += distance) {
    await sleep(Math.max(0, next - performance.now()));
    const bytes = notice();
    const all = new Promise(done => {
      here.last.set(bytes.toString('base64'),
        { count: 0, start: performance.now(), done });
    });
    arrived.push(Promise.race([all, sleep(5000)]));
    ok(await typist.call('POST', session.path('/typing'), { bytes,
      type: 'application/octet-stream' }), 204);
  }
  return Promise.all(arrived);
}

const pids = async () => ({ node: node.pids(),
  postgres: (await postgres.rows(`SELECT pid FROM pg_stat_activity
    WHERE pid <> pg_backend_pid()`)).map(row => row.pid) });
const total = list => { const { user, system } = cpuOf(list); return user + system; };

const ms = list => `${percentile(list, 0.5).toFixed(1)} ms, ` +
  `${percentile(list, 0.95).toFixed(1)} ms`;
console.log('| who types | notices | node, each | PostgreSQL, each | bytes to each ' +
  '| to the last of all, median and 95 % | dropped | a message, median and 95 % |');
console.log('|---|---|---|---|---|---|---|---|');
let idle;
for (const [who, typists] of [['nobody', 0], ['one', 1], [`all ${followers}`, followers],
  ['nobody', 0]]) {
  await sleep(1000);
  Object.assign(here, { frames: 0, bytes: 0, last: new Map() });
  const all = await pids(), was = { node: total(all.node), postgres: total(all.postgres) };
  const until = performance.now() + SECONDS * 1000;
  const [took, arrived] = await Promise.all([says(until), type(typists, until)]);
  const used = { node: total(all.node) - was.node,
    postgres: total(all.postgres) - was.postgres };
  idle ??= used;
  const heard = arrived.filter(t => t !== undefined), n = arrived.length;
  const each = name => n ? `${((used[name] - idle[name]) / n).toFixed(0)} us` : '';
  console.log(`| ${who} | ${n} | ${each('node')} | ${each('postgres')} | ${
    here.frames ? (here.bytes / here.frames).toFixed(0) : ''} | ${
    heard.length ? ms(heard) : ''} | ${n - heard.length} | ${ms(took)} |`);
}
for (const ws of sockets) ws.terminate();
await node.stop();
await postgres.stop();
