// How long a client may take, on a node where nothing else happens: what is
// slow is ended within a bound, what lives is left alone.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Session, newUser } from '../testlib/api.mjs';
import { Socket } from '../testlib/socket.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

const SLOW = 1000; // ms, as set below
const LATE = 20_000; // far more than any bound, less than the usual limits

const half = 'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: ' +
  'application/json\r\nContent-Length: 100\r\n';

describe('time', { concurrency: true }, () => {
  let postgres, node, user;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, workers: 1, env: {
      HERMETIC_HEAD_SECONDS: '1', HERMETIC_BODY_SECONDS: '1',
      HERMETIC_IDLE_SECONDS: '1', HERMETIC_PING_SECONDS: '1' } });
    user = await newUser(node.url, 'patient');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  /** What came, and after how long the server ended it. */
  const talk = (bytes, { drip } = {}) => new Promise((done, fail) => {
    const socket = connect(node.port, '127.0.0.1');
    const begin = performance.now();
    let text = '', timer;
    socket.setEncoding('latin1');
    socket.on('connect', () => {
      socket.write(bytes);
      if (drip) timer = setInterval(() => socket.write(drip), 100);
    });
    socket.on('data', d => { text += d; });
    socket.on('error', e => {
      if (!['ECONNRESET', 'EPIPE'].includes(e.code)) fail(e);
    });
    socket.on('close', () => {
      clearInterval(timer);
      done({ text, ms: performance.now() - begin });
    });
  });

  const ended = ({ ms }) => {
    assert.ok(ms >= SLOW - 50, `too early: ${ms} ms`);
    assert.ok(ms < LATE, `too late: ${ms} ms`);
  };

  test('a head that stops, and one that drips for ever', async () => {
    const [stops, drips] = await Promise.all([talk(half),
      talk(half, { drip: 'X: y\r\n' })]);
    for (const one of [stops, drips]) {
      ended(one);
      assert.match(one.text, /^HTTP\/1.1 408 [^]*Connection: close/);
    }
  });

  test('a body that stops, and one that drips', async () => {
    const [stops, drips] = await Promise.all([talk(`${half}\r\n{`),
      talk(`${half}\r\n{`, { drip: ' ' })]);
    for (const one of [stops, drips]) {
      ended(one);
      assert.match(one.text, /^HTTP\/1.1 408 [^]*Connection: close/);
    }
  });

  test('a connection that asks nothing, and one that asks no more', async () => {
    const [never, once] = await Promise.all([talk(''),
      talk('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')]);
    for (const one of [never, once]) ended(one);
    assert.equal(never.text, '');
    assert.match(once.text, /^HTTP\/1.1 200 [^]*keep-alive\r\n\r\n\{[^}]*\}$/);
  });

  test('a WebSocket that only listens is pinged, and lives', async () => {
    const socket = await Socket.of(user, { url: node.url });
    await new Promise((done, fail) => {
      let pings = 0;
      socket.ws.on('ping', () => { if (++pings === 3) done(); });
      socket.ws.on('close', () => fail(new Error(`after ${pings} pings`)));
    });
    await socket.close();
  });

  test('a WebSocket that does not answer pings is given up', async () => {
    const request = 'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n' +
      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      'Sec-WebSocket-Protocol: hermetic.v1\r\n' +
      `Authorization: Bearer ${user.access}\r\n\r\n`;
    const silent = await talk(request);
    ended(silent);
    assert.match(silent.text, /^HTTP\/1.1 101 /);
    assert.ok(silent.text.endsWith('\x89\x00'), 'the last frame is a ping');
  });

  test('an upload that drips for ever keeps what came, and no place', async () => {
    const session = await Session.create(user);
    const id = randomUUID();
    const { text, ms } = await talk(`POST ${session.path(`/files/${id}`)} ` +
      `HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.access}\r\n` +
      'Content-Length: 100000\r\n\r\n', { drip: 'xyz' });
    ended({ ms });
    assert.match(text, /^HTTP\/1\.1 408 /);
    const answer = await user.call('HEAD', session.path(`/files/${id}`));
    const offset = Number(answer.headers.get('upload-offset'));
    assert.ok(offset > 0 && offset < 1024, `${offset}`);
    assert.match(text, new RegExp(`upload-offset: ${offset}\\r`, 'i'));
  });
});
