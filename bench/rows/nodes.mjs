// Nodes that write at once to one PostgreSQL, and what their commits wait for.
import { load, orders } from '../lib/programs.mjs';
import { sleep } from '../../tests/testlib/stack.mjs';

const MESSAGES = 40_000;
const waits = {};

async function sample(world, running, into) {
  while (running.now) {
    for (const { event } of await world.postgres.rows(`SELECT
      coalesce(wait_event_type || ' ' || wait_event, 'runs') AS event
      FROM pg_stat_activity WHERE state = 'active'
        AND application_name LIKE 'hermetic%'`))
      into[event] = (into[event] ?? 0) + 1;
    await sleep(50);
  }
}

const total = count => async world => {
  const sendNodes = [];
  for (let i = 0; i < count; i++) sendNodes.push(await world.nodeAt(i));
  const running = { now: true };
  const sampling = sample(world, running, waits[count] ??= {});
  try {
    const r = await load(await orders(world, { senders: 16, receivers: 0,
      window: 250, sendNodes, messages: MESSAGES }));
    return MESSAGES / r.seconds;
  } finally {
    running.now = false;
    await sampling;
  }
};

export default [2, 4, 8].map(count => ({ name: `nodes-${count}`,
  what: `${count} nodes that write at once`, unit: '1/s', a: total(count),
  floor: 'one node', b: total(1), goal: 0.9, better: 'more',
  more: () => ({ waits: { 1: waits[1], [count]: waits[count] } }) }));
