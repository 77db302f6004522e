// What people notice when a machine of the databases fails: two nodes on the databases of
// docker-compose.yml (machines.mjs), people who send by both and listen at both, and one
// fault after the other, each so many times (see ./run).
//
// For each round: how long from the fault until each node has taken messages again for good,
// how long until each node has delivered what the other one took, and whether all that was
// acknowledged is in the log once. A pause is a second or more in which nothing came.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { Session, newUser, nextHead, ok } from '../../tests/testlib/api.mjs';
import { Socket } from '../../tests/testlib/socket.mjs';
import { freePort, root, runMigrate, sleep, startNode, temporary, until }
  from '../../tests/testlib/stack.mjs';
import { startMachines } from './machines.mjs';

const [rounds, ...words] = process.argv.slice(2);
const PAUSE_MS = 1000, SENDERS = 2, results = join(root, 'bench/results/failover.json');

// --- faults: each breaks, and gives what mends it ------------------------------

const leading = async world => world.machines.of(await world.machines.leader());
const another = (world, before) => until(async () => {
  const now = await world.machines.leader();
  return now && now !== before;
}, { ms: 120_000, name: 'another one that leads' });

/** Breaks the primary, and waits for another one. */
const primary = (breaks, mends) => async world => {
  const machine = await leading(world);
  const began = performance.now();
  const more = await breaks(machine, world);
  await another(world, machine.name);
  return { began, mend: () => mends(machine, more) };
};

const faults = {
  killed: primary(m => m.kill(), m => m.start()),
  paused: primary(m => m.signal('SIGSTOP'), m => m.signal('SIGCONT')),
  cut: primary(m => m.plug(false), m => m.plug(true)),
  // with one of etcd's, and without a word
  gone: primary(async (m, { machines }) => {
    const etcd = await machines.etcdLeader();
    for (const one of [m, etcd]) one.plug(false);
    await Promise.all([m.kill(), etcd.kill()]);
    return etcd;
  }, (m, etcd) => {
    for (const one of [etcd, m]) {
      one.plug(true);
      one.start();
    }
  }),
  both: primary(async (m, { machines }) => {
    const etcd = await machines.etcdLeader();
    await Promise.all([m.kill(), etcd.kill()]);
    return etcd;
  }, (m, etcd) => { etcd.start(); m.start(); }),
  async etcd({ machines }) {
    const etcd = await machines.etcdLeader();
    const began = performance.now();
    await etcd.kill();
    await sleep(15_000);
    return { began, mend: () => etcd.start() };
  },
  async clock({ nodes }, round) {
    const skew = round % 2 ? 90 : -90, began = performance.now();
    await nodes[1].kill();
    await nodes[1].start({ skew });
    await sleep(5000);
    return { began, mend: async () => { await nodes[1].kill(); await nodes[1].start(); } };
  },
};

// --- people -------------------------------------------------------------------

/** Sends by a node; each envelope again until it is acknowledged. */
function sender(session, device, url) {
  const self = { told: [], goOn: true };
  const one = async () => {
    while (self.goOn) {
      const envelope = session.envelope();
      for (;;) {
        const answer = await session.send(device, { envelope, url }).catch(() => undefined);
        if (answer?.status === 201 || answer?.status === 200) {
          const { seq, head } = answer.json;
          self.told.push({ seq, head, at: performance.now() });
          break;
        }
        if (answer && answer.status < 500) throw new Error(JSON.stringify(answer.json));
        await sleep(50);
      }
      await sleep(20);
    }
  };
  const all = Promise.all(Array.from({ length: SENDERS }, one));
  all.catch(e => { self.failed = e; }); // stop() rejects with it, too
  self.stop = () => { self.goOn = false; return all; };
  return self;
}

/** Hears at a node, and comes again when it has been cut off. */
function listener(session, device, url) {
  const self = { heard: new Map(), last: 0, goOn: true };
  const hear = async () => {
    self.socket = await Socket.of(device, { url });
    self.socket.ws.on('message', data => {
      const frame = JSON.parse(data);
      if (frame.type !== 'message') return;
      if (frame.seq !== self.last + 1)
        throw new Error(`message ${frame.seq} came after ${self.last}`);
      self.heard.set(self.last = frame.seq, performance.now());
      self.socket.frames.length = 0; // they are counted, not kept
    });
    await self.socket.subscribe(session, self.last);
    await self.socket.closed;
  };
  self.over = (async () => {
    while (self.goOn) await hear().catch(() => sleep(100));
  })();
  self.stop = () => { self.goOn = false; self.socket?.ws.terminate(); return self.over; };
  return self;
}

/** From `began` to the end of the last pause, in seconds; 0 if there was none. */
function resumed(times, began, ended) {
  const all = [...times].sort((x, y) => x - y).filter(t => t <= ended);
  let end = began;
  for (let i = 1; i < all.length; i++)
    if (all[i] > began && all[i] - all[i - 1] >= PAUSE_MS) end = all[i];
  return (end - began) / 1000;
}

// --- a round ------------------------------------------------------------------

async function log(session, device) {
  const all = [];
  for (let page; page?.length !== 0; all.push(...page))
    page = await session.history(device, `?after=${all.length}&limit=500`);
  all.forEach((m, i) => {
    if (m.seq !== i + 1 || (i > 0 && nextHead(all[i - 1].head, m) !== m.head))
      throw new Error(`the log is not whole at ${i + 1}`);
  });
  return all;
}

/** Lost: acknowledged, and not there. Doubled: there, and nobody was told of it. */
function compare(senders, all) {
  const told = senders.flatMap(s => s.told);
  const there = told.filter(t => all[t.seq - 1]?.head === t.head);
  return { acknowledged: told.length, lost: told.length - there.length,
    doubled: all.length - 1 - new Set(there.map(t => t.seq)).size };
}

async function people(world) {
  const { nodes: [one, two] } = world, session = await Session.create(world.alice);
  await session.add(world.alice, world.bob);
  return { session, senders: [one, two].map(n => sender(session, world.alice, n.url)),
    listeners: [one, two].map(n => listener(session, world.bob, n.url)) };
}

/** Each node has taken `n` more, and heard as many of the other's. */
async function goesOn({ senders, listeners }, n) {
  const marks = senders.map(s => s.told.length);
  const last = () => Math.max(...senders.map(s => s.told.at(-1)?.seq ?? 0));
  await until(() => senders.every((s, i) => {
    if (s.failed) throw s.failed;
    return s.told.length >= marks[i] + n;
  }), { ms: 120_000, name: 'acknowledgements' });
  const seq = last();
  await until(() => listeners.every(l => l.last >= seq), { ms: 120_000, name: 'delivery' });
}

async function round(world, fault, number) {
  await world.machines.two();
  const all = await people(world);
  const { session, senders, listeners } = all;
  await goesOn(all, 20);
  const { began, mend } = await faults[fault](world, number);
  await goesOn(all, 50);
  const ended = performance.now();
  await mend();
  await world.machines.two();
  await Promise.all(senders.map(s => s.stop()));
  const whole = await log(session, world.bob);
  await until(() => listeners.every(l => l.last === whole.length),
    { name: 'what was sent last' });
  await Promise.all(listeners.map(l => l.stop()));
  const others = listeners.map((l, i) => senders[1 - i].told.map(t => l.heard.get(t.seq)));
  return { writes: Math.max(...senders.map(s =>
    resumed(s.told.map(t => t.at), began, ended))),
  delivery: Math.max(...others.map(times => resumed(times, began, ended))),
  ...compare(senders, whole) };
}

// --- all of them ----------------------------------------------------------------

async function open() {
  const [uid, gid] = ['-u', '-g'].map((_, i) => Number(readFileSync('/etc/passwd', 'utf8')
    .match(/^hermetic:[^:]*:(\d+):(\d+)/m)[i + 1]));
  const machines = await startMachines({ uid, gid });
  await runMigrate({ ownerUrl: machines.urlOf('owner') }, 'up');
  const postgres = { apiUrl: machines.urlOf('api') };
  const ports = [await freePort(), await freePort()]; // which they keep
  const nodes = await Promise.all(ports.map(port => startNode({ postgres, port, env: {
    HERMETIC_DATABASE_SEEN_FILE: join(temporary('node'), 'seen'),
    HERMETIC_ACCESS_TOKEN_SECONDS: '86400', HERMETIC_ROTATION_MESSAGES: '100000000',
    HERMETIC_LOG_LEVEL: 'warn' } })));
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((name, i) =>
    newUser(nodes[i].url, name)));
  return { machines, nodes, alice, bob, stop: async () => {
    await Promise.all(nodes.map(n => n.stop()));
    machines.stop();
  } };
}

const middle = list => [...list].sort((x, y) => x - y)[list.length >> 1];
const sum = (list, name) => list.reduce((n, r) => n + r[name], 0);
const line = (fault, list) => {
  const time = name => `${middle(list.map(r => r[name])).toFixed(1)} (${
    Math.max(...list.map(r => r[name])).toFixed(1)}) s`;
  return `| ${fault} | ${list.length} | ${time('writes')} | ${time('delivery')} | ${
    sum(list, 'acknowledged').toLocaleString('en')} | ${sum(list, 'lost')} | ${
    sum(list, 'doubled')} |`;
};

const file = process.env.HERMETIC_RESULTS ?? results;
const seen = existsSync(file) ? JSON.parse(readFileSync(file)) : {};
const chosen = words.length ? words : Object.keys(faults);
for (const fault of chosen) ok({ status: fault in faults ? 200 : `no fault ${fault}` });
const world = await open();
// one of each in turn: what the machine does besides meets all of them
for (let n = 1; n <= Number(rounds); n++)
  for (const fault of chosen) {
    const result = await round(world, fault, n);
    (seen[fault] ??= []).push(result);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(seen));
    console.error(`${fault} ${n}: ${JSON.stringify(result)}`);
  }
await world.stop();
console.log('| fault | rounds | writes go on after: half, the longest | delivery between ' +
  'nodes | acknowledged | lost | doubled |\n| --- | --- | --- | --- | --- | --- | --- |');
for (const fault of chosen) console.log(line(fault, seen[fault]));
process.exit(0);
