// Real servers for a test: a PostgreSQL cluster and API nodes of its own, in
// temporary directories, reached on free ports of 127.0.0.1 and by a socket.
//
//   const postgres = await startPostgres();
//   const node = await startNode({ postgres });
//   ... fetch(`${node.url}/healthz`) ...
//   await node.stop(); await postgres.stop();
//
// What a test forgets to stop, or cannot because it was killed, is stopped
// when its process ends. The build is that of HERMETIC_BUILD, build/debug if
// it is not set. As root the servers run as the user `hermetic` or `postgres`,
// since PostgreSQL refuses to be root.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import {
  build, directory, end, ended, freePort, hold, killGroup, own, remove, root, start, startLimit,
  temporary, until,
} from './processes.mjs';
import { sanitizer, spokeUp } from './sanitizer.mjs';

export { needsOwn } from './citus.mjs';
export { pgbin, runMigrate, startPool, startPostgres } from './postgres.mjs';
export {
  build, end, freePort, root, sleep, start, startDisk, temporary, until,
} from './processes.mjs';

const exec = promisify(execFile);

/** scrypt's N in that build: src/crypto/password.h. */
export const passwordCost = /asan$/.test(build) ? 2 ** 14 : 2 ** 17;

// --- the API ---------------------------------------------------------------

/** A key-encryption key, as HERMETIC_KEK wants it. */
export const newKek = () => randomBytes(32).toString('base64');

// One key for all the nodes of a test: they share the wrapped keys.
export const kek = newKek();
// By which nodes vouch for these keys to the broker.
const keysSecret = randomBytes(24).toString('hex');

// Another time of day, `seconds` off.
function otherTime(seconds, env) {
  if (!seconds) return env;
  const lie = join(build, 'planted/clock.so');
  return { ...env, CLOCK_SKEW: String(seconds),
    LD_PRELOAD: [env.LD_PRELOAD, lie].filter(Boolean).join(' ') };
}

// Tests are not people: limits that are not what a test is about are away.
const unlimited = Object.fromEntries(['REGISTRATIONS_PER_HOUR',
  'CLAIMS_OF_ONE_PER_HOUR', 'CLAIMED_PER_HOUR', 'SESSIONS_PER_DAY',
  'INVITATIONS_PER_DAY', 'INVITATIONS_PENDING', 'MESSAGES_PER_MINUTE',
  'BYTES_PER_MINUTE', 'SESSION_MESSAGES_PER_MINUTE', 'TYPING_PER_MINUTE',
  'GUESSES_PER_HOUR', 'WRITES_PER_MINUTE']
  .map(name => [`HERMETIC_${name}`, '0']));

/**
 * An API node on 127.0.0.1, ready to answer. `env` adds to its configuration;
 * without `port` a free one is taken; `ready: false` does not wait for it;
 * `module` is another hermetic.so than the build's. start({ skew: 90 }) puts its
 * clock so many seconds wrong.
 *
 * url, wsUrl, port, pid, dir (its working directory).
 */
export async function startNode({
  postgres, port, workers = 2, env = {}, ready = true, host = '127.0.0.1',
  namespace, module: built = join(build, 'hermetic.so'),
}) {
  const dir = temporary('node');
  const module = join(dir, 'hermetic.so');
  copyFileSync(built, module);
  own(module, 0o600);
  const conf = join(dir, 'kore.conf');
  writeFileSync(conf, readFileSync(join(root, 'kore.conf'), 'utf8')
    .replace(/^(\s*load\s+)\S*hermetic\.so/m, '$1./hermetic.so'));
  own(conf, 0o600);

  const self = { dir };
  let child;
  self.start = async ({ skew } = {}) => {
    self.port = port ?? await freePort();
    self.host = host;
    self.url = `http://${host}:${self.port}`;
    self.wsUrl = `ws://${host}:${self.port}/ws`;
    const before = child?.output ?? '';
    child = start('kore', ['-c', 'kore.conf', '-f', '-n', '-r'], {
      cwd: dir, lastSignal: 'TERM', namespace,
      env: {
        PATH: process.env.PATH, LANG: 'C.UTF-8', HERMETIC_KEK: kek,
        HERMETIC_MQTT_KEYS_SECRET: keysSecret,
        GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1', // as the image has it
        HERMETIC_DATABASE_URL: postgres?.apiUrl ?? '',
        HERMETIC_HOST: host, HERMETIC_PORT: String(self.port),
        HERMETIC_WORKERS: String(workers), HERMETIC_DRAIN_SECONDS: '0',
        ...unlimited, ...otherTime(skew, sanitizer(module)), ...postgres?.env,
        ...env,
      },
    });
    child.output = before;
    self.pid = child.pid;
    self.ended = child.ended;
    if (ready) await self.ready();
  };

  // Each worker answers for itself, so several connections ask.
  const answersReady = () => fetch(`${self.url}/readyz`,
    { headers: { connection: 'close' } }).then(
    async r => { await r.arrayBuffer(); return r.status === 200; },
    () => false);

  /** Waits until /readyz answers 200. */
  self.ready = (ms = startLimit) => until(async () => {
    if (ended(child)) throw new Error(`the API ended:\n${child.output}`);
    if (!await answersReady()) return false;
    const all = await Promise.all(
      Array.from({ length: workers * 4 }, answersReady));
    return all.every(Boolean);
  }, { ms, name: 'a ready API' }).catch(e => {
    throw new Error(`${e.message}; its log:\n${child.output}`);
  });

  /** What the node has written to its log. */
  self.log = () => child.output;

  /** Waits until the log matches; returns the match. */
  self.logged = (pattern, ms = 10_000) => until(
    () => child.output.match(pattern), { ms, name: `the log's ${pattern}` });

  /** The pids of its processes: the parent, then its workers. */
  self.pids = () => [child.pid, ...children(child.pid)];

  /** Stops it in order; throws if a sanitizer spoke up, or if the filter of
   * system calls has killed a worker. */
  self.stop = async () => {
    await end(child, 'SIGTERM');
    clean();
    if (/died from sandbox violation/.test(child.output))
      throw new Error(`a system call was refused:\n${child.output}`);
    if (spokeUp(child.output))
      throw new Error(`the sanitizer spoke up:\n${child.output}`);
  };

  /** Ends all its processes at once, as a crash of the machine would. */
  self.kill = async () => {
    hold(child);
    killGroup(child, 'SIGKILL');
    await child.ended;
  };

  const clean = () => {
    remove(dir);
  };

  await self.start();
  return self;
}

/** The API of the administration, as startNode() gives it. */
export async function startAdminApi({ postgres, env = {}, ready = true }) {
  const port = await freePort();
  return startNode({ postgres, port, workers: 1, ready,
    module: join(build, 'hermetic_admin.so'), env: {
      HERMETIC_ADMIN_DATABASE_URL: postgres.adminApiUrl,
      HERMETIC_ADMIN_PORT: String(port), ...env } });
}

function children(pid) {
  return readdirSync('/proc').filter(n => /^\d+$/.test(n)).filter(n => {
    try {
      const stat = readFileSync(`/proc/${n}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) ===
        pid;
    } catch {
      return false;
    }
  }).map(Number);
}

// --- the rotation worker -----------------------------------------------------

const rotationEnv = (postgres, env) => ({
  PATH: process.env.PATH, LANG: 'C.UTF-8', HERMETIC_KEK: kek,
  HERMETIC_ROTATION_DATABASE_URL: postgres.rotationUrl, ...env });

/** hermetic-rotation --once; what it wrote. */
export async function rotateOnce(postgres, env = {}) {
  const { stdout, stderr } = await exec(join(build, 'hermetic-rotation'),
    ['--once'], { env: rotationEnv(postgres, env), timeout: 60_000 });
  return stdout + stderr;
}

/** hermetic-rotation for ever: { child, log(), logged(), stop(), kill() }. */
export function startRotation(postgres, env = {}) {
  const child = start(join(build, 'hermetic-rotation'), [], {
    lastSignal: 'TERM',
    env: rotationEnv(postgres,
      { HERMETIC_ROTATION_INTERVAL_SECONDS: '1', ...env }) });
  return { child, log: () => child.output,
    logged: (pattern, ms = 20_000) => until(() => child.output.match(pattern),
      { ms, name: `the rotation's ${pattern}` }),
    stop: () => end(child, 'SIGTERM'), kill: () => end(child, 'SIGKILL') };
}

/** hermetic-admin with its arguments; what it printed. */
export async function admin(postgres, args, env = {}) {
  const { stdout } = await exec(join(build, 'hermetic-admin'), args,
    { env: rotationEnv(postgres, env), timeout: 60_000 });
  return stdout;
}

// --- MQTT ------------------------------------------------------------------

/**
 * A broker with our plugin and the bridge beside it, ready for clients.
 *
 * port: the gate's; tlsPort, wsPort: listeners of the broker's own, the second
 * MQTT over WebSocket; ca: the certificate that the TLS one shows.
 */
export async function startBroker({ postgres, env = {} }) {
  const dir = temporary('mqtt');
  const plugin = join(dir, 'hermetic_mqtt.so');
  copyFileSync(join(build, 'hermetic_mqtt.so'), plugin);
  own(plugin, 0o600);
  const [port, tlsPort, wsPort] = await Promise.all(
    [freePort(), freePort(), freePort()]);
  const key = join(dir, 'key.pem');
  const ca = join(dir, 'cert.pem');
  await exec('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', ca,
    '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']);
  own(key, 0o600);
  own(ca, 0o644);
  const conf = join(dir, 'mosquitto.conf');
  const socket = join(dir, 'mqtt.sock');
  writeFileSync(conf, readFileSync(join(root, 'deploy/mosquitto.conf'), 'utf8')
    .replace(/^plugin .*/m, `plugin ${plugin}`)
    .replace('/var/lib/hermetic/mqtt/', `${dir}/`)
    .replace('/run/hermetic/mqtt.sock', socket) + `
listener ${tlsPort} 127.0.0.1
max_qos 1
max_topic_alias 0
certfile ${ca}
keyfile ${key}
listener ${wsPort} 127.0.0.1
max_qos 1
max_topic_alias 0
protocol websockets
`);
  own(conf, 0o600);

  const secret = randomBytes(24).toString('hex');
  const common = { PATH: process.env.PATH, LANG: 'C.UTF-8', ...unlimited,
    HERMETIC_MQTT_BRIDGE_SECRET: secret };
  const self = { dir, port, tlsPort, wsPort, ca };
  let broker, bridge;
  const grown = (child, before) => Object.assign(child,
    { output: (before?.output ?? '') + child.output });

  self.startBroker = async () => {
    broker = grown(start('mosquitto', ['-c', conf], { cwd: dir,
      lastSignal: 'TERM', env: { ...common, ...sanitizer(plugin),
        HERMETIC_MQTT_DATABASE_URL: postgres.mqttUrl,
        HERMETIC_MQTT_KEYS_SECRET: keysSecret, ...env } }), broker);
  };
  self.startBridge = async () => {
    bridge = grown(start(join(build, 'hermetic-mqtt-bridge'), [], { cwd: dir,
      lastSignal: 'TERM', env: { ...common, HERMETIC_MQTT_SOCKET: socket,
        HERMETIC_MQTT_PORT: String(port),
        HERMETIC_MQTT_BRIDGE_DATABASE_URL: postgres.bridgeUrl,
        ...postgres.env, ...env } }),
    bridge);
  };

  /** What both have written. */
  self.log = () => `broker:\n${broker.output}\nbridge:\n${bridge.output}`;
  self.pids = () => ({ broker: broker.pid, bridge: bridge.pid });
  self.killBroker = () => end(broker, 'SIGKILL');
  self.killBridge = () => end(bridge, 'SIGKILL');
  /** Both at the same moment. */
  self.kill = () => Promise.all([self.killBroker(), self.killBridge()]);
  self.runs = () => !ended(broker) && !ended(bridge);
  self.stop = async () => {
    await end(bridge, 'SIGTERM');
    await end(broker, 'SIGTERM');
    remove(dir);
    if (spokeUp(self.log()))
      throw new Error(`the sanitizer spoke up:\n${self.log()}`);
  };
  await self.startBroker();
  await self.startBridge();
  return self;
}

// --- the command -----------------------------------------------------------

/** A directory for one user's state; goes when the test's process ends. */
export function newHome() {
  return directory('home');
}

/**
 * Runs `hermetic` as one user, `within` another program. Returns { code, out, err, json }: json is the
 * list of result objects when --json is among the arguments.
 */
export async function hermetic(args, {
  home, passphrase, server, input, env = {}, ms = 60_000, within = [],
} = {}) {
  const [program, ...words] = [...within, join(build, 'hermetic'), ...args];
  const run = exec(program, words, {
    timeout: ms, maxBuffer: 1 << 28,
    env: {
      PATH: process.env.PATH, LANG: 'C.UTF-8',
      ...(home && { HERMETIC_HOME: home }),
      ...(passphrase && { HERMETIC_PASSPHRASE: passphrase }),
      ...(server && { HERMETIC_SERVER: server }), ...env,
    },
  });
  run.child.stdin.end(input ?? '');
  const { code, stdout, stderr } = await run.then(
    r => ({ ...r, code: 0 }),
    e => ({ stdout: e.stdout, stderr: e.stderr, code: e.code ?? e.signal }));
  const json = args.includes('--json')
    ? stdout.split('\n').filter(Boolean).map(l => JSON.parse(l)) : undefined;
  return { code, out: stdout, err: stderr, json };
}
