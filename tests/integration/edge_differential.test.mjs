// Where a request ends, as nginx and HAProxy see it and as we do. After bytes
// that two readers could understand differently comes a plain request: how
// many requests a server takes shows where it believes the first to end. Where
// the two disagree, we must be at least as strict as the stricter one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { freePort, startNode, startPostgres, until } from '../testlib/stack.mjs';

const SILENCE_MS = 3000; // then a server waits for more of a body
const dir = mkdtempSync(join(tmpdir(), 'hermetic-differential-'));
const others = [];
let postgres, node, ports;

const nginx = port => [`
daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log stderr crit;
events { }
http { access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(n =>
    `${n}_temp_path ${dir}/${n};`).join(' ')}
  server { listen 127.0.0.1:${port}; location / { return 200 'x'; } } }
`, '/usr/sbin/nginx', '-p', dir, '-c'];

const haproxy = port => [`
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend all
  bind 127.0.0.1:${port}
  http-request wait-for-body time 10s
  http-request return status 200 content-type text/plain string x
`, '/usr/sbin/haproxy', '-db', '-f'];

async function start(name, make) {
  const port = await freePort();
  const [conf, command, ...args] = make(port);
  const file = join(dir, `${name}.conf`);
  writeFileSync(file, conf);
  const child = spawn(command, [...args, file],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', d => { said += d; });
  others.push(child);
  await until(() => new Promise((done, fail) => {
    if (child.exitCode !== null) fail(new Error(`${name} ended: ${said}`));
    const socket = connect(port, '127.0.0.1',
      () => { socket.destroy(); done(true); });
    socket.on('error', () => done(false));
  }), { name });
  return port;
}

before(async () => {
  chmodSync(dir, 0o755);
  if (process.getuid() === 0) chownSync(dir, 65534, 65534);
  postgres = await startPostgres();
  node = await startNode({ postgres });
  ports = { ours: node.port, nginx: await start('nginx', nginx),
    haproxy: await start('haproxy', haproxy) };
});
after(async () => {
  for (const child of others) {
    child.kill('SIGTERM');
    await new Promise(done => child.on('close', done));
  }
  await node?.stop();
  await postgres?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** How many requests the server took before it closed or went silent. */
function taken(port, bytes) {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1');
    let text = '', timer;
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      const heads = text.match(/HTTP\/1\.[01] \d{3} [^]*?\r\n\r\n/g) ?? [];
      const refused = heads.filter(h => / [45]\d\d /.test(h.split('\r\n')[0]) &&
        /\r\nconnection: close/i.test(h));
      done(heads.length - refused.length);
    };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(end, SILENCE_MS);
    };
    socket.setEncoding('latin1');
    socket.on('data', d => { text += d; wait(); });
    socket.on('close', end);
    socket.on('error', () => {});
    wait();
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const post = (fields, body) =>
  `POST /auth/login HTTP/1.1\r\nHost: x\r\n${fields}\r\n${body}`;
const get = (fields, rest = '') =>
  `GET /healthz HTTP/1.1\r\nHost: x\r\n${fields}\r\n${rest}`;

const plain = {
  'a GET': get(''),
  'a POST with its body': post('Content-Length: 3\r\n', 'abc'),
  'a length of 0': post('Content-Length: 0\r\n', ''),
  'two GETs': get('') + get(''),
};

const chunked = 'Transfer-Encoding: chunked\r\n';
const chunks = '3\r\nabc\r\n0\r\n\r\n';
const doubtful = {
  'chunks': post(chunked, chunks),
  'chunks and a length': post(`${chunked}Content-Length: 3\r\n`, chunks),
  'a length and chunks': post(`Content-Length: 4\r\n${chunked}`, chunks),
  'chunked twice': post(chunked + chunked, chunks),
  'chunked, identity': post('Transfer-Encoding: chunked, identity\r\n', chunks),
  'identity, chunked': post('Transfer-Encoding: identity, chunked\r\n', chunks),
  'xchunked': post('Transfer-Encoding: xchunked\r\n', chunks),
  'chunked after a tab': post('Transfer-Encoding:\tchunked\r\n', chunks),
  'chunked with a vertical tab': post('Transfer-Encoding: \x0bchunked\r\n',
    chunks),
  'chunked before a space and colon': post('Transfer-Encoding : chunked\r\n',
    chunks),
  'chunked in capitals': post('TRANSFER-ENCODING: CHUNKED\r\n', chunks),
  'chunked in quotes': post('Transfer-Encoding: "chunked"\r\n', chunks),
  'chunked folded': post('Transfer-Encoding:\r\n chunked\r\n', chunks),
  'chunks in HTTP/1.0': post(chunked, chunks).replace('1.1', '1.0'),
  'chunks, bare LF': post(chunked, '3\nabc\n0\n\n'),
  'a chunk extension': post(chunked, '3;x="\r\n"\r\nabc\r\n0\r\n\r\n'),
  'a chunk size with 0x': post(chunked, '0x3\r\nabc\r\n0\r\n\r\n'),
  'a huge chunk': post(chunked, 'ffffffffffffffff3\r\nabc\r\n0\r\n\r\n'),
  'one length twice': post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'),
  'two lengths': post('Content-Length: 3\r\nContent-Length: 0\r\n', 'abc'),
  'a list of one length': post('Content-Length: 3, 3\r\n', 'abc'),
  'a list of lengths': post('Content-Length: 3, 0\r\n', 'abc'),
  'a length with a sign': post('Content-Length: +3\r\n', 'abc'),
  'a negative length': post('Content-Length: -3\r\n', 'abc'),
  'an empty length': post('Content-Length:\r\n', ''),
  'a length in hex': post('Content-Length: 0x3\r\n', 'abc'),
  'a length with zeros': post('Content-Length: 0003\r\n', 'abc'),
  'a length in two parts': post('Content-Length: 3 0\r\n', 'abc'),
  'a length of 2^64 + 3': post('Content-Length: 18446744073709551619\r\n',
    'abc'),
  'a length before a space and colon': post('Content-Length : 3\r\n', 'abc'),
  'a length after a folded line': post('X: y\r\n Content-Length: 3\r\n', ''),
  'a length behind a bare CR': post('X: y\rContent-Length: 3\r\n', ''),
  'a length behind a bare LF': post('X: y\nContent-Length: 3\r\n', 'abc'),
  'a length behind a NUL': post('X: y\0Content-Length: 3\r\n', ''),
  'a length with an underscore': post('Content_Length: 3\r\n', ''),
  'a GET with a body': get('Content-Length: 3\r\n', 'abc'),
  'a GET with chunks': get(chunked, chunks),
  'a GET with a request for a body': get(`Content-Length: ${last.length}\r\n`),
  'bare LF everywhere': get('').replaceAll('\r\n', '\n'),
  'a head that ends with LF': get('').replace(/\r\n$/, '\n'),
  'a first line that is folded': 'GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n',
  'an empty name': get(': x\r\n'),
  'a name with a space': get('X y: z\r\n'),
  'a name with a bracket': get('X(y: z\r\n'),
  'a line without a colon': get('X\r\n'),
  'no Host': 'GET /healthz HTTP/1.1\r\n\r\n',
  'two Hosts': get('Host: y\r\n'),
  'HTTP/1.2': get('').replace('1.1', '1.2'),
  'HTTP/2.0': get('').replace('1.1', '2.0'),
  'HTTP/01.1': get('').replace('1.1', '01.1'),
  'no version': 'GET /healthz\r\n\r\n',
  'two spaces': get('').replace('GET ', 'GET  '),
  'a tab for a space': get('').replace('GET ', 'GET\t'),
  'a space after the version': get('').replace('1.1', '1.1 '),
  'a NUL in the target': get('').replace('healthz', 'health\0z'),
  'a control character in a value': get('X: \x01\r\n'),
  'an empty line first': `\r\n${get('')}`,
  'a bare LF first': `\n${get('')}`,
  'a bare CR first': `\r${get('')}`,
  'a space first': ` ${get('')}`,
  'expecting nothing known': get('Expect: more\r\n'),
  'keep-alive and close': get('Connection: keep-alive, close\r\n'),
};

async function all(bytes) {
  const names = Object.keys(ports);
  const counts = await Promise.all(names.map(n => taken(ports[n], bytes + last)));
  return Object.fromEntries(names.map((n, i) => [n, counts[i]]));
}

test('what is plain, all three take alike', async () => {
  for (const [name, bytes] of Object.entries(plain)) {
    const n = await all(bytes);
    assert.ok(n.ours >= 2, `${name}: ${JSON.stringify(n)}`);
    assert.ok(n.ours === n.nginx && n.ours === n.haproxy,
      `${name}: ${JSON.stringify(n)}`);
  }
});

test('where nginx and HAProxy disagree, we are the stricter', async t => {
  const results = await Promise.all(Object.entries(doubtful).map(
    async ([name, bytes]) => ({ name, ...await all(bytes) })));
  const apart = results.filter(r => r.nginx !== r.haproxy);
  t.diagnostic(`${apart.length} of ${results.length} are taken differently`);
  assert.ok(apart.length > 5, 'the two never disagree: is the test asleep?');
  const lax = results.filter(r => r.ours > Math.min(r.nginx, r.haproxy));
  assert.deepEqual(lax, []);
});
