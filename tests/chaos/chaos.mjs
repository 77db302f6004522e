// Servers, clients that keep them busy, and faults by a seed; then the
// clients' word against the log.
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Session, newUsers } from '../testlib/api.mjs';
import { startBalancer } from '../testlib/balancer.mjs';
import { startNamespace } from '../testlib/namespace.mjs';
import { freePort, sleep, startBroker, startDisk, startNode, startPostgres,
  startRotation, until } from '../testlib/stack.mjs';
import { BrokerClient, Churner, RestClient, SocketClient } from './clients.mjs';
import { faults, schedule } from './faults.mjs';
import { Ledger } from './ledger.mjs';
import { startLine } from './line.mjs';
import { startTalk } from './talkers.mjs';

// nodes and plugin alike: each refuses a token that lives longer than its own
const tokens = { HERMETIC_ACCESS_TOKEN_SECONDS: '86400' };

/** pick(list), pick.number() in [0, 1): the same for the same seed. */
function seeded(seed) {
  let count = 0;
  const number = () => createHash('sha256').update(`${seed} ${count++}`)
    .digest().readUInt32BE() / 2 ** 32;
  return Object.assign(list => list[Math.floor(number() * list.length)],
    { number });
}

/** False when it took longer. */
function within(ms, promise) {
  let timer;
  const late = new Promise(done => { timer = setTimeout(done, ms, false); });
  return Promise.race([promise.then(() => true, () => false), late])
    .finally(() => clearTimeout(timer));
}

async function startWorld({ only, module, standby = true, mqtt = true,
  pace = 25, recoverBy = 60_000, say }) {
  const world = { goOn: true, pace, recoverBy, ledger: new Ledger(),
    clients: [] };
  if (!only || only.includes('disk')) {
    world.disk = await startDisk();
    if (!world.disk) say('disk: skipped, mounting is not allowed here');
  }
  world.primary = await startPostgres({ wal: world.disk && join(world.disk.dir,
    'wal'), settings: world.disk ? { max_wal_size: '32MB' } : {} });
  const database = standby
    ? await world.primary.standby({ synchronous: true }) : world.primary;
  if (standby) world.standby = database;
  world.psql = sql =>
    (world.primary.gone ? world.standby : world.primary).psql(sql);
  world.dir = mkdtempSync(join(tmpdir(), `hermetic-node-${process.pid}-`));
  chmodSync(world.dir, 0o755);
  await startNodes(world, database, module);
  if (mqtt) {
    world.broker = await startBroker({ postgres: database,
      env: { HERMETIC_MQTT_REPLAY_SECONDS: '120', ...tokens } });
    world.rotate = () => { world.rotation = startRotation(database); };
    world.rotate();
  }
  world.knows = name => (!only || only.includes(name)) &&
    (mqtt || !['bridge', 'broker', 'rotation'].includes(name)) &&
    (standby || name !== 'failover') && (world.disk || name !== 'disk') &&
    !(world.primary.gone && ['crash', 'disk', 'failover'].includes(name));
  return world;
}

/** Lines to the databases, and the connection string that goes by them: by
 * TCP to a network of its own, by Unix sockets otherwise. */
async function startDatabaseLines(world, { apiUrl }) {
  const { dir: base, network, primary, standby } = world;
  const dirs = [primary.dir, standby?.dir].filter(Boolean);
  const lines = await Promise.all(dirs.map(async (dir, i) => {
    const socket = join(dir, '.s.PGSQL.5432');
    if (network) return startLine(() => socket, { host: network.host });
    const at = mkdtempSync(join(base, `line${i}-`));
    chmodSync(at, 0o755);
    apiUrl = apiUrl.replace(dir, at);
    return startLine(() => socket, { path: join(at, '.s.PGSQL.5432') });
  }));
  if (network) {
    for (const dir of dirs) apiUrl = apiUrl.replace(dir, network.host);
    apiUrl += `&port=${lines.map(l => l.port)}&sslmode=disable`;
  }
  world.databaseLines = lines;
  return { apiUrl };
}

/** Two nodes behind lines. The second, in a network of its own where that may
 * be made, reaches the database by lines, too. */
async function startNodes(world, database, module) {
  world.network = startNamespace();
  const apart = { postgres: await startDatabaseLines(world, database),
    host: world.network?.guest, namespace: world.network?.name };
  world.nodes = await Promise.all([{ postgres: database }, apart].map(
    async where => startNode({ ...where, module, port: await freePort(),
      env: tokens })));
  world.lines = await Promise.all(world.nodes.map(n =>
    startLine(() => ({ port: n.port, host: n.host }))));
  world.urls = world.lines.map(l => `http://127.0.0.1:${l.port}`);
  world.proxy = await startBalancer(
    { backends: world.lines.map(l => l.port) });
}

async function startClients(world, { sessions = 2, talk = true } = {}) {
  const [url] = world.urls;
  const people = await newUsers(url, 'alice', 'bob', 'carol', 'guest');
  const [alice, bob, carol, guest] = people;
  world.reader = alice;
  world.guest = guest;
  world.sessions = [];
  for (let i = 0; i < sessions; i++) {
    const s = await Session.create(alice);
    await s.add(alice, bob, carol).catch(async () => {
      await s.add(alice, bob);
      await s.add(alice, carol);
    });
    world.sessions.push(s);
    const add = (kind, device, name) =>
      world.clients.push(new kind(world, s, device, `${name} in ${i}`));
    add(RestClient, alice, 'alice by REST');
    add(RestClient, bob, 'bob by REST');
    add(SocketClient, bob, 'bob by WebSocket');
    add(SocketClient, carol, 'carol by WebSocket');
    if (world.broker) add(BrokerClient, carol, 'carol by MQTT');
    add(Churner, alice, 'the churner');
  }
  if (talk) {
    const { talk: ours, talkers } = await startTalk(world);
    world.talk = ours;
    world.clients.push(...talkers);
  }
  world.end = () => Infinity; // nobody knows it while all go on
  world.running = world.clients.map((c, i) => {
    c.turn = i;
    c.urls = i % 2 ? [world.proxy.url] : world.urls;
    return c.run().catch(e => world.ledger.complain(`${c.name}: ${e.stack}`));
  });
}

const allMoved = (world, since) =>
  world.clients.every(c => c.progress > since);

/** Waits until every client got on since; or complains of who did not. */
async function allGoOn(world, since, after) {
  await until(() => world.ledger.wrong.length || allMoved(world, since),
    { ms: world.recoverBy }).catch(() => {
    const stuck = world.clients.filter(c => c.progress <= since)
      .map(c => c.trouble ?
        `${c.name} (${JSON.stringify(c.trouble)})` : c.name);
    world.ledger.complain(`after ${after} no progress: ${stuck.join(', ')}`);
  });
}

/** One fault; how long it took until every client got on. */
async function strike(world, name, pick, say) {
  const start = Date.now();
  const detail = await faults[name](world, pick);
  const over = Date.now();
  await allGoOn(world, over, name);
  const ms = Date.now() - over;
  say(`${name}${detail ? ` (${detail})` : ''}: ${over - start} ms, ` +
    `all went on after ${ms} ms`);
  return ms;
}

async function wholeLog(world, session, url) {
  const log = [];
  for (let page; page?.length !== 0; log.push(...page))
    page = await session.history(Object.assign(Object.create(world.reader),
      { url }), `?after=${log.length}&limit=500`);
  return log;
}

async function finish(world) {
  const logs = new Map();
  world.goOn = false;
  const writers = world.clients.map((c, i) => [c, world.running[i]])
    .filter(([c]) => !(c instanceof SocketClient)).map(([, r]) => r);
  const socketsAnswered = until(() => world.clients.every(c => !c.waiting),
    { ms: world.recoverBy });
  const settled = await within(world.recoverBy,
    Promise.all([...writers, socketsAnswered]));
  if (!settled) world.ledger.complain('some envelope never got an answer');
  for (const s of world.sessions) {
    const [one, two] = await Promise.all(world.urls.map(u =>
      wholeLog(world, s, u)));
    if (JSON.stringify(one) !== JSON.stringify(two))
      world.ledger.complain('two nodes tell two histories');
    logs.set(s.id, one);
  }
  world.end = s => logs.get(s.id).length;
  await within(world.recoverBy, Promise.all(world.running));
  return { ...world.ledger.check(logs), opened: world.talk?.check() ?? 0 };
}

async function stopWorld(world) {
  await Promise.allSettled([...world.lines, ...world.databaseLines]
    .map(l => l.stop()));
  await world.proxy.stop();
  await world.rotation?.stop();
  await world.broker?.stop();
  const stopped = await Promise.allSettled(world.nodes.map(n => n.stop()));
  for (const { reason } of stopped)
    if (reason) world.ledger.complain(String(reason));
  world.network?.stop();
  await world.standby?.stop();
  await world.primary.stop();
  world.disk?.stop();
  rmSync(world.dir, { recursive: true, force: true });
}

/** Runs it; { faults, sums of the check, longest, wrong }. */
export async function chaos({ seconds, seed, say = () => {}, ...options }) {
  const world = await startWorld({ ...options, say });
  const result = { seed, faults: 0, longest: 0, reconnects: 0 };
  try {
    const pick = seeded(seed);
    await startClients(world, options);
    const begin = Date.now();
    await allGoOn(world, begin, 'the start');
    for (const name of schedule(world, pick)) {
      if (Date.now() - begin > seconds * 1000 || world.ledger.wrong.length)
        break;
      result.longest = Math.max(result.longest,
        await strike(world, name, pick, say));
      result.faults++;
      await sleep(200 + pick.number() * 600);
    }
    Object.assign(result, await finish(world));
    result.reconnects = world.clients.reduce((n, c) => n + c.reconnects, 0);
  } finally {
    world.goOn = false;
    world.over = true;
    await stopWorld(world);
  }
  return { ...result, wrong: world.ledger.wrong };
}

export const isWhole = r => r.lost + r.duplicated + r.reordered + r.untrue +
  r.wrong.length === 0;

export const summary = r => `faults survived: ${r.faults}; messages checked: ` +
  `${r.checked}, acknowledged: ${r.acknowledged}, ` +
  `opened by every member: ${r.opened}, lost: ${r.lost}, ` +
  `duplicated: ${r.duplicated}, out of order: ${r.reordered}, refused and ` +
  `stored: ${r.untrue}; reconnections: ${r.reconnects}; longest time to ` +
  `recover: ${r.longest} ms` + r.wrong.map(w => `\nwrong: ${w}`).join('');
