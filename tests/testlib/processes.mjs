// Processes and directories of a test: what it forgets to stop, or cannot because it was killed,
// is stopped and removed when its process ends. As root the processes run as the user `hermetic` or
// `postgres`, since PostgreSQL refuses to be root.
import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const build = resolve(root, process.env.HERMETIC_BUILD ??
  'build/debug');

export const startLimit = 30_000;

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

export const user = serviceUser();
const directories = new Set(); // to be removed at the end

export function own(path, mode) {
  chmodSync(path, mode);
  if (user.uid !== undefined) chownSync(path, user.uid, user.gid);
  return path;
}

// Their names hold our pid: what a test left that was killed, the next sweeps.
export function directory(name) {
  const dir = mkdtempSync(join(tmpdir(), `hermetic-${name}-${process.pid}-`));
  directories.add(dir);
  return dir;
}

/** A directory of the servers' user; goes when the test's process ends. */
export function temporary(name) {
  return own(directory(name), 0o700);
}

/** It is done with before the test's process ends. */
export function remove(dir) {
  rmSync(dir, { recursive: true, force: true });
  directories.delete(dir);
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

export function ended(child) {
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
export function hold(child) {
  for (const handle of [child, child.stdout, child.stderr]) handle.ref();
}

export function killGroup(child, signal) {
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
  remove(dir);
}
