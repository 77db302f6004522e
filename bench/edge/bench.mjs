// What the edge costs beside stock Kore and nginx: processor time of one
// worker for a small GET, and for a message of 100 bytes that is echoed.
//
//   make VARIANT=release bench-edge && node bench/edge/bench.mjs [ROUNDS]
//
// All servers run in turn within a round, and medians are printed: what else
// the machine does reaches all of them. Needs kore, nginx and wrk.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, readdirSync,
  rmSync, writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const build = join(root, process.env.HERMETIC_BUILD ?? 'build/release');
const rounds = Number(process.argv[2] ?? 5);
const SECONDS = 2, HTTP_CONNECTIONS = 32;
const SOCKETS = 8, BURSTS = 3000, SIZE = 100;

const dir = mkdtempSync(join(tmpdir(), 'hermetic-bench-edge-'));
chmodSync(dir, 0o755);
const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
if (user.uid) chownSync(dir, user.uid, user.gid);
const servers = [];
process.on('exit', () => {
  for (const { child } of servers) child.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
});

const freePort = () => new Promise(done => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

// --- the servers -------------------------------------------------------------

const stockRoutes = `
  route /get bench_get
  restrict /get get
  route /echo bench_echo
  restrict /echo get
}
`;

function kore(name, conf, port, routes) {
  copyFileSync(join(build, `bench/edge/${name}.so`), join(dir, `${name}.so`));
  writeFileSync(join(dir, `${name}.conf`), `load ./${name}.so\n${conf}${routes}`);
  return ['kore', ['-c', `${name}.conf`, '-f', '-n', '-r'],
    { BENCH_PORT: String(port) }];
}

const programs = {
  ours: port => kore('ours', 'server all {\n tls no\n}\ndomain * {\n' +
    ' attach all\n', port, '}\n'),
  stock: port => kore('stock', 'workers 1\nworker_set_affinity 0\n' +
    `server all {\n tls no\n bind 127.0.0.1 ${port}\n}\n` +
    'domain * {\n attach all\n', port, stockRoutes),
  nginx: port => {
    writeFileSync(join(dir, 'nginx.conf'), `
daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p;
  fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u;
  scgi_temp_path ${dir}/s;
  server { listen 127.0.0.1:${port};
    location = /get { return 200 '{"status":"ok"}'; } }
}
`);
    return ['/usr/sbin/nginx', ['-p', dir, '-c', `${dir}/nginx.conf`], {}];
  },
};

const reaches = port => new Promise(done => {
  const socket = connect(port, '127.0.0.1', () => { socket.destroy(); done(1); });
  socket.on('error', () => done(0));
});

async function start(name) {
  const port = await freePort();
  const [command, args, env] = programs[name](port);
  const child = spawn(command, args, { cwd: dir, ...user,
    env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', d => { said += d; });
  for (let i = 0; i < 100 && !await reaches(port); i++)
    await new Promise(done => setTimeout(done, 50));
  if (!await reaches(port)) throw new Error(`${name} does not listen:\n${said}`);
  const server = { name, port, child };
  servers.push(server);
  return server;
}

/** Nanoseconds of processor time of a server and its children. */
function used({ child }) {
  const family = readdirSync('/proc').filter(n => /^\d+$/.test(n)).filter(n => {
    try {
      const stat = readFileSync(`/proc/${n}/stat`, 'utf8');
      return Number(n) === child.pid || Number(stat
        .slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === child.pid;
    } catch {
      return false;
    }
  });
  return family.flatMap(pid => readdirSync(`/proc/${pid}/task`)
    .map(t => readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8')))
    .reduce((sum, line) => sum + Number(line.split(' ')[0]), 0);
}

// --- the loads: each gives how many were answered ------------------------------

async function gets({ port }) {
  const { stdout } = await exec('wrk', ['-t1', `-c${HTTP_CONNECTIONS}`,
    `-d${SECONDS}s`, `http://127.0.0.1:${port}/get`]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return Number(stdout.match(/(\d+) requests in/)[1]);
}

function message() {
  const bytes = Buffer.alloc(6 + SIZE, 'x');
  const key = randomBytes(4);
  bytes.set([0x81, 0x80 | SIZE, ...key]);
  for (let i = 0; i < SIZE; i++) bytes[6 + i] ^= key[i % 4];
  return bytes;
}

/** `depth` messages in one write; the next when all have come back. */
function echo(port, depth) {
  const burst = Buffer.concat(Array.from({ length: depth }, message));
  const want = depth * (2 + SIZE);
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.on('error', fail);
    socket.write('GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n' +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    let got = 0, left = BURSTS;
    const next = () => {
      got = 0;
      if (left-- > 0) socket.write(burst);
      else { socket.destroy(); done(BURSTS * depth); }
    };
    socket.once('data', head => {
      if (!/^HTTP\/1.1 101 [^]*\r\n\r\n$/.test(head)) fail(new Error(`${head}`));
      socket.on('data', bytes => {
        got += bytes.length;
        if (got === want) next();
        else if (got > want) fail(new Error('more than was sent'));
      });
      next();
    });
  });
}

const echoes = depth => async ({ port }) => (await Promise.all(Array.from(
  { length: SOCKETS }, () => echo(port, depth)))).reduce((a, b) => a + b);

// --- the table -----------------------------------------------------------------

const median = all => all.sort((a, b) => a - b)[all.length >> 1];

const rows = [
  ['small GET', gets, ['ours', 'stock', 'nginx']],
  ['echo, 1 at a time', echoes(1), ['ours', 'stock']],
  ['echo, 8 at a time', echoes(8), ['ours', 'stock']],
];

const all = Object.fromEntries(await Promise.all(
  Object.keys(programs).map(async name => [name, await start(name)])));
const costs = rows.map(() => ({}));
for (let round = 0; round <= rounds; round++)
  for (const [i, [, load, names]] of rows.entries())
    for (const name of names) {
      const before = used(all[name]);
      const n = await load(all[name]);
      if (round > 0) // the first one warms up
        (costs[i][name] ??= []).push((used(all[name]) - before) / n / 1000);
    }
console.log('| µs of processor time | the edge | stock Kore | nginx | ' +
  'edge / stock |\n| --- | --- | --- | --- | --- |');
for (const [i, [name]] of rows.entries()) {
  const at = s => costs[i][s] ? median(costs[i][s]).toFixed(2) : '';
  console.log(`| ${name} | ${at('ours')} | ${at('stock')} | ${at('nginx')} | ` +
    `${median(costs[i].ours.map((c, j) => c / costs[i].stock[j])).toFixed(2)} |`);
}
for (const { child } of servers) {
  child.kill('SIGTERM');
  await new Promise(done => child.on('close', done));
}
process.exit();
