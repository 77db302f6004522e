// What each limit admits, and what those who are refused cost.
//
//   make VARIANT=release programs server
//   HERMETIC_BUILD=build/release node bench/limits.mjs [WORD...]
//
// One node of one worker with the settings as they are by default, but for those of
// passphrases, which are lower here, as to hash one takes long; somebody tries more than
// that. Time of the processors is that of the worker and of PostgreSQL's processes,
// each refused try's share of it.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { performance } from 'node:perf_hooks';

import { Session, base64, call, newAccount, newUser, ok }
  from '../tests/testlib/api.mjs';
import { MqttClient } from '../tests/testlib/mqtt.mjs';
import { Socket } from '../tests/testlib/socket.mjs';
import { sleep, startBroker, startNode, startPostgres, until }
  from '../tests/testlib/stack.mjs';

const words = process.argv.slice(2);
const REFUSED = 1000, TICK_MS = 10;

const postgres = await startPostgres({ settings: { fsync: 'on',
  synchronous_commit: 'on' } });
const start = env => startNode({ postgres, workers: 1, env: {
  HERMETIC_TRUSTED_PROXIES: '127.0.0.0/8', HERMETIC_LOG_LEVEL: 'warn',
  HERMETIC_ROTATION_MESSAGES: '100000000', HERMETIC_CLAIMS_OF_ONE_PER_HOUR: '10',
  HERMETIC_CLAIMED_PER_HOUR: '30', HERMETIC_SESSIONS_PER_DAY: '200',
  HERMETIC_INVITATIONS_PER_DAY: '200', HERMETIC_INVITATIONS_PENDING: '20',
  HERMETIC_MESSAGES_PER_MINUTE: '1200', HERMETIC_BYTES_PER_MINUTE: '67108864',
  HERMETIC_SESSION_MESSAGES_PER_MINUTE: '12000', ...env } });
let node = await start({ HERMETIC_LOGINS_PER_MINUTE: '1' });

/** Milliseconds of processor that these processes have had. */
const used = pids => pids.reduce((sum, pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return sum + (Number(field[11]) + Number(field[12])) * TICK_MS;
}, 0);
const backends = () => readdirSync('/proc').filter(n => /^\d+$/.test(n))
  .filter(n => {
    try {
      return readFileSync(`/proc/${n}/cmdline`, 'utf8').startsWith('postgres: ') &&
        readFileSync(`/proc/${n}/stat`, 'utf8').split(') ')[1].split(' ')[1] ===
          String(postgres.pid);
    } catch {
      return false;
    }
  });
const processors = () => ({ node: used(node.pids()), db: used(backends()) });
const ms = n => n < 0.1 ? `${(n * 1000).toFixed(0)} µs` : `${n.toFixed(1)} ms`;
const middle = list => list.sort((x, y) => x - y)[list.length >> 1];
let address = 0;
const elsewhere = () => ({ 'x-forwarded-for':
  `203.0.${(address >> 8) & 255}.${address++ & 255}` });

/** Tries until `want` were refused; what that came to. */
async function tries(attempt, want, atOnce) {
  const times = [];
  let admitted = 0, refused = 0, went = 0, over = false;
  const one = async () => {
    while (!over && refused < want) {
      const begin = performance.now();
      const status = await attempt(went++);
      if (status === 429 || status === 409) {
        refused++;
        times.push(performance.now() - begin);
      } else if (status < 300 || status === 401) admitted++;
      else throw new Error(`status ${status}`);
      if (admitted > 40000) over = true;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return { admitted, refused, time: middle(times) };
}

async function row(name, quota, attempt, want = REFUSED) {
  if (words.length > 0 && !words.some(w => name.includes(w))) return;
  const first = await tries(attempt, 1, 8);
  const before = processors();
  const more = await tries(attempt, want, 32);
  const after = processors();
  const admitted = first.admitted + more.admitted;
  const share = key => ms((after[key] - before[key]) / more.refused);
  console.log(`| ${name} | ${quota} | ${admitted} | ` +
    `${first.refused + more.refused} | ${ms(more.time)} | ${share('node')} | ` +
    `${share('db')} |`);
}

const status = async answer => (await answer).status;
const login = (username, headers) => status(call(node.url, 'POST', '/auth/login',
  { json: { username, password: 'this is not it' }, headers }));

console.log('| limit | quota | admitted | refused | a refusal takes | of the node | ' +
  'of PostgreSQL |');
console.log('|---|---|---|---|---|---|---|');
try {
  const here = elsewhere();
  await row('logins: an account, an address', '1 a minute',
    () => login('nobody-1', here));
  const there = elsewhere();
  await row('logins: an address', '10 a minute',
    i => login(`nobody-${i}`, there));
  await node.stop();
  node = await start({ HERMETIC_LOGINS_PER_MINUTE: '1000',
    HERMETIC_GUESSES_PER_HOUR: '10', HERMETIC_REGISTRATIONS_PER_HOUR: '20' });
  const [alice, bob] = [await newAccount(node.url, 'alice'),
    await newAccount(node.url, 'bob')];
  await row('guesses: an account, everywhere', '10 an hour',
    () => login(alice.username, elsewhere()));
  const mine = elsewhere();
  await row('registrations: an address', '20 an hour',
    () => status(call(node.url, 'POST', '/auth/register', { headers: mine, json: {
      username: `u${randomBytes(8).toString('hex')}`, password: randomUUID() } })));
  const packages = n => ({
    key_packages: Array.from({ length: n }, () =>
      base64(bob.keysFor().keyPackage())) });
  ok(await bob.post('/key-packages', packages(40)), 201);
  const claimers = await Promise.all(Array.from({ length: 2 },
    () => newUser(node.url, 'claims')));
  await row('claims of one account by another', '10 an hour',
    () => status(claimers[0].post('/key-packages/claim',
      { username: bob.username })));
  await row('claims: an account', '600 a minute',
    () => status(claimers[1].post('/key-packages/claim',
      { username: claimers[1].username })));
  await row('sessions: an account', '200 a day', () => Session.create(alice).then(
    () => 201, e => /429/.test(e.message) ? 429 : Promise.reject(e)), 100);
  const crowd = await Promise.all(Array.from({ length: 12 },
    () => newUser(node.url, 'crowd')));
  // of one account's invitations to another, at most 20 may wait
  const rooms = await Promise.all(Array.from({ length: 18 },
    () => Session.create(bob)));
  const pairs = rooms.flatMap(room => crowd.map(guest => [room, guest]));
  let asked = 0;
  await row('invitations: an account', '200 a day', () => {
    const i = asked++;
    const [room, guest] = pairs[i < 200 ? i : 200 + i % (pairs.length - 200)];
    return status(bob.post(`/session/${room.id}/invite`,
      { usernames: [guest.username] }));
  });
  const talk = await Session.create(bob);
  await row('messages: a device', '1200 a minute', () => status(talk.send(bob)));
  const [large] = crowd.slice(1);
  const heavy = await Session.create(large);
  await row('bytes: a device', '64 MiB a minute',
    () => status(heavy.send(large, { length: 60_000 })));
  await row('devices: an account', '32', () => status(call(node.url, 'POST',
    '/auth/login', { json: { username: crowd[2].username,
      password: crowd[2].password }, headers: elsewhere() })));
  await row('KeyPackages: a device', '200', () => status(crowd[3].post(
    '/key-packages', {
      key_packages: [base64(crowd[3].keysFor().keyPackage())] })));
  await row('WebSockets: an account', '64', async () => {
    try {
      await Socket.of(crowd[4]);
      return 101;
    } catch (e) {
      if (/409/.test(e.message)) return 409;
      throw e;
    }
  });
} finally {
  await node.stop();
}

// --- who connects to MQTT and says nothing ------------------------------------

const rss = pid => Number(readFileSync(`/proc/${pid}/status`, 'utf8')
  .match(/VmRSS:\s*(\d+)/)[1]) / 1024;
if (words.length === 0 || words.includes('mqtt')) {
  const [api, broker] = await Promise.all([startNode({ postgres, workers: 1 }),
    startBroker({ postgres })]);
  const user = await newUser(api.url, 'mqtt');
  await (await MqttClient.of(user, broker)).close();
  const { bridge, broker: mosquitto } = broker.pids();
  const before = [rss(bridge), rss(mosquitto)], most = [...before];
  const watch = setInterval(() => {
    most[0] = Math.max(most[0], rss(bridge));
    most[1] = Math.max(most[1], rss(mosquitto));
  }, 50);
  const sockets = [];
  let ended = 0;
  for (let i = 0; i < 10_000; i++) {
    // each from its own address, as far as a loopback has these
    const s = dial({ port: broker.port, host: '127.0.0.1',
      localAddress: `127.${1 + (i & 127)}.${(i >> 7) & 255}.1` });
    s.on('connect', () => s.write(Buffer.from([0x10])));
    s.on('error', () => {}).on('close', () => { ended++; });
    sockets.push(s);
    if (i % 250 === 249) await sleep(20);
  }
  const begin = performance.now();
  const one = await MqttClient.of(user, broker, { tries: false });
  const took = performance.now() - begin;
  await until(() => ended === sockets.length, { ms: 30_000, name: 'their ends' });
  clearInterval(watch);
  await one.close();
  console.log(`\n10,000 that connect to MQTT and send one byte: who logs in meanwhile ` +
    `waits ${ms(took)}; bridge ${before[0].toFixed(1)} MiB, at most ` +
    `${most[0].toFixed(1)}; broker ${before[1].toFixed(1)}, at most ` +
    `${most[1].toFixed(1)}; all are ended.`);
  await broker.stop();
  await api.stop();
}
await postgres.stop();
