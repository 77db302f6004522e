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
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync, chownSync, copyFileSync, existsSync, mkdtempSync,
  readFileSync, readdirSync, rmSync, statfsSync, writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { citusUrl, needsOwn, startSpread } from './citus.mjs';
import { asked, pgEnv } from './psql.mjs';

const exec = promisify(execFile);

export { needsOwn };
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const build = resolve(root, process.env.HERMETIC_BUILD ??
  'build/debug');

/** scrypt's N in that build: src/crypto/password.h. */
export const passwordCost = /asan$/.test(build) ? 2 ** 14 : 2 ** 17;

/** Of Debian 12, or of 13. */
export const pgbin = ['15', '17'].map(v => `/usr/lib/postgresql/${v}/bin`)
  .find(existsSync);
const startLimit = 30_000;

export const sleep = ms => new Promise(done => setTimeout(done, ms));

/** Waits until `what()` is truthy, and returns that; throws after `ms`. */
export async function until(what, { ms = startLimit, name = 'it' } = {}) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await what();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${name} did not happen in ${ms} ms`);
    await sleep(20);
  }
}

// --- who the servers are ---------------------------------------------------

function serviceUser() {
  if (process.getuid() !== 0) return {};
  for (const name of ['hermetic', 'postgres']) {
    const line = readFileSync('/etc/passwd', 'utf8').split('\n')
      .find(l => l.startsWith(`${name}:`));
    if (line) {
      const [, , uid, gid] = line.split(':').map(Number);
      return { uid, gid };
    }
  }
  throw new Error('no user to run the servers as: neither hermetic nor ' +
    'postgres is in /etc/passwd');
}

const user = serviceUser();
const directories = new Set(); // to be removed at the end

function own(path, mode) {
  chmodSync(path, mode);
  if (user.uid !== undefined) chownSync(path, user.uid, user.gid);
  return path;
}

// Their names hold our pid: what a test left that was killed, the next sweeps.
function directory(name) {
  const dir = mkdtempSync(join(tmpdir(), `hermetic-${name}-${process.pid}-`));
  directories.add(dir);
  return dir;
}

/** A directory of the servers' user; goes when the test's process ends. */
export function temporary(name) {
  return own(directory(name), 0o700);
}

for (const name of readdirSync(tmpdir())) {
  const pid = name.match(
    /^hermetic-(?:pg|node|home|mqtt|pool|balancer|disk)-(\d+)-/)?.[1];
  if (!pid || existsSync(`/proc/${pid}`)) continue;
  const dir = join(tmpdir(), name);
  if (name.startsWith('hermetic-disk-'))
    try { execFileSync('umount', ['-l', dir], { stdio: 'ignore' }); }
    catch { /* no longer mounted */ }
  try { rmSync(dir, { recursive: true, force: true }); }
  catch { /* another test sweeps it, too */ }
}

// --- processes -------------------------------------------------------------

const alive = new Set();

function ended(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A process of the servers' user, or with `asUs` of the test's, that gets `lastSignal` also
 * when this one is killed outright: { output, ended }. */
export function start(command, args, { cwd, env, lastSignal, namespace, asUs }) {
  const run = ['--pdeathsig', lastSignal, '--', command, ...args];
  // a namespace is entered by root, who then becomes the user
  const child = namespace ? spawn('ip', ['netns', 'exec', namespace, 'setpriv',
    ...(user.uid ? ['--reuid', user.uid, '--regid', user.gid,
      '--clear-groups'] : []), ...run],
  { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }) :
    spawn('setpriv', run, { cwd, env, ...asUs ? {} : user, detached: true,
      stdio: ['ignore', 'pipe', 'pipe'] });
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', data => { child.output += data; });
    stream.unref();
  }
  child.unref(); // a forgotten server does not keep the test's process up
  child.ended = new Promise(done => child.on('close', (code, signal) => {
    alive.delete(child);
    done({ code, signal });
  }));
  child.on('error', e => { child.output += `${e}\n`; });
  child.lastSignal = lastSignal;
  alive.add(child);
  return child;
}

/** Asks it to end, and kills it when it does not. */
export async function end(child, signal, ms = 15_000) {
  if (ended(child)) return child.ended;
  hold(child);
  child.kill(signal);
  const hard = setTimeout(() => killGroup(child, 'SIGKILL'), ms);
  const how = await child.ended;
  clearTimeout(hard);
  return how;
}

// While somebody waits for its end it must keep the event loop going.
function hold(child) {
  for (const handle of [child, child.stdout, child.stderr]) handle.ref();
}

function killGroup(child, signal) {
  try { process.kill(-child.pid, signal); } catch { /* gone already */ }
}

function stillRuns(pid) {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

process.on('exit', () => {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  for (const child of alive) killGroup(child, `SIG${child.lastSignal}`);
  for (const child of alive) {
    for (let i = 0; i < 100 && stillRuns(child.pid); i++)
      Atomics.wait(wait, 0, 0, 20);
    killGroup(child, 'SIGKILL');
  }
  for (const dir of mounted) unmount(dir);
  for (const dir of directories)
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => process.exit(1));

export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

// --- a disk of its own ------------------------------------------------------

const mounted = new Set();

/** A small disk that can be full; undefined where mounting is not allowed. */
export async function startDisk({ megabytes = 96 } = {}) {
  const dir = temporary('disk');
  const owner = user.uid === undefined ? '' : `,uid=${user.uid},gid=${user.gid}`;
  try {
    await exec('mount', ['-t', 'tmpfs', '-o',
      `size=${megabytes}m,mode=0700${owner}`, 'hermetic-disk', dir]);
  } catch {
    return undefined;
  }
  mounted.add(dir);
  const fill = join(dir, 'fill');
  return { dir,
    fill: () => {
      const { bavail, bsize } = statfsSync(dir);
      writeFileSync(fill, Buffer.alloc(bavail * bsize));
    },
    free: () => rmSync(fill, { force: true }),
    stop: () => unmount(dir) };
}

// Lazily: the user of the disk may not have ended yet.
function unmount(dir) {
  if (!mounted.delete(dir)) return;
  execFileSync('umount', ['-l', dir]);
  rmSync(dir, { recursive: true, force: true });
  directories.delete(dir);
}

// --- PostgreSQL ------------------------------------------------------------

/**
 * A cluster of its own with the roles of deploy/roles.sql, migrated unless
 * `migrate` is false. `settings` go to the server as `-c name=value`. `from` is
 * a copy of another's data with its passwords: { data, passwords }. `wal` is
 * where its log lies, in small segments.
 *
 * ownerUrl, apiUrl, adminUrl (the superuser's), adminApiUrl: connection strings; dir:
 * its directory; env: what a node has to be told of it. Where there is a Citus cluster for
 * tests it is a database there (citus.mjs).
 */
export async function startPostgres({
  migrate = true, admin = true, settings = {}, from, wal,
} = {}) {
  if (needsOwn && (from || wal || Object.keys(settings).length > 0)) throw new Error(needsOwn);
  if (citusUrl)
    return startSpread({ root, migrate, migrateUp, urlsOf });
  const dir = temporary('pg');
  const secret = () => randomBytes(18).toString('hex');
  const passwords = from?.passwords ?? { postgres: secret(),
    hermetic_owner: secret(), hermetic_api: secret(),
    hermetic_rotation: secret(), hermetic_mqtt: secret(),
    hermetic_mqtt_bridge: secret(), hermetic_admin: secret() };

  const file = join(dir, 'password');
  writeFileSync(file, `${passwords.postgres}\n`);
  own(file, 0o600);
  if (from) await exec('cp', ['-a', from.data, join(dir, 'data')]);
  else await exec(`${pgbin}/initdb`, ['-D', 'data', '-U', 'postgres',
    '--pwfile=password', '--auth=scram-sha-256', '--encoding=UTF8',
    '--locale=C.UTF-8', '--no-sync',
    ...(wal ? ['--waldir', wal, '--wal-segsize=1'] : [])],
  { cwd: dir, ...user, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
  rmSync(file);

  const url = (role, database = 'hermetic') =>
    `postgresql://${role}:${passwords[role]}@/${database}?host=${dir}`;
  // A machine that falls over is not what these tests are about, so nothing
  // waits for the disk; a killed process loses nothing by it.
  const all = { listen_addresses: '', unix_socket_directories: dir,
    unix_socket_permissions: '0700', fsync: 'off', max_connections: '60',
    shared_buffers: '32MB', ...settings };
  const args = ['-D', join(dir, 'data'), ...settingsOf(all)];

  const self = asked({ dir, adminUrl: url('postgres'), passwords,
    ...urlsOf(url) });

  let child;
  let before = '';
  const up = async () => {
    if (child) before += child.output;
    child = await startCluster(dir, args);
    self.pid = child.pid;
  };

  /** What the server has written to its log. */
  self.log = () => before + child.output;

  /** A plain-text dump of everything in the database. */
  self.dump = async () => (await exec(`${pgbin}/pg_dump`, ['--inserts'],
    { maxBuffer: 1 << 30, env: { ...process.env, ...pgEnv(self.adminUrl) } }))
    .stdout;

  /** Stops: 'fast', or 'immediate' as if the power had gone. */
  self.stop = async (mode = 'fast') => {
    await end(child, mode === 'immediate' ? 'SIGQUIT' : 'SIGINT');
    if (mode === 'fast') {
      rmSync(dir, { recursive: true, force: true });
      directories.delete(dir);
    }
  };

  /** Stops it as if the power had gone, and starts it again. */
  self.restart = async ({ downFor = 0 } = {}) => {
    await end(child, 'SIGQUIT');
    await sleep(downFor);
    await up();
  };

  /** As a supervisor does: starts it if it has ended; whether it had. */
  self.supervise = async () => {
    const over = ended(child);
    if (over) await up();
    return over;
  };

  /**
   * Another cluster that follows this one, each commit waiting for it if
   * `synchronous`: { dir, apiUrl, …, promote(), kill() }. The connection
   * strings name both, and find the one that writes.
   */
  self.standby = async ({ synchronous = false } = {}) => {
    const other = temporary('pg');
    await exec(`${pgbin}/pg_basebackup`, ['-D', 'data', '-X', 'stream', '-R',
      '-c', 'fast', '-C', '-S', 'standby', '-d',
      `host=${dir} user=postgres application_name=standby`], { cwd: other,
      ...user, env: { PATH: process.env.PATH,
        PGPASSWORD: passwords.postgres } });
    const standby = await startCluster(other, ['-D', join(other, 'data'),
      ...settingsOf({ ...all, unix_socket_directories: other })]);
    if (synchronous) {
      await self.psql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
      await self.psql('SELECT pg_reload_conf()');
      await until(async () => await self.psql(`SELECT count(*)
        FROM pg_stat_replication WHERE sync_state = 'sync'`) === '1');
    }
    const both = role => `${url(role)},${other}` +
      '&target_session_attrs=read-write';
    const adminUrl = url('postgres').replace(dir, other);
    return { dir: other, adminUrl, passwords, ...urlsOf(both),
      psql: (sql, options) => self.psql(sql, { url: adminUrl, ...options }),
      /** It waits for no other one then. */
      promote: () => exec(`${pgbin}/psql`, ['-X', '-q', '-c',
        'SELECT pg_promote()', '-c',
        'ALTER SYSTEM RESET synchronous_standby_names', '-c',
        'SELECT pg_reload_conf()'],
      { env: { ...process.env, ...pgEnv(adminUrl) } }),
      stop: async () => {
        await end(standby, 'SIGINT');
        rmSync(other, { recursive: true, force: true });
        directories.delete(other);
      } };
  };

  /** As if its machine had gone. */
  self.kill = () => {
    hold(child);
    killGroup(child, 'SIGKILL');
    return child.ended;
  };

  /** pg_basebackup into a new directory of a name of its own. */
  self.baseBackup = async () => {
    const to = temporary('pg');
    await exec(`${pgbin}/pg_basebackup`, ['-D', 'data', '-X', 'none', '-c',
      'fast', '-h', dir, '-U', 'postgres'], { cwd: to, ...user,
      env: { PATH: process.env.PATH, PGPASSWORD: passwords.postgres } });
    return { data: join(to, 'data'), passwords };
  };

  /** deploy/admin-role.sql, which may run before and after the migrations. */
  self.adminRole = () => exec('psql', ['-X', '-q', '-f',
    join(root, 'deploy/admin-role.sql')], { env: { ...process.env,
    ...pgEnv(url('postgres')), HERMETIC_ADMIN_PASSWORD: passwords.hermetic_admin } });

  await up();
  if (from) return self;
  await exec('psql', ['-X', '-q', '-f', join(root, 'deploy/roles.sql')], {
    env: { ...process.env, ...pgEnv(url('postgres', 'postgres')),
      HERMETIC_OWNER_PASSWORD: passwords.hermetic_owner,
      HERMETIC_API_PASSWORD: passwords.hermetic_api,
      HERMETIC_ROTATION_PASSWORD: passwords.hermetic_rotation,
      HERMETIC_MQTT_PASSWORD: passwords.hermetic_mqtt,
      HERMETIC_MQTT_BRIDGE_PASSWORD: passwords.hermetic_mqtt_bridge },
  });
  if (admin) await self.adminRole();
  if (migrate) await migrateUp(self);
  return self;
}

const settingsOf = all =>
  Object.entries(all).flatMap(([k, v]) => ['-c', `${k}=${v}`]);

const urlsOf = url => ({ ownerUrl: url('hermetic_owner'),
  apiUrl: url('hermetic_api'), rotationUrl: url('hermetic_rotation'),
  adminApiUrl: url('hermetic_admin'),
  mqttUrl: url('hermetic_mqtt'), bridgeUrl: url('hermetic_mqtt_bridge') });

/** PostgreSQL on a directory whose socket is there, once it answers. */
async function startCluster(dir, args) {
  const child = start(`${pgbin}/postgres`, args, { cwd: dir,
    lastSignal: 'QUIT', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
  await until(async () => {
    if (ended(child)) throw new Error(`PostgreSQL ended:\n${child.output}`);
    return exec(`${pgbin}/pg_isready`, ['-q', '-h', dir])
      .then(() => true, () => false);
  }, { name: 'PostgreSQL' });
  return child;
}

/**
 * PgBouncer in transaction mode in front of a cluster, with so few connections
 * to it: { apiUrl, stop() }.
 */
export async function startPool({ postgres, connections = 2 }) {
  const dir = temporary('pool');
  const users = join(dir, 'users');
  const conf = join(dir, 'pgbouncer.ini');
  const to = pgEnv(postgres.apiUrl);
  writeFileSync(users, `"${to.PGUSER}" "${to.PGPASSWORD}"\n`);
  writeFileSync(conf, `[databases]
* = host=${to.PGHOST} port=${to.PGPORT ?? 5432}
[pgbouncer]
listen_port = 5432
unix_socket_dir = ${dir}
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${connections}
`);
  own(users, 0o600);
  own(conf, 0o600);
  const child = start('/usr/sbin/pgbouncer', [conf], { cwd: dir,
    lastSignal: 'INT', env: { PATH: process.env.PATH } });
  await until(() => {
    if (ended(child)) throw new Error(`PgBouncer ended:\n${child.output}`);
    return existsSync(join(dir, '.s.PGSQL.5432'));
  }, { name: 'PgBouncer' });
  return { apiUrl: postgres.apiUrl.replace(/\?.*/, `?host=${dir}`),
    log: () => child.output,
    stop: async () => {
      await end(child, 'SIGINT');
      rmSync(dir, { recursive: true, force: true });
      directories.delete(dir);
    } };
}

/** hermetic-migrate with its arguments, as the owner of the schema. */
export async function runMigrate(postgres, ...args) {
  return exec(join(build, 'hermetic-migrate'), args, {
    cwd: root,
    env: { ...process.env, HERMETIC_DATABASE_URL: postgres.ownerUrl },
  });
}

function migrateUp(postgres) {
  return runMigrate(postgres, 'up');
}

// --- the API ---------------------------------------------------------------

/** A key-encryption key, as HERMETIC_KEK wants it. */
export const newKek = () => randomBytes(32).toString('base64');

// One key for all the nodes of a test: they share the wrapped keys.
export const kek = newKek();
// By which nodes vouch for these keys to the broker.
const keysSecret = randomBytes(24).toString('hex');

// Kore is not instrumented, so a sanitized module brings the runtime along.
// Leaks are not looked for: Kore frees little of its own at exit.
function sanitizer(module) {
  if (!readFileSync(module).includes('libasan.so')) return {};
  const library = execFileSync('gcc', ['-print-file-name=libasan.so'],
    { encoding: 'utf8' }).trim();
  return { LD_PRELOAD: library,
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1' };
}

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
    if (/ERROR: AddressSanitizer|runtime error:/.test(child.output))
      throw new Error(`the sanitizer spoke up:\n${child.output}`);
  };

  /** Ends all its processes at once, as a crash of the machine would. */
  self.kill = async () => {
    hold(child);
    killGroup(child, 'SIGKILL');
    await child.ended;
  };

  const clean = () => {
    rmSync(dir, { recursive: true, force: true });
    directories.delete(dir);
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
    rmSync(dir, { recursive: true, force: true });
    directories.delete(dir);
    if (/ERROR: AddressSanitizer|runtime error:/.test(self.log()))
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
