// A server, or somebody on the way, that plays with time: it answers a byte a second,
// or says that it is another day. A command ends all the same, and what a Date says
// is told to the person at most: nothing is done for it.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { conversation } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { startScene } from '../testlib/scene.mjs';

/** One byte a second, for ever. */
function drip(socket, bytes) {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 1000);
  socket.on('close', () => clearInterval(timer)).on('error', () => {});
}

describe('a server that plays with time', { concurrency: false }, () => {
  let scene, node, proxy, alice, bob, id;
  before(async () => {
    scene = await startScene();
    ({ node, proxy, alice, bob } = scene);
    id = await conversation(alice, bob);
  });
  after(() => scene?.stop());

  /** Ends as unreachable within so many seconds. */
  async function givesUp(seconds, ...args) {
    const began = Date.now();
    alice.ms = 120_000;
    const { code, error, err } = await alice.run(...args);
    const took = (Date.now() - began) / 1000;
    assert.equal(code, 3, err);
    assert.equal(error.error, 'unreachable', error.detail);
    assert.ok(took < seconds, `${args.join(' ')} took ${took} seconds`);
  }

  test('who answers a byte a second is given up', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
    const slow = {
      body: { request: () => ({ raw: socket => {
        socket.write(`${head}content-length: 1000\r\n\r\n`);
        drip(socket, Buffer.alloc(1000, ' '));
      } }) },
      head: { request: () => ({ raw: socket =>
        drip(socket, Buffer.from(head + 'x: y\r\n'.repeat(200))) }) },
      upgrade: { upgrade: (req, socket) =>
        drip(socket, Buffer.from('HTTP/1.1 101 Switching Protocols\r\n' +
          'x: y\r\n'.repeat(200))) },
    };
    const proxies = {};
    for (const [name, hooks] of Object.entries(slow))
      proxies[name] = await startProxy(node.url, hooks);
    const sockets = new Set();
    const broker = createServer(socket => {
      sockets.add(socket);
      drip(socket, Buffer.concat([Buffer.from([0x20, 0x7f]), Buffer.alloc(127)]));
    });
    await new Promise(done => broker.listen(0, '127.0.0.1', done));
    try {
      await Promise.all([
        givesUp(75, 'sessions', '--server', proxies.body.url),
        givesUp(75, 'sessions', '--server', proxies.head.url),
        givesUp(45, 'send', id, 'x', '--transport', 'ws', '--server',
          proxies.upgrade.url),
        givesUp(45, 'send', id, 'x', '--transport', 'mqtt', '--mqtt',
          `127.0.0.1:${broker.address().port}`)]);
    } finally {
      for (const socket of sockets) socket.destroy();
      broker.close();
      await Promise.all(Object.values(proxies).map(p => p.stop()));
    }
  });

  const day = 86_400_000;
  const dates = [new Date(Date.now() + 400 * day).toUTCString(),
    new Date(Date.now() - 400 * day).toUTCString(),
    'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT',
    'the day after tomorrow', ''];

  test('a wrong Date changes nothing', async () => {
    const [{ epoch }] = await alice.does('safety', id);
    alice.server = proxy.url;
    for (const date of dates) {
      proxy.hooks = { answer: () => ({ headers: { date } }) };
      await alice.does('send', id, `at ${date}`);
      await alice.does('rotate', id);
      await alice.does('read', id);
    }
    const [now] = await alice.does('safety', id);
    assert.equal(now.epoch, epoch + dates.length, 'only what was ordered');
    assert.deepEqual((await bob.texts(id)).slice(-6).map(t => t.slice(0, 3)),
      Array(6).fill('at '));
  });

  test('a Date that goes with a refusal is told', async () => {
    const expired = date => ({ request: ({ path }) => /\/send$/.test(path) ?
      { status: 422, headers: { date }, json: { status: 422,
        type: 'urn:hermetic:problem:nonce-expired', title: 'x', detail: 'x' } }
      : undefined });
    const [{ epoch }] = await alice.does('safety', id);
    for (const date of dates) {
      proxy.hooks = expired(date);
      const kept = await alice.keeps('clock', 'send', id, `kept at ${date}`);
      assert.match(kept.detail, /clock of this device is/);
    }
    proxy.hooks = {};
    await alice.does('outbox', '--flush');
    assert.deepEqual((await bob.texts(id)).slice(-6),
      dates.map(date => `kept at ${date}`));
    const [now] = await alice.does('safety', id);
    assert.equal(now.epoch, epoch, 'no keys were changed for it');
  });
});
