// HTTP/1.1 at the edge, over raw sockets: what two readers could understand
// differently is refused, and what is answered is answered in order.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { newUser } from '../testlib/api.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

let postgres, node;

before(async () => {
  postgres = await startPostgres();
  node = await startNode({ postgres });
});
after(async () => {
  await node?.stop();
  await postgres?.stop();
});

/** Sends bytes, waits for the end of the connection; what came back. */
function talk(bytes, { end = false } = {}) {
  return new Promise((done, fail) => {
    const socket = connect(node.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('connect', () => end ? socket.end(bytes) : socket.write(bytes));
    socket.on('data', d => { text += d; });
    socket.on('close', () => done(text));
    socket.on('error', e => e.code === 'ECONNRESET' ? done(text) : fail(e));
  });
}

/** The responses in a text: { status, headers, body }. */
function responses(text) {
  const all = [];
  while (text) {
    const [head] = text.split('\r\n\r\n', 1);
    const [line, ...fields] = head.split('\r\n');
    const headers = Object.fromEntries(fields.map(f => {
      const at = f.indexOf(':');
      return [f.slice(0, at).toLowerCase(), f.slice(at + 1).trim()];
    }));
    const status = Number(line.split(' ')[1]);
    const start = head.length + 4;
    const length = Number(headers['content-length'] ?? 0);
    all.push({ status, headers, body: text.slice(start, start + length) });
    text = text.slice(start + length);
  }
  return all;
}

const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

async function refused(status, bytes, slug) {
  // what follows a refusal must never be read as a request
  const all = responses(await talk(bytes + last));
  assert.equal(all.length, 1, `${bytes.slice(0, 60)} got ${all.length}`);
  assert.equal(all[0].status, status);
  assert.equal(all[0].headers['content-type'], 'application/problem+json');
  assert.equal(all[0].headers.connection, 'close');
  const problem = JSON.parse(all[0].body);
  assert.equal(problem.status, status);
  if (slug) assert.equal(problem.type, `urn:hermetic:problem:${slug}`);
}

test('fifty pipelined requests are answered in order', async () => {
  const paths = Array.from({ length: 50 },
    (_, i) => i % 2 ? '/healthz' : `/nothing-${i}`);
  const bytes = paths.map(p => `GET ${p} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');
  const all = responses(await talk(bytes + last));
  assert.deepEqual(all.map(r => r.status),
    [...paths.map(p => p === '/healthz' ? 200 : 404), 200]);
});

test('pipelined bodies end where they were declared to end', async () => {
  const body = JSON.stringify({ username: 'x', password: 'y' });
  const one = 'POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: ' +
    `application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const all = responses(await talk(one.repeat(10) + last));
  assert.deepEqual(all.map(r => r.status), [...Array(10).fill(422), 200]);
});

test('a request that comes byte by byte is one request', async () => {
  const all = await new Promise((done, fail) => {
    const socket = connect(node.port, '127.0.0.1');
    let text = '';
    let i = 0;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    const step = () => {
      if (i < last.length) socket.write(last[i++], step);
    };
    socket.on('connect', step);
    socket.on('data', d => { text += d; });
    socket.on('close', () => done(responses(text)));
    socket.on('error', fail);
  });
  assert.deepEqual(all.map(r => r.status), [200]);
});

test('framing that is in doubt is refused', async () => {
  const post = 'POST /auth/login HTTP/1.1\r\nHost: x\r\n';
  const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';
  await refused(400, `${post}Content-Length: 3\r\n` +
    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
  await refused(400, `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`);
  await refused(400, `${post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`);
  for (const length of ['-1', '+3', '3 3', '0x3', '3,3', '', 'a'])
    await refused(400, `${post}Content-Length: ${length}\r\n\r\nabc`);
  await refused(413, `${post}Content-Length: 99999999999999999999\r\n\r\n`,
    'too-large');
  await refused(413, `${post}Content-Length: 999999999\r\n\r\n`, 'too-large');
  await refused(411, `${post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'length-required');
  await refused(400, `${get}Content-Length: 4\r\n\r\nbody`);
  await refused(400, `${get}X: y\nContent-Length: 0\r\n\r\n`);
  await refused(400, 'GET /healthz HTTP/1.1\nHost: x\r\n\r\n');
  await refused(400, `${get}X: folded\r\n  line\r\n\r\n`);
  await refused(400, `${get}X : space\r\n\r\n`);
  await refused(400, `${get}X: nul\0\r\n\r\n`);
  await refused(400, `${get}X: cr\rcr\r\n\r\n`);
  await refused(400, `${get}: empty\r\n\r\n`);
  await refused(400, 'GET /healthz HTTP/1.1\r\n\r\n'); // no Host
  await refused(400, `${get}Host: y\r\n\r\n`); // two
  for (const host of ['a b', 'x/y', 'u@x', 'x,y', 'x"', '\xff'])
    await refused(400, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  for (const host of ['', 'x:80', '[::1]:8000', 'EXAMPLE.org.', '%41'])
    assert.deepEqual(responses(await talk(
      `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))
      .map(r => r.status), [200], host);
  // a body is read as it stands, so nobody may mean another one
  await refused(415, `${post}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}`,
    'unsupported-media-type');
  await refused(400, 'GET healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await refused(400, 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n');
  await refused(400, 'GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await refused(505, 'GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n');
  await refused(501, 'BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await refused(417, `${get}Expect: more\r\n\r\n`);
});

test('a field that is no list stands once', async () => {
  for (const [name, value] of [['Authorization', 'Bearer x'],
    ['Content-Type', 'application/json'], ['Origin', 'https://a.example'],
    ['range', 'bytes=0-1'], ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']])
    await refused(400, `GET /healthz HTTP/1.1\r\nHost: x\r\n${name}: ${value}\r\n` +
      `${name}: ${value}\r\n\r\n`);
});

test('a list may have several lines', async () => {
  // what is asked for comes to pass or not by the token, so both lines were read
  const upgrade = (...lines) => ['GET /ws HTTP/1.1', 'Host: x', ...lines,
    'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '', ''].join('\r\n');
  const status = async (...lines) =>
    responses(await talk(upgrade(...lines), { end: true }))[0].status;
  const token = (await newUser(node.url, 'alice')).access;
  for (const protocols of [[`bearer.${token}, hermetic.v1`],
    [`bearer.${token}`, 'hermetic.v1'], ['hermetic.v1', `x, bearer.${token}`]])
    assert.equal(await status('Upgrade: h2c', 'Upgrade: websocket',
      'Connection: keep-alive', 'Connection: Upgrade',
      ...protocols.map(p => `Sec-WebSocket-Protocol: ${p}`)), 101);
  assert.equal(await status('Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Protocol: hermetic.v1'), 401);
});

test('limits of a head', async () => {
  const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';
  const fields = n => Array.from({ length: n }, (_, i) => `X-${i}: y\r\n`)
    .join('');
  const all = responses(await talk(`${get}${fields(63)}\r\n${last}`));
  assert.deepEqual(all.map(r => r.status), [200, 200]);
  await refused(431, `${get}${fields(64)}\r\n`, 'headers-too-large');
  await refused(431, `${get}X: ${'y'.repeat(17000)}\r\n\r\n`);
  await refused(414, `GET /${'x'.repeat(5000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
});

test('the last of many headers counts', async () => {
  const many = Array.from({ length: 40 }, (_, i) => `X-${i}: y\r\n`).join('');
  const [r] = responses(await talk(
    `GET /healthz HTTP/1.1\r\nHost: x\r\n${many}Connection: close\r\n\r\n`));
  assert.equal(r.headers.connection, 'close');
});

test('404, 405 with Allow, OPTIONS, HEAD', async () => {
  let r = await fetch(`${node.url}/nothing`);
  assert.equal(r.status, 404);
  assert.equal((await r.json()).type, 'urn:hermetic:problem:not-found');
  r = await fetch(`${node.url}/auth/login`);
  assert.equal(r.status, 405);
  assert.equal(r.headers.get('allow'), 'POST, OPTIONS');
  r = await fetch(`${node.url}/healthz`, { method: 'OPTIONS' });
  assert.equal(r.status, 204);
  assert.equal(r.headers.get('allow'), 'GET, HEAD, OPTIONS');
  const text = await talk('HEAD /healthz HTTP/1.1\r\nHost: x\r\n' +
    'Connection: close\r\n\r\n');
  assert.match(text, /^HTTP\/1.1 200 /);
  assert.match(text, /Content-Length: 15\r\n/);
  assert.ok(text.endsWith('\r\n\r\n'));
});

test('Expect: 100-continue', async () => {
  const body = '{}';
  const text = await new Promise((done, fail) => {
    const socket = connect(node.port, '127.0.0.1');
    let got = '';
    socket.setEncoding('latin1');
    socket.write('POST /auth/refresh HTTP/1.1\r\nHost: x\r\nExpect: ' +
      '100-continue\r\nContent-Type: application/json\r\nConnection: close' +
      '\r\nContent-Length: 2\r\n\r\n');
    socket.on('data', d => {
      got += d;
      if (got === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(body);
    });
    socket.on('close', () => done(got));
    socket.on('error', fail);
  });
  assert.match(text, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 400 /);
});

test('HTTP/1.0 and a client that closes its side', async () => {
  assert.match(await talk('GET /healthz HTTP/1.0\r\n\r\n'),
    /^HTTP\/1.1 200 OK[^]*Connection: close/);
  assert.match(await talk('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    { end: true }), /^HTTP\/1.1 200 OK/);
});

test('clients that leave while their password is hashed', async () => {
  const body = JSON.stringify({ username: 'nobody', password: 'password' });
  const leave = () => new Promise(done => {
    const socket = connect(node.port, '127.0.0.1', () => {
      socket.write('POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: ' +
        `application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      () => { socket.resetAndDestroy(); done(); });
    });
  });
  for (let i = 0; i < 6; i++) await leave();
  await until(async () => (await fetch(`${node.url}/auth/login`, {
    method: 'POST', body, headers: { 'content-type': 'application/json' },
  })).status === 401, { name: 'an answer to the one who stays' });
});

/** Which of the workers hold the server's ends of these sockets. */
function holders(sockets, workers) {
  const hex = n => n.toString(16).toUpperCase().padStart(4, '0');
  const ports = new Set(sockets.map(s => hex(s.localPort)));
  const inodes = new Set(readFileSync('/proc/net/tcp', 'utf8').split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(f => f[1]?.endsWith(`:${hex(node.port)}`) &&
      ports.has(f[2].split(':')[1]))
    .map(f => `socket:[${f[9]}]`));
  const target = path => {
    try { return readlinkSync(path); } catch { return ''; } // just closed
  };
  return workers.map(pid => readdirSync(`/proc/${pid}/fd`)
    .filter(fd => inodes.has(target(`/proc/${pid}/fd/${fd}`))).length);
}

test('connections spread over the workers', async () => {
  const held = await Promise.all(Array.from({ length: 200 }, () =>
    new Promise((done, fail) => {
      const socket = connect(node.port, '127.0.0.1');
      socket.on('error', fail);
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
      socket.once('data', () => done(socket)); // accepted by a worker
    })));
  const each = holders(held, node.pids().slice(1));
  for (const socket of held) socket.destroy();
  assert.equal(each.length, 2);
  assert.equal(each[0] + each[1], 200);
  assert.ok(Math.min(...each) >= 60, `spread: ${each}`);
});

test('each request has an id, and its place in a trace', async () => {
  const logging = await startNode({ postgres,
    env: { HERMETIC_ACCESS_LOG: '1' } });
  const get = headers => fetch(`${logging.url}/healthz`, { headers });
  const line = async id => {
    await until(() => logging.log().includes(id), { name: `a line of ${id}` });
    return JSON.parse(logging.log().split('\n').find(l => l.includes(id)));
  };
  const idOf = async headers => (await get(headers)).headers
    .get('x-request-id');
  try {
    assert.equal(await idOf({ 'x-request-id': 'mine-1.A_z' }), 'mine-1.A_z');
    const { time, us, ...rest } = await line('mine-1.A_z');
    assert.ok(time && us >= 0);
    assert.deepEqual(rest, { level: 'info', event: 'request',
      request_id: 'mine-1.A_z', method: 'GET', route: '/healthz', status: 200,
      bytes: 15 });

    const ours = [await idOf({}), await idOf({}),
      await idOf({ 'x-request-id': 'two words' }),
      await idOf({ 'x-request-id': 'x'.repeat(65) }),
      await idOf({ 'x-request-id': '"}' })];
    for (const id of ours) assert.match(id, /^[0-9a-f]{16}-[0-9a-f]+$/);
    assert.equal(new Set(ours).size, ours.length);

    const trace = 'a'.repeat(32), parent = 'b'.repeat(16);
    const traced = { 'x-request-id': 'traced' };
    traced.traceparent = `00-${trace}-${parent}-01`;
    await get(traced);
    const { trace_id, parent_id, span_id } = await line('traced');
    assert.deepEqual([trace_id, parent_id], [trace, parent]);
    assert.match(span_id, /^[0-9a-f]{16}$/);
    assert.notEqual(span_id, parent);

    const bad = [`ff-${trace}-${parent}-01`, `00-${trace}-${parent}-01-more`,
      `00-${'0'.repeat(32)}-${parent}-01`, `00-${trace}-${'0'.repeat(16)}-01`,
      `00-${trace.toUpperCase()}-${parent}-01`, `00-${trace}-${parent}-1`,
      `00_${trace}-${parent}-01`, '00', `01-${trace}-${parent}-01x`];
    for (const [i, traceparent] of bad.entries()) {
      await get({ 'x-request-id': `bad.${i}.`, traceparent });
      assert.equal((await line(`bad.${i}.`)).trace_id, undefined, traceparent);
    }
    await get({ 'x-request-id': 'later',
      traceparent: `01-${trace}-${parent}-01-what-comes` });
    assert.equal((await line('later')).trace_id, trace);
  } finally {
    await logging.stop();
  }
});

test('a killed worker comes back', async () => {
  const [, worker] = node.pids();
  process.kill(worker, 'SIGKILL');
  await until(() => node.pids().length >= 3 && !node.pids().includes(worker),
    { name: 'a new worker' });
  await node.ready();
  for (let i = 0; i < 20; i++)
    assert.equal((await fetch(`${node.url}/healthz`)).status, 200);
});

test('a refused system call does not go unseen', async () => {
  const other = await startNode({ postgres });
  process.kill(other.pids()[1], 'SIGSYS'); // what the filter does
  await other.logged(/died from sandbox violation/);
  await assert.rejects(other.stop(), /a system call was refused/);
});

test('SIGTERM answers what was asked', async () => {
  const other = await startNode({ postgres });
  const [parent, ...workers] = other.pids();
  const status = (pid, pattern) =>
    readFileSync(`/proc/${pid}/status`, 'utf8').match(pattern)[1];
  const asked = pid =>
    Number.parseInt(status(pid, /^ShdPnd:\s+([0-9a-f]+)$/m), 16) !== 0;
  const body = JSON.stringify({ username: 'late', password: 'password1' });
  const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const post = 'POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: ' +
    `application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  // What came before the signal, and nobody has accepted yet.
  for (const pid of workers) process.kill(pid, 'SIGSTOP');
  const answers = await Promise.all([post, ...Array(20).fill(get)].map(bytes =>
    new Promise((sent, fail) => {
      const socket = connect(other.port, '127.0.0.1');
      let text = '';
      const answer = new Promise((done, lost) => {
        socket.on('close', () => done(text));
        socket.on('error', lost);
      });
      socket.on('error', fail);
      socket.on('data', d => { text += d; });
      socket.write(bytes, () => sent({ answer }));
    })));
  // Kore's parent remembers one signal. A worker that stops late, on a busy
  // machine, would make it forget that it was asked to end.
  await until(() => workers.every(pid => status(pid, /^State:\s+(\w)/m) === 'T')
    && !asked(parent), { name: 'the parent to hear that its workers stopped' });
  const stopped = other.stop();
  await until(() => workers.every(asked), { name: 'a signal for each worker' });
  for (const pid of workers) process.kill(pid, 'SIGCONT');
  const texts = await Promise.all(answers.map(a => a.answer));
  for (const text of texts)
    assert.match(text, /^HTTP\/1.1 20[01] [^]*\r\nConnection: close/);
  assert.match(texts[0], /^HTTP\/1.1 201 /);
  await stopped;
});

test('a busy port, a wrong value: one sentence', async () => {
  const busy = await startNode({ postgres, port: node.port, ready: false });
  await busy.logged(/hermetic: cannot listen on 127.0.0.1 port \d+/);
  const wrong = await startNode({
    postgres, ready: false, env: { HERMETIC_WORKERS: 'many' },
  });
  await wrong.logged(
    /hermetic: HERMETIC_WORKERS must be a whole number from 1 to 64/);
});

test('no page of another origin is let in unless it is named', async () => {
  const ours = 'https://chat.example';
  const preflight = { origin: ours, 'access-control-request-method': 'POST' };
  const none = await fetch(`${node.url}/auth/login`,
    { method: 'OPTIONS', headers: preflight });
  assert.equal(none.status, 204);
  assert.equal(none.headers.get('access-control-allow-origin'), null);

  const open = await startNode({ postgres,
    env: { HERMETIC_CORS_ORIGINS: `http://localhost:3000,${ours}` } });
  const ask = (path, headers, method = 'GET') =>
    fetch(`${open.url}${path}`, { method, headers });
  const asked = await ask('/auth/login', preflight, 'OPTIONS');
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get('access-control-allow-origin'), ours);
  assert.equal(asked.headers.get('access-control-allow-methods'),
    'POST, OPTIONS');
  assert.match(asked.headers.get('access-control-allow-headers'),
    /Authorization, Content-Type.* Range, .*Upload-Offset/); // files, too
  assert.equal(asked.headers.get('vary'), 'Origin');

  for (const path of ['/healthz', '/nothing']) { // answers and problems
    const answer = await ask(path, { origin: ours });
    assert.equal(answer.headers.get('access-control-allow-origin'), ours);
    assert.match(answer.headers.get('access-control-expose-headers'),
      /Date, ETag.*Upload-Offset/);
  }
  for (const origin of ['https://evil.example', `${ours}.evil`, 'null',
    'http://chat.example', 'https://chat.exampl']) {
    const answer = await ask('/auth/login', { ...preflight, origin },
      'OPTIONS');
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal(answer.headers.get('access-control-allow-methods'), null);
    assert.equal(answer.headers.get('vary'), 'Origin');
  }
  await open.stop();
});

test('what a client does not take is 406, and nothing else is', async () => {
  const get = (accept, path = '/.well-known/jwks.json') =>
    fetch(node.url + path, { headers: accept ? { accept } : {} });
  for (const accept of ['*/*', 'application/*', 'text/html, */*;q=0.1'])
    assert.equal((await get(accept)).status, 200, accept);
  for (const accept of ['text/html', 'image/*', 'application/json;q=0, */*']) {
    const answer = await get(accept);
    assert.equal(answer.status, 406, accept);
    assert.equal(answer.headers.get('content-type'),
      'application/problem+json');
    assert.equal((await answer.json()).type,
      'urn:hermetic:problem:not-acceptable');
  }
  // an error is told in any case, and nothing that was done is taken back
  assert.equal((await get('text/html', '/nowhere')).status, 404);
  const made = await fetch(`${node.url}/auth/register`, { method: 'POST',
    headers: { accept: 'text/html', 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'reader', password: 'long enough' }) });
  assert.equal(made.status, 201);
});
