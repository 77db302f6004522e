// Hermetic beside others that deliver messages, on one machine in one run: the same bytes, each
// measured in turn in every round. The servers promise different
// things when they acknowledge a message; the output says what.
//
//   make VARIANT=release libs programs server
//   HERMETIC_BUILD=build/release node bench/peers/run.mjs [NAME...]
//
// ./dev bench-peers installs what it needs and does this. BENCH_ROUNDS: 3 unless said.
import { readFileSync } from 'node:fs';

import { cpuOf, flushes, memoryOf, treeOf } from './kernel.mjs';
import { loadWith } from './start.mjs';
import { sleep } from '../../tests/testlib/stack.mjs';

const NAMES = ['hermetic', 'nats', 'mosquitto', 'ejabberd', 'fastify'];
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = 6, RATE = 1000, IDLE = 1000;

const wanted = process.argv.slice(2);
const names = NAMES.filter(n => !wanted.length || wanted.includes(n));

const middle = list => [...list].sort((x, y) => x - y)[list.length >> 1];

/** One kind of load, with what it took of the processors and of the disk. */
async function during(server, order) {
  const pids = treeOf(server.pids());
  const cpu = cpuOf(pids), flushed = flushes();
  const told = await loadWith({ peer: server.client, target: server.target, ...order });
  return { ...told, cpuUs: (cpuOf(pids) - cpu) / told.count,
    flushes: (flushes() - flushed) / told.count };
}

async function idle(server) {
  const pids = treeOf(server.pids()), before = memoryOf(pids);
  let during;
  await loadWith({ peer: server.client, target: server.target, kind: 'idle', idle: IDLE },
    async () => {
      await sleep(1000); // a collector of garbage may have something to do
      during = memoryOf(treeOf(server.pids()));
    });
  return (during - before) / IDLE;
}

async function round(server, took) {
  const add = (what, value) => (took[what] ??= []).push(value);
  const fast = await during(server, { kind: 'fast', seconds: SECONDS });
  add('sends', fast.count / fast.seconds);
  add('fastCpu', fast.cpuUs);
  add('fastFlushes', fast.flushes);
  const paced = await during(server, { kind: 'paced', seconds: SECONDS, rate: RATE });
  add('p50', paced.p50);
  add('p99', paced.p99);
  add('pacedCpu', paced.cpuUs);
  add('pacedFlushes', paced.flushes);
  if (server.hasPages) {
    const pages = await during(server, { kind: 'pages', seconds: SECONDS / 2 });
    add('pages', pages.count / pages.seconds);
    add('pageCpu', pages.cpuUs);
  }
}

const COLUMNS = [
  ['sends', 'sends acknowledged a second', v => Math.round(v).toLocaleString('en')],
  ['fastCpu', 'processor, µs a message', v => v.toFixed(0)],
  ['fastFlushes', 'flushes of the disk a message', v => v.toFixed(3)],
  ['p50', `p50 at ${RATE} a second, ms`, v => v.toFixed(2)],
  ['p99', 'p99, ms', v => v.toFixed(1)],
  ['pacedCpu', 'processor, µs a message', v => v.toFixed(0)],
  ['pacedFlushes', 'flushes a message', v => v.toFixed(2)],
  ['pages', 'pages of 50 a second', v => Math.round(v).toLocaleString('en')],
  ['pageCpu', 'processor, µs a page', v => v.toFixed(0)],
  ['idle', 'memory of an idle connection, KiB', v => v.toFixed(1)],
];

function print(servers, took) {
  console.log(`| | version | acknowledged means |\n|---|---|---|\n${
    servers.map(s => `| ${s.name} | ${s.version} | ${s.promise} |`).join('\n')}\n`);
  console.log(`| ${ROUNDS} rounds, the middle one | ${
    servers.map(s => s.name).join(' | ')} |\n|---${'|---'.repeat(servers.length)}|`);
  for (const [key, title, text] of COLUMNS)
    console.log(`| ${title} | ${servers.map(s => took.get(s)[key]
      ? text(middle(took.get(s)[key])) : '–').join(' | ')} |`);
}

const servers = [], took = new Map();
try {
  for (const name of names) {
    const { start } = await import(`./${name}/server.mjs`);
    for (const server of await start()) {
      server.client ??= name;
      servers.push(server);
      took.set(server, { idle: [await idle(server)] }); // memory once used stays
    }
  }
  for (let i = 0; i < ROUNDS; i++)
    for (const server of servers) {
      process.stderr.write(`round ${i + 1}: ${server.name}\n`);
      await round(server, took.get(server));
    }
  print(servers, took);
  console.log(`\nLoad at the end: ${readFileSync('/proc/loadavg', 'utf8').trim()}`);
} finally {
  for (const server of servers) await server.stop();
}
