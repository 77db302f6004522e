// Sending, durable, over both doors.
import { load, orders, pgbench, wrk } from '../lib/programs.mjs';

const MESSAGES = 60_000;

async function webSocket(world) {
  const r = await load(await orders(world, { senders: 8, receivers: 8,
    window: 500, messages: MESSAGES }));
  return MESSAGES / r.seconds; // until the last delivery
}

const rest = world => wrk(world, 'send.lua');

const batches = async world =>
  100 * (await pgbench(world, 'hundred.sql')).tps;

const single = async world =>
  (await pgbench(world, 'notify.sql', { clients: 16 })).tps;

const row = (name, what, a, floor, b, goal) =>
  ({ name, what, unit: '1/s', a, floor, b, goal, better: 'more' });

export default [
  row('send-ws', 'send over WebSocket, delivered to one subscriber each',
    webSocket, 'pgbench, 100 rows a transaction', batches, 0.5),
  row('send-rest', 'send over REST, 64 connections', rest,
    'pgbench, 100 rows a transaction', batches, 0.25),
  row('send-ws-notify', 'send over WebSocket', webSocket,
    'pgbench, one row and NOTIFY a transaction, 16 clients', single, 8),
  row('send-rest-notify', 'send over REST', rest,
    'pgbench, one row and NOTIFY a transaction, 16 clients', single, 4),
];
