// From a sender to those who follow, on one node and on several.
import { load, orders, pgbench } from '../lib/programs.mjs';

const FOLLOWERS = 1000, FAN_OUT = 200, WINDOW = 64;

// --- how long it takes, at a third of the highest rate ---------------------

const paced = {};

async function prepare(world) {
  const other = await world.nodeAt(1);
  if (paced.rate) return;
  const messages = 30_000;
  const r = await load(await orders(world, { senders: 8, receivers: 8,
    receiveNodes: [other], window: 500, messages }));
  paced.rate = Math.round(messages / r.seconds / 3);
}

// One run and one commit give both rows.
const latency = quantile => async world => {
  const r = await load(await orders(world, { senders: 8, receivers: 8,
    receiveNodes: [world.nodes[1]], window: 4000, rate: paced.rate,
    messages: paced.rate * 5 }));
  return r[`${quantile}_us`] / 1000;
};

const commit = async world => (await pgbench(world, 'one.sql')).ms;

// --- one session, many followers -------------------------------------------

async function fanOut(world) {
  const r = await load(await orders(world, { sessions: [world.sessions[0]],
    everything: 1, senders: 1, receivers: FOLLOWERS, window: WINDOW,
    receiveNodes: [world.node, await world.nodeAt(1)], messages: FAN_OUT }));
  return FAN_OUT * FOLLOWERS / r.seconds;
}

function frameBytes(session) {
  const id = '0'.repeat(36);
  return JSON.stringify({ type: 'message', session_id: id, seq: 1000, kind: 1,
    epoch: 0, sender: id, envelope: session.template.toString('base64'),
    head: '0'.repeat(64), sent_at: Date.now() }).length;
}

async function onlyWrites(world) {
  const r = await load(`raw ${frameBytes(world.sessions[0])}
receivers ${FOLLOWERS}\neverything 1\nwindow ${WINDOW}\nmessages ${FAN_OUT}\ngo\n`);
  return FAN_OUT * FOLLOWERS / r.seconds;
}

const time = (quantile, goal) => ({ name: `latency-${quantile}`, unit: 'ms',
  what: `${quantile} from send to delivery on another node, a third of the` +
    ' highest rate', before: prepare, a: latency(quantile),
  floor: 'pgbench, one commit of one row, alone', b: commit, goal,
  better: 'less', more: () => paced });

export default [
  time('p50', 6), time('p99', 25),
  { name: 'fan-out', what: 'one session, 1,000 subscribers on two nodes',
    unit: 'deliveries/s', a: fanOut,
    floor: 'a C program that writes the same frames', b: onlyWrites, goal: 0.6,
    better: 'more' },
];
