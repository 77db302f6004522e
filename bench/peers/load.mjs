// Makes load for one server: eight senders, eight receivers, a room for each pair. The order
// comes as a line of JSON, what was counted goes as one.
//
//   fast    counts what is acknowledged while each sender has so many messages on their way
//   paced   sends so many messages a second, one or two each millisecond, and measures how long
//           each took from its write to its delivery
//   pages   counts pages of 50 messages; sixteen readers ask for one after the other
//   idle    holds connections that say nothing until standard input ends
import { createInterface } from 'node:readline';

const PAIRS = 8, WINDOW = 64, ASKED = 16, PATIENCE_MS = 30_000;

const lines = createInterface({ input: process.stdin });
const [line] = await new Promise(done => lines.once('line', (...a) => done(a)));
const order = JSON.parse(line);
const { connect } = await import(`./${order.peer}/client.mjs`);
const open = (k, kind, told = {}) => connect(order.target, { k, kind, ...told });
const each = what => Promise.all(Array.from({ length: PAIRS }, (_, k) => what(k)));
const say = what => process.stdout.write(`${JSON.stringify(what)}\n`);

/** `held` resolves once `is()` is true. The caller calls `look` after each change of what `is()`
 * reads. */
function once(is, name) {
  let look;
  const held = new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`${name()} in ${PATIENCE_MS} ms`)),
      PATIENCE_MS);
    look = () => {
      if (!is()) return;
      clearTimeout(timer);
      done();
    };
  });
  return { held, look };
}

async function fast() {
  let sent = 0, acked = 0, told = 0, over = false;
  const all = once(() => over && acked === sent && told === sent,
    () => `${sent} sent, ${acked} acknowledged, ${told} delivered`);
  await each(k => open(k, 'receiver', { message: () => { told++; all.look(); } }));
  let ended;
  const senders = await each(k => open(k, 'sender', { acked: n => {
    acked += n;
    if (over) return all.look();
    while (n-- > 0) senders[k].send(sent++);
  } }));
  const begin = performance.now();
  for (const sender of senders) {
    for (let i = 0; i < WINDOW; i++) sender.send(sent++);
  }
  await new Promise(done => setTimeout(done, 1000 * order.seconds));
  over = true;
  const count = acked;
  const seconds = (performance.now() - begin) / 1000;
  all.look();
  await all.held;
  say({ count, seconds });
}

async function paced() {
  const count = order.rate * order.seconds, at = new Float64Array(count);
  const waits = [];
  let sent = 0, acked = 0;
  const all = once(() => acked >= count && waits.length === count,
    () => `${count} sent, ${acked} acknowledged, ${waits.length} delivered`);
  await each(k => open(k, 'receiver', { message: i => {
    waits.push(performance.now() - at[i]);
    all.look();
  } }));
  const senders = await each(k => open(k, 'sender',
    { acked: n => { acked += n; all.look(); } }));
  const begin = performance.now();
  const turn = () => {
    const due = Math.min(count, (performance.now() - begin) * order.rate / 1000);
    while (sent < due) {
      at[sent] = performance.now();
      senders[sent % PAIRS].send(sent);
      sent++;
    }
    if (sent < count) setTimeout(turn, 1);
  };
  turn();
  await all.held;
  waits.sort((x, y) => x - y);
  const quantile = q => waits[Math.floor(q * (count - 1))];
  say({ count, seconds: order.seconds, p50: quantile(0.5), p99: quantile(0.99) });
}

async function pages() {
  let count = 0;
  const end = performance.now() + 1000 * order.seconds;
  const readers = await Promise.all(Array.from({ length: ASKED },
    (_, k) => open(k % PAIRS, 'reader')));
  await Promise.all(readers.map(async reader => {
    while (performance.now() < end) {
      await reader.page();
      count++;
    }
  }));
  say({ count, seconds: order.seconds });
}

async function idle() {
  for (let i = 0; i < order.idle; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, j) => open(i + j, 'idle')));
  say({ count: order.idle });
  await new Promise(done => lines.once('close', done));
}

await { fast, paced, pages, idle }[order.kind]();
process.exit(0);
