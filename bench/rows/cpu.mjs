// Processor time of one message, by process, and where it goes.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';

import { cpuOf, load, orders, pgbench, wrk } from '../lib/programs.mjs';
import { sleep } from '../../tests/testlib/stack.mjs';

const exec = promisify(execFile);
const MESSAGES = 60_000, SECONDS = 5;

const byProcess = {}, profile = {};

async function processes(world) {
  const all = { node: world.node.pids() };
  for (const { pid, name } of await world.postgres.rows(`SELECT pid,
    coalesce(nullif(application_name, ''), backend_type) AS name
    FROM pg_stat_activity WHERE pid <> pg_backend_pid()
    AND backend_type <> 'autovacuum worker'`)) // these come and go
    (all[name.replace('hermetic ', 'PostgreSQL, ')] ??= []).push(pid);
  return all;
}

// Shares of the samples, by program and library, then of the node by function.
async function profiled(kind) {
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-bench-'));
  const file = join(dir, 'perf.data');
  const report = async (...args) => (await exec('perf', ['report', '-i', file,
    '--stdio', ...args], { maxBuffer: 1 << 26 })).stdout.split('\n')
    .filter(l => /^\s+\d/.test(l)).slice(0, 12)
    .map(l => l.trim().replace(/\s+/g, ' ').replace(/( -)+$/, ''));
  try {
    await exec('perf', ['record', '-F', '499', '-a', '-o', file, '--', 'sleep',
      '2']);
    profile[kind] = { all: await report('--sort', 'comm,dso'),
      node: await report('--comm', 'kore', '--sort', 'dso,symbol') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Microseconds a message, of the node and all of PostgreSQL. */
async function used(world, kind, run) {
  const all = await processes(world);
  const before = Object.entries(all).map(([name, pids]) => [name, cpuOf(pids)]);
  const [messages] = await Promise.all([run(),
    sleep(500).then(() => profile[kind] ?? profiled(kind))]);
  const each = byProcess[kind] = {};
  for (const [name, was] of before) {
    const is = cpuOf(all[name]);
    each[name] = { user: (is.user - was.user) / messages,
      system: (is.system - was.system) / messages };
  }
  return Object.values(each).reduce((sum, c) => sum + c.user + c.system, 0);
}

const webSocket = world => used(world, 'webSocket', async () => {
  await load(await orders(world, { senders: 8, receivers: 8, window: 500,
    messages: MESSAGES }));
  return MESSAGES;
});

const rest = world => used(world, 'rest', async () =>
  SECONDS * await wrk(world, 'send.lua', { seconds: SECONDS }));

// What its backend takes of a processor, by the rows it writes meanwhile.
const batches = async world => {
  const busy = (async () => {
    await sleep(1000);
    const [{ pid }] = await world.postgres.rows(`SELECT pid
      FROM pg_stat_activity WHERE application_name = 'pgbench'`);
    const was = cpuOf([pid]), begin = performance.now();
    await sleep(3000);
    const is = cpuOf([pid]), ms = performance.now() - begin;
    return (is.user + is.system - was.user - was.system) / ms * 1000;
  })();
  const { tps } = await pgbench(world, 'hundred.sql');
  return await busy / (100 * tps);
};

const row = (name, what, a) => ({ name, what, unit: 'µs', a, b: batches,
  floor: "pgbench's backend, 100 rows a transaction", better: 'less',
  more: () => ({ byProcess, profile }) });

export default [
  row('cpu-ws', 'processor time of a message over WebSocket, node and' +
    ' PostgreSQL', webSocket),
  row('cpu-rest', 'processor time of a message over REST, node and PostgreSQL',
    rest),
];
