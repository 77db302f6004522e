// TLS on a node itself: what is refused, what is chosen, resumption with any
// worker, and new certificates under open connections.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync,
} from 'node:fs';
import { request } from 'node:https';
import { connect as dialPlain, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';

import { Session, base64, newName, newUsers, ok } from '../testlib/api.mjs';
import { Person } from '../testlib/people.mjs';
import { Socket } from '../testlib/socket.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'hermetic-tls-'));
const certificate = join(dir, 'certificate.pem');
const key = join(dir, 'key.pem');
const workers = 2;

let postgres, node, ca;

/** A certificate of its own for localhost; the node's user can read both. */
async function make(name, algorithm = 'ec', ...options) {
  const files = { certificate: join(dir, `${name}.pem`),
    key: join(dir, `${name}.key`) };
  if (algorithm === 'ec') options.push('-pkeyopt', 'ec_paramgen_curve:P-256');
  await exec('openssl', ['req', '-x509', '-newkey', algorithm, ...options,
    '-nodes', '-keyout', files.key, '-out', files.certificate, '-days', '2',
    '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']);
  chmodSync(files.key, 0o644);
  return files;
}

const environment = files => ({ HERMETIC_TLS_CERTIFICATE: files.certificate,
  HERMETIC_TLS_KEY: files.key });

before(async () => {
  chmodSync(dir, 0o755);
  const first = await make('first');
  renameSync(first.certificate, certificate);
  renameSync(first.key, key);
  ca = readFileSync(certificate);
  postgres = await startPostgres();
  node = await startNode({ postgres, workers, ready: false,
    env: environment({ certificate, key }) });
  node.url = node.url.replace('http:', 'https:');
  await until(() => call('/readyz').then(
    r => r.status === 200, () => false));
});
after(async () => {
  await node?.stop();
  await postgres?.stop();
  rmSync(dir, { recursive: true });
});

/** What a client says first. */
const clientHello = () => new Promise(done => {
  const server = createServer(socket => socket.once('data', d => {
    done(d);
    socket.destroy();
    server.close();
  })).listen(0, '127.0.0.1', () =>
    connect({ port: server.address().port }).on('error', () => {}));
});

/** How long somebody who says no more than that is let be. */
const held = (port, bytes) => new Promise(done => {
  const begin = performance.now();
  const socket = dialPlain({ port, host: '127.0.0.1' }, () =>
    socket.write(bytes));
  socket.on('data', () => {});
  socket.on('error', () => {});
  socket.on('close', () => done(performance.now() - begin));
});

/** { status, json } of a request on a connection of its own. */
function call(path, body) {
  const method = body ? 'POST' : 'GET';
  const headers = body ? { 'content-type': 'application/json' } : {};
  return new Promise((done, fail) => request(`${node.url}${path}`,
    { ca, agent: false, method, headers }, async response => {
      const chunks = await response.toArray();
      done({ status: response.statusCode,
        json: JSON.parse(Buffer.concat(chunks)) });
    }).on('error', fail).end(body && JSON.stringify(body)));
}

async function token() {
  const account = { username: newName('socket'), password: newName('long') };
  await call('/auth/register', account);
  return (await call('/auth/login', account)).json.access_token;
}

/** A connection whose handshake is done; throws what the server said. */
function dial(options = {}) {
  return new Promise((done, fail) => {
    const socket = connect({ port: node.port, host: '127.0.0.1', ca,
      servername: 'localhost', ...options }, () => done(socket));
    socket.on('error', fail);
  });
}

/** One request over it; the text that came back once `enough` of it did. */
function ask(socket, bytes, enough = text => text.includes('"ok"')) {
  return new Promise((done, fail) => {
    let text = '';
    const on = data => {
      text += data.toString('latin1');
      if (!enough(text)) return;
      socket.off('data', on);
      done(text);
    };
    socket.on('data', on);
    socket.once('close', () => fail(new Error(`closed after ${text}`)));
    socket.write(bytes);
  });
}

const health = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
const anything = 'ALL:@SECLEVEL=0';

for (const version of ['TLSv1.2', 'TLSv1.3'])
  test(`${version} is spoken, with ALPN http/1.1`, async () => {
    const socket = await dial({ minVersion: version, maxVersion: version,
      ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.getProtocol(), version);
    assert.equal(socket.alpnProtocol, 'http/1.1');
    assert.match(await ask(socket, health), /^HTTP\/1\.1 200/);
    socket.destroy();
  });

for (const version of ['TLSv1', 'TLSv1.1'])
  test(`${version} is refused`, () => assert.rejects(
    dial({ minVersion: version, maxVersion: version, ciphers: anything }),
    /alert protocol version/));

for (const cipher of ['AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'NULL',
  'ADH-AES256-GCM-SHA384'])
  test(`${cipher} is refused`, () => assert.rejects(
    dial({ maxVersion: 'TLSv1.2', ciphers: `${cipher}:@SECLEVEL=0` }),
    /alert handshake failure/));

test('a client that speaks only something else is told so', () =>
  assert.rejects(dial({ ALPNProtocols: ['h2'] }), /no application protocol/));

test('nothing is negotiated anew within a connection', async () => {
  const socket = await dial({ maxVersion: 'TLSv1.2' });
  await assert.rejects(new Promise((done, fail) => {
    socket.on('error', fail);
    socket.renegotiate({}, e => e ? fail(e) : done());
  }), /no renegotiation/);
});

test('openssl s_client finds what is expected', async () => {
  const run = exec('openssl', ['s_client', '-connect',
    `127.0.0.1:${node.port}`, '-CAfile', certificate, '-verify_return_error',
    '-brief']);
  run.child.stdin.end();
  const { stderr } = await run;
  assert.match(stderr, /Protocol version: TLSv1\.3/);
  assert.match(stderr, /Verification: OK/);
  assert.match(stderr, /(?:Server|Peer) Temp Key: X25519/);
});

test('what is no TLS gets nothing', async () => {
  await assert.rejects(fetch(node.url.replace('https:', 'http:')));
});

for (const version of ['TLSv1.2', 'TLSv1.3'])
  test(`${version}: a session resumes with every worker`, async () => {
    const options = { minVersion: version, maxVersion: version };
    const first = await dial(options);
    const session = new Promise(done => first.once('session', done));
    await ask(first, health);
    options.session = version === 'TLSv1.2' ? first.getSession()
      : await session;
    first.destroy();
    for (let i = 0; i < 16; i++) {
      const socket = await dial(options);
      assert.ok(socket.isSessionReused(), `connection ${i}`);
      await ask(socket, health);
      socket.destroy();
    }
  });

test('large bodies both ways, and a reader that comes late', async () => {
  const socket = await dial();
  const count = 20_000;
  const body = Buffer.alloc(900_000, 0x20);
  // of who has a token: nobody else's is read
  const post = `POST /session/create HTTP/1.1\r\nHost: x\r\nContent-Type: ` +
    `application/json\r\nAuthorization: Bearer ${await token()}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`;
  socket.pause();
  socket.write(post);
  socket.write(body);
  socket.write(health.repeat(count));
  let rest = '', answers = 0;
  socket.on('data', data => {
    const parts = (rest + data.toString('latin1')).split('HTTP/1.1 ');
    answers += parts.length - 1;
    rest = parts.at(-1).slice(-9);
  });
  socket.resume();
  await until(() => answers === count + 1, { name: 'every answer' });
  socket.destroy();
});

test('the command line client talks to it', async () => {
  const person = new Person('alice', `https://localhost:${node.port}`);
  await person.register('--ca', certificate);
});

test('a new certificate is taken; what is open stays', async () => {
  const open = await dial();
  await ask(open, health);
  const ws = await Socket.open(node.url, { token: await token(), ca });
  const old = open.getPeerCertificate().fingerprint256;

  const second = await make('second', 'rsa:2048');
  ca = [ca, readFileSync(second.certificate)];
  renameSync(second.certificate, certificate);
  renameSync(second.key, key);
  const taken = () => [...node.log().matchAll(
    /"event":"certificate taken","worker":(\d)/g)].map(m => m[1]);
  await until(() => new Set(taken()).size === workers);
  for (let i = 0; i < 8; i++) {
    const fresh = await dial();
    assert.notEqual(fresh.getPeerCertificate().fingerprint256, old);
    await ask(fresh, health);
    fresh.destroy();
  }
  await ask(open, health);
  const pong = new Promise(done => ws.ws.once('pong', done));
  ws.ws.ping();
  await pong;

  writeFileSync(key, 'no key');
  await node.logged(/certificate not taken.*"fault":"key"/);
  const fresh = await dial();
  assert.equal(fresh.getPeerCertificate().subject.CN, 'second');
  for (const socket of [open, fresh]) socket.destroy();
  ws.ws.terminate();
});

test('what is shared among many is sealed for each', async () => {
  const plain = await startNode({ postgres, workers: 1 });
  try {
    const [alice, bob] = await newUsers(plain.url, 'alice', 'bob');
    const session = await Session.pair(alice, bob);
    const sockets = await Promise.all(Array.from({ length: 6 }, async (_, i) => {
      const socket = await Socket.open(node.url, { token: bob.access, ca });
      await socket.subscribe(session);
      if (i % 2) socket.ws.pause(); // more than one record waits
      return socket;
    }));
    const big = () => alice.post(session.path('/send'),
      { envelope: base64(session.envelope({ length: 60_000 })) });
    for (let i = 0; i < 8; i++) {
      ok(await big(), 201);
      const { seq } = ok(await session.send(alice), 201);
      sockets[0].send({ type: 'ping', id: seq }); // an answer of its own
    }
    for (const s of sockets) s.ws.resume();
    await Promise.all(sockets.map(s => s.upTo(session, 17)));
    await sockets[0].frame({ type: 'pong', id: 17 });
    await Promise.all(sockets.map(s => s.close()));
  } finally {
    await plain.stop();
  }
});

test('a handshake that stops is ended', async () => {
  const slow = await startNode({ postgres, workers: 1, ready: false,
    env: { ...environment(await make('slow')), HERMETIC_HEAD_SECONDS: '1',
      HERMETIC_IDLE_SECONDS: '60' } });
  try {
    await slow.logged(/"event":"worker started"/);
    const hello = await clientHello();
    const parts = [Buffer.alloc(0), hello.subarray(0, 3),
      hello.subarray(0, -10), hello];
    const all = await Promise.all(parts.map(part => held(slow.port, part)));
    for (const ms of all) assert.ok(ms > 900 && ms < 20_000, `${all}`);
  } finally {
    await slow.stop();
  }
});

test('files that are none, or no pair, stop the start', async () => {
  const one = await make('one');
  const two = await make('two');
  const locked = join(dir, 'locked.key');
  await exec('openssl', ['pkey', '-in', one.key, '-aes256', '-passout',
    'pass:x', '-out', locked]);
  chmodSync(locked, 0o644);
  const cases = [
    [{ ...one, key: two.key }, "KEY is not the certificate's key"],
    [{ ...one, key: locked }, 'KEY must be a file with a key'],
    [{ ...one, key: one.certificate }, 'KEY must be a file with a key'],
    [{ ...one, certificate: one.key }, 'CERTIFICATE must be a file with'],
    [{ ...one, certificate: join(dir, 'none') },
      'CERTIFICATE must be a file with'],
    [{ ...one, key: '' }, 'KEY must be given with'],
    [{ ...one, certificate: '' }, 'CERTIFICATE must be given with'],
  ];
  for (const [files, words] of cases) {
    const wrong = await startNode({ postgres, ready: false,
      env: environment(files) });
    await wrong.logged(new RegExp(`^hermetic: HERMETIC_TLS_${words}.*$`, 'm'));
    await wrong.kill();
  }
});
