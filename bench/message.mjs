// What one message takes that goes from a sender at one node to a follower at another: the
// time of each hand-over, system calls, wake-ups, statements, and processor time.
//
//   make VARIANT=release libs programs server bench-load
//   HERMETIC_BUILD=build/release node bench/message.mjs [RATE...]
//
// First messages are alone (twenty a second), and perf notes the system calls of all
// processes; then come the rates, 1,000 and 200 a second unless others are given. It needs
// root, perf and a kernel with tracefs. Nothing of it is in the servers.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { load, orders, pgbench } from './lib/programs.mjs';
import { openWorld } from './lib/world.mjs';
import { sleep } from '../tests/testlib/stack.mjs';

const exec = promisify(execFile);
const ALONE = { rate: 20, messages: 200 }, SECONDS = 8;
const rates = process.argv.slice(2).map(Number);

// --- which process is which -------------------------------------------------------------

const backends = world => world.postgres.rows(`SELECT pid,
  coalesce(nullif(application_name, ''), backend_type) AS name
  FROM pg_stat_activity WHERE pid <> pg_backend_pid()
  AND backend_type NOT LIKE 'autovacuum%'`);

/** Map of a pid to { node, name }. */
async function whoIsWho(world) {
  const first = new Set((await backends(world)).map(b => b.pid));
  const other = await world.nodeAt(1);
  const who = new Map();
  for (const { pid, name } of await backends(world))
    who.set(pid, { name: name.replace('hermetic ', ''),
      node: name.startsWith('hermetic') ? first.has(pid) ? 'a' : 'b' : '' });
  world.node.pids().forEach(pid => who.set(pid, { node: 'a', name: 'worker' }));
  other.pids().forEach(pid => who.set(pid, { node: 'b', name: 'worker' }));
  return who;
}

const title = ({ node, name }) => node ? `${name}, ${
  node === 'a' ? "sender's node" : "follower's node"}` : name;

// --- counts of the kernel's ---------------------------------------------------

/** Nanoseconds on a processor, and how often each process went to sleep. */
function counted(who) {
  const all = new Map();
  for (const pid of who.keys()) {
    let ns = 0, sleeps = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const at = `/proc/${pid}/task/${task}`;
      ns += Number(readFileSync(`${at}/schedstat`, 'utf8').split(' ')[0]);
      sleeps += Number(readFileSync(`${at}/status`, 'utf8')
        .match(/^voluntary_ctxt_switches:\s*(\d+)/m)[1]);
    }
    all.set(pid, { ns, sleeps });
  }
  return all;
}

/** Sums by title of what `run` added to the counts. */
async function during(who, run) {
  const before = counted(who), answer = await run(), after = counted(who);
  const sums = {};
  for (const [pid, one] of who) {
    const sum = sums[title(one)] ??= { ns: 0, sleeps: 0 };
    for (const k of ['ns', 'sleeps'])
      sum[k] += after.get(pid)[k] - before.get(pid)[k];
  }
  return { answer, sums };
}

// --- the trace -----------------------------------------------------------------

const NUMBERS = { 44: 'send', 45: 'receive', 46: 'push', 75: 'flush' };
const LINE = /\s(\d+)\/\d+\s+([\d.]+):\s+raw_syscalls:sys_(enter|exit):\s+NR (\d+) (?:= (-?\d+))?/;

/** System calls of these processes while `run` runs: [{ at, pid, call, end, gave }], of
 * those that are looked at, and the sums of all by title. */
async function traced(who, run) {
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-bench-'));
  const file = join(dir, 'perf.data');
  const perf = spawn('perf', ['record', '-q', '-m', '1024', '-e',
    'raw_syscalls:sys_enter,raw_syscalls:sys_exit', '-p',
    [...who.keys()].join(','), '-o', file],
  { stdio: 'ignore' });
  const over = new Promise(done => perf.on('close', done));
  try {
    await sleep(1000); // perf has no word for "I am there"
    await run();
    perf.kill('SIGINT');
    await over;
    const { stdout } = await exec('perf', ['script', '-i', file, '-F',
      'comm,pid,tid,time,event,trace'], { maxBuffer: 1 << 30 });
    const events = [], sums = {};
    for (const line of stdout.split('\n')) {
      const found = line.match(LINE);
      const one = found && who.get(Number(found[1]));
      if (!one) continue;
      const [, , at, side, number, gave] = found;
      if (side === 'enter') sums[title(one)] = (sums[title(one)] ?? 0) + 1;
      if (NUMBERS[number]) events.push({ ...one, at: Number(at) * 1e6,
        call: NUMBERS[number], end: side === 'exit', gave: Number(gave) });
    }
    return { events, sums };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const is = (node, name, call, end = false, least = 0) => e => e.node === node &&
  e.name === name && e.call === call && e.end === end && (!end || e.gave >= least);

// Who listens may be who tells.
const TELLERS = ['notifier', 'listener'].map(name => is('a', name, 'receive', true, 60));

const STEPS = [
  ['the frame is at a worker', is('a', 'worker', 'receive', true, 500)],
  ['the writer’s backend has the statement', is('a', 'writer', 'receive', true, 500)],
  ['it has run, and its flush begins', is('a', 'writer', 'flush')],
  ['it is flushed', is('a', 'writer', 'flush', true)],
  ['the backend answers', is('a', 'writer', 'send')],
  ['the backend that notifies has the notice', e => TELLERS.some(t => t(e))],
  ['the listener’s backend tells it', is('b', 'listener', 'send')],
  ['a read is asked', is('b', 'queries', 'receive', true, 60), 'maybe'],
  ['it is answered', is('b', 'queries', 'send'), 'maybe'],
  ['the frame is pushed', is('b', 'worker', 'push')],
];

/** Of each message the times of its steps; undefined: it had none such. */
function walk(events) {
  const all = [];
  let times, step;
  for (const e of events) {
    if (STEPS[0][1](e) && !(e.at - times?.[0] < 1e6 / ALONE.rate - 2000)) {
      times = [e.at];
      step = 1;
      continue;
    }
    if (!times) continue;
    let k = step;
    while (k < STEPS.length - 1 && STEPS[k][2] && !STEPS[k][1](e)) k++;
    if (!STEPS[k][1](e)) continue;
    times[k] = e.at;
    step = k + 1;
    if (step < STEPS.length) continue;
    all.push(times);
    times = undefined;
  }
  return all;
}

const mean = list => list.reduce((sum, v) => sum + v, 0) / list.length;

function printSteps(all) {
  console.log(`\n| step, of ${all.length} messages alone | reached after it, µs | of messages |`);
  console.log('|---|---|---|');
  for (let k = 1; k < STEPS.length; k++) {
    const took = all.filter(t => t[k] !== undefined).map(t => {
      let before = k - 1;
      while (t[before] === undefined) before--;
      return t[k] - t[before];
    });
    console.log(`| ${STEPS[k][0]} | ${took.length ? mean(took).toFixed(0) : '–'} | ${
      (100 * took.length / all.length).toFixed(0)} % |`);
  }
  console.log(`| all | ${mean(all.map(t => t.at(-1) - t[0])).toFixed(0)} | |`);
}

// --- runs ------------------------------------------------------------------------

const send = async (world, { rate, messages }) => load(await orders(world,
  { senders: 8, receivers: 8, receiveNodes: [world.nodes[1]], window: 4000, rate,
    messages }));

const statements = world => world.postgres.rows(`SELECT calls, mean_exec_time AS ms,
  regexp_replace(query, '\\s+', ' ', 'g') AS query FROM pg_stat_statements
  JOIN pg_roles r ON r.oid = userid WHERE rolname = 'hermetic_api' ORDER BY calls DESC`);

async function alone(world, who) {
  await send(world, { rate: 200, messages: 400 }); // sessions are known then
  await world.postgres.psql('SELECT pg_stat_statements_reset()');
  const ms = 1000 * ALONE.messages / ALONE.rate;
  const run = () => send(world, ALONE);
  const { sums } = await during(who, run);
  const asked = await statements(world);
  const idle = (await during(who, () => sleep(ms))).sums;
  const { events, sums: calls } = await traced(who, run);
  const idleCalls = (await traced(who, () => sleep(ms))).sums;
  printSteps(walk(events));
  console.log('\n| process | wake-ups | system calls | processor, µs |\n|---|---|---|---|');
  const total = [0, 0, 0];
  for (const name of Object.keys(sums).sort()) {
    const row = [sums[name].sleeps - idle[name].sleeps,
      (calls[name] ?? 0) - (idleCalls[name] ?? 0),
      (sums[name].ns - idle[name].ns) / 1000].map(v => v / ALONE.messages);
    row.forEach((v, i) => { total[i] += v; });
    if (row[0] > 0.05) console.log(`| ${name} | ${row.map(v => v.toFixed(1)).join(' | ')} |`);
  }
  console.log(`| all | ${total.map(v => v.toFixed(1)).join(' | ')} |`);
  console.log('\n| statement | for a message | runs for, µs |\n|---|---|---|');
  for (const { calls: n, ms: took, query } of asked)
    if (n > ALONE.messages / 50)
      console.log(`| ${query.slice(0, 60)} | ${(n / ALONE.messages).toFixed(2)} | ${
        (1000 * took).toFixed(0)} |`);
}

async function paced(world, who, rate) {
  const { ms: commit } = await pgbench(world, 'one.sql');
  const messages = rate * SECONDS;
  const { answer, sums } = await during(who, () => send(world, { rate, messages }));
  const us = name => Object.entries(sums).filter(([k]) => name.test(k))
    .reduce((sum, [, v]) => sum + v.ns, 0) / 1000 / messages;
  const sleeps = Object.values(sums).reduce((sum, v) => sum + v.sleeps, 0) / messages;
  console.log(`| ${rate} | ${us(/./).toFixed(0)} | ${us(/^worker/).toFixed(0)} | ${
    us(/^writer/).toFixed(0)} | ${us(/^(?!worker|writer)/).toFixed(0)} | ${
    sleeps.toFixed(1)} | ${(answer.p50_us / 1000).toFixed(2)} | ${
    (answer.p99_us / 1000).toFixed(2)} | ${commit.toFixed(2)} | ${
    (answer.p50_us / 1000 / commit).toFixed(1)} | ${
    (answer.p99_us / 1000 / commit).toFixed(1)} |`);
}

const world = await openWorld({ isWorn: false,
  settings: { shared_preload_libraries: 'pg_stat_statements' } });
try {
  await world.postgres.psql('CREATE EXTENSION pg_stat_statements');
  const who = await whoIsWho(world);
  if (!rates.length) await alone(world, who);
  console.log('\n| messages a second | processor, µs a message | nodes | writer’s ' +
    'backend | all other backends | wake-ups | p50, ms | p99, ms | one commit alone, ms | p50 in ' +
    'commits | p99 in commits |\n|---|---|---|---|---|---|---|---|---|---|---|');
  for (const rate of rates.length ? rates : [1000, 200]) await paced(world, who, rate);
} finally {
  await world.close();
}
