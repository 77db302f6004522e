// What connections and messages take: memory and disk.
import { readFileSync } from 'node:fs';

import { load, orders } from '../lib/programs.mjs';

const IDLE = 10_000, MESSAGES = 50_000;

const resident = pids => pids.reduce((sum, pid) => sum + Number(
  readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]), 0);

// What the kernel holds for sockets, files and the like, of all processes.
const slab = () => Number(
  readFileSync('/proc/meminfo', 'utf8').match(/SUnreclaim:\s+(\d+)/)[1]);

const idling = {};

// Memory that was once used stays: a node of its own each time.
async function idle(world) {
  const node = await world.startOne();
  const before = resident(node.pids()), kernelBefore = slab();
  let during;
  try {
    await load(await orders(world, { senders: 0, receivers: IDLE, messages: 0,
      sessions: [], receiveNodes: [node] }),
    () => {
      during = resident(node.pids());
      idling.kernelKiBOfBothEnds = (slab() - kernelBefore) / IDLE;
    });
  } finally {
    await node.stop();
  }
  return (during - before) / IDLE;
}

const growth = {};

const sizes = async world => (await world.postgres.rows(`SELECT
  pg_table_size('hermetic.message') AS heap,
  pg_indexes_size('hermetic.message') AS indexes,
  (SELECT count(*) FROM hermetic.message) AS messages,
  (SELECT sum(length(envelope)) FROM hermetic.message) AS envelopes,
  pg_current_wal_lsn() - '0/0'::pg_lsn AS wal`))[0];

async function grow(world) {
  const before = await sizes(world);
  await load(await orders(world, { senders: 8, receivers: 0, window: 500,
    messages: MESSAGES }));
  const after = await sizes(world);
  for (const k of Object.keys(after))
    growth[k] = (after[k] - before[k]) / MESSAGES;
  return growth.heap;
}

export default [
  { name: 'idle', what: 'resident memory of an idle WebSocket, of 10,000',
    unit: 'KiB', a: idle, floor: '1 KiB', b: async () => 1, goal: 6,
    better: 'less', more: () => idling },
  { name: 'growth', what: 'table growth for one message', unit: 'bytes',
    a: grow, floor: 'bytes of its envelope', goal: 1.35, better: 'less',
    b: async world => world.sessions[0].template.length,
    more: () => ({ perMessage: growth }) },
];
