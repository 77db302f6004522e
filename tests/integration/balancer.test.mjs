// Behind the proxy of the compose file: nodes are exchanged under load without
// a failed request, nothing but a GET is tried twice, and a new certificate
// leaves open connections alone.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as dial, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';

import { Session, newUsers, ok } from '../testlib/api.mjs';
import { startBalancer } from '../testlib/balancer.mjs';
import { Socket } from '../testlib/socket.mjs';
import { freePort, root, sleep, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

const SENDERS = 6, FOLLOWERS = 6;

describe('behind a balancer', { concurrency: false }, () => {
  let postgres, nodes, balancer, alice, bob, session;
  before(async () => {
    postgres = await startPostgres();
    nodes = await Promise.all([1, 2, 3].map(async () => startNode({ postgres,
      workers: 1, port: await freePort(), env: { HERMETIC_DRAIN_SECONDS: '3',
        HERMETIC_TRUSTED_PROXIES: '127.0.0.1' } })));
    balancer = await startBalancer({ backends: nodes.map(n => n.port) });
    await until(() => fetch(`${balancer.url}/readyz`).then(r => r.ok));
    [alice, bob] = await newUsers(balancer.url, 'alice', 'bob');
    session = await Session.pair(alice, bob);
  });
  after(async () => {
    await balancer?.stop();
    await Promise.all(nodes?.map(n => n.stop()) ?? []);
    await postgres?.stop();
  });

  /** Sends one after the other, each once; what was answered. */
  function sender(state) {
    return (async () => {
      while (state.goOn) {
        const answer = await session.send(alice).catch(e => ({ error: e }));
        state.answers.push(answer);
        await sleep(5);
      }
    })();
  }

  /** Follows from where it got to, wherever it is sent. */
  function follower(state) {
    const self = { seqs: [], moves: 0 };
    const connectOnce = async () => {
      const socket = await Socket.of(bob);
      socket.ws.on('message', data => {
        const f = JSON.parse(data);
        if (f.type === 'message') self.seqs.push(f.seq);
      });
      await socket.subscribe(session, self.seqs.at(-1) ?? 0);
      self.socket = socket;
      return socket.closed;
    };
    self.done = (async () => {
      while (state.goOn) {
        const { code } = await connectOnce();
        if (state.goOn) {
          assert.equal(code, 1001); // told, never cut off
          self.moves++;
        }
      }
    })();
    return self;
  }

  async function exchangeAll() {
    for (const [i, node] of nodes.entries()) {
      const { length } = balancer.log();
      process.kill(node.pid, 'SIGTERM');
      await node.ended;
      await node.start();
      await until(() => balancer.log().slice(length)
        .includes(`Server api/api${i + 1} is UP`), { name: 'it is seen' });
    }
  }

  test('nodes are exchanged one after the other: nothing fails', async () => {
    const state = { goOn: true, answers: [] };
    const senders = Array.from({ length: SENDERS }, () => sender(state));
    const followers = Array.from({ length: FOLLOWERS }, () => follower(state));
    try {
      await exchangeAll();
    } finally {
      state.goOn = false;
    }
    await Promise.all(senders);
    const bad = state.answers.filter(a => a.status !== 201);
    assert.equal(bad.length, 0,
      `${bad.length} of ${state.answers.length}: ${JSON.stringify(bad[0])}`);
    const last = Math.max(...state.answers.map(a => a.json.seq));
    for (const f of followers) {
      await until(() => f.seqs.at(-1) >= last, { name: 'the last message' });
      f.socket.ws.close();
      await f.done;
      f.seqs.forEach((seq, i) => assert.equal(seq, i + 1));
    }
    assert.ok(followers.reduce((n, f) => n + f.moves, 0) >= FOLLOWERS);
  });

  /** What a new connection is answered; on an old one that is none at all. */
  const first = (to, request) => new Promise((done, fail) => {
    const socket = dial(Number(new URL(to.url).port), '127.0.0.1', () =>
      socket.write(request));
    socket.on('error', fail);
    socket.once('data', d => {
      done(d.toString());
      socket.destroy();
    });
  });

  test('what is not a GET goes to one node, once', async () => {
    let got = [];
    // nodes that take a request and fall
    const broken = await Promise.all([1, 2].map(() => new Promise(done => {
      const server = createServer(socket => socket.on('error', () => {})
        .once('data', d => {
          const line = d.toString().split('\r\n')[0];
          if (line.startsWith('GET /readyz ')) {
            socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
            return;
          }
          got.push(line);
          socket.destroy();
        })).listen(0, '127.0.0.1', () => done(server));
    })));
    const other = await startBalancer({
      backends: broken.map(s => s.address().port) });
    try {
      got = [];
      const answer = await first(other, 'POST /session/x/send HTTP/1.1\r\n' +
        'Host: x\r\nContent-Length: 2\r\n\r\n{}');
      assert.match(answer, /^HTTP\/1.1 502 /);
      assert.deepEqual(got, ['POST /session/x/send HTTP/1.1']);
      got = [];
      assert.match(await first(other,
        'GET /sessions HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1.1 50[234] /);
      assert.ok(got.length > 1, 'a GET is tried again');
    } finally {
      await other.stop();
      for (const s of broken) s.close();
    }
  });

  const KEY = randomBytes(16).toString('base64');
  const ACCEPTED = createHash('sha1')
    .update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  /** A server that takes connections, and says nothing; how many it has. */
  const silent = () => new Promise(done => {
    const server = createServer(socket => {
      server.open.add(socket);
      socket.on('error', () => {}).on('close', () => server.open.delete(socket))
        .on('data', d => { // a WebSocket, where it is asked for one
          if (/^GET \/mqtt /.test(d.toString('latin1')))
            socket.write('HTTP/1.1 101 Switching Protocols\r\n' +
              'Upgrade: websocket\r\nConnection: Upgrade\r\n' +
              `Sec-WebSocket-Accept: ${ACCEPTED}\r\n\r\n`);
        });
    });
    server.open = new Set();
    server.listen(0, '127.0.0.1', () => done(server));
  });
  /** Connects; { over, heard } of that. */
  const comer = (port, { from = '127.0.0.1', says = '' } = {}) => {
    const self = { heard: '' };
    self.socket = dial({ port, host: '127.0.0.1', localAddress: from }, () => {
      self.socket.write(says);
    });
    self.socket.on('data', d => { self.heard += d; }).on('error', () => {})
      .on('close', () => { self.over = true; });
    return self;
  };

  test('who comes to MQTT and says nothing', async () => {
    const [bridge, broker] = [await silent(), await silent()];
    const other = await startBalancer({ backends: nodes.map(n => n.port),
      bridges: [bridge.address().port], brokers: [broker.address().port],
      checked: false });
    const all = [];
    const come = (...args) => {
      all.push(comer(...args));
      return all.at(-1);
    };
    try {
      // no TLS: an end, in a while; a connection that is made stays
      const mute = come(other.mqttsPort), idle = come(other.mqttPort);
      const began = Date.now();
      await until(() => mute.over, { ms: 15_000, name: 'the end of who is mute' });
      assert.ok(Date.now() - began > 8000);
      await sleep(4000);
      assert.ok(!idle.over);
      assert.equal(bridge.open.size, 1);

      // so many of one network, and others are not kept out
      const crowd = Array.from({ length: 100 }, () => come(other.mqttPort,
        { from: '127.0.0.9' }));
      await until(() => crowd.filter(c => !c.over).length <= 64,
        { name: 'the end of the rest' });
      const next = come(other.mqttPort, { from: '127.0.0.10' });
      await until(() => bridge.open.size > crowd.filter(c => !c.over).length + 1,
        { name: 'another one' });
      assert.ok(!next.over);

      // by WebSocket
      const says = 'GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n' +
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        `Sec-WebSocket-Key: ${KEY}\r\n\r\n`;
      const http = Number(new URL(other.url).port);
      const many = Array.from({ length: 80 }, () => come(http,
        { from: '127.0.0.11', says }));
      await until(() => many.every(c => c.heard.includes('\r\n\r\n')),
        { name: 'their answers' });
      const taken = many.filter(c => / 101 /.test(c.heard.split('\r\n')[0])).length;
      assert.equal(taken, 64);
      assert.ok(many.every(c => /^HTTP\/1.1 (101|429) /.test(c.heard)));
      const far = come(http, { from: '127.0.0.12', says });
      await until(() => far.heard.startsWith('HTTP/1.1 101 '),
        { name: 'another one' });
      ok(await bob.get('/sessions', { url: other.url })); // the API has room
    } finally {
      for (const c of all) c.socket.destroy();
      await other.stop();
      bridge.close();
      broker.close();
    }
  });

  test('another certificate, and open connections stay', async () => {
    const { ca } = balancer;
    const socket = await Socket.open(balancer.tlsUrl, { token: bob.access, ca });
    const { last_seq: after } = await socket.subscribe(session);
    const fingerprint = () => new Promise(done => {
      const dialled = connect({ host: '127.0.0.1', rejectUnauthorized: false,
        port: Number(new URL(balancer.tlsUrl).port) }, () => {
        done(dialled.getPeerCertificate().fingerprint256);
        dialled.destroy();
      });
      dialled.on('error', () => done(null));
    });
    const old = await fingerprint();
    balancer.reload();
    await until(async () => {
      const now = await fingerprint();
      return now && now !== old;
    }, { name: 'the other certificate' });
    const { seq } = ok(await session.send(alice), 201);
    await socket.upTo(session, seq);
    assert.ok(seq > after);
    const again = await Socket.open(balancer.tlsUrl,
      { token: bob.access, ca: balancer.ca });
    await Promise.all([again.close(), socket.close()]);
  });

  test('it shows what its alarms are about', async () => {
    const rules = readFileSync(join(root, 'deploy/monitoring/alerts.yml'), 'utf8');
    const at = `http://127.0.0.1:${balancer.metricsPort}`;
    const shown = await (await fetch(`${at}/metrics`)).text();
    const names = new Set(rules.match(/\bhaproxy_\w+/g));
    assert.ok(names.size >= 5);
    for (const name of names) assert.match(shown, new RegExp(`^${name}\\b.* \\d`, 'm'));
    assert.equal((await fetch(`${at}/readyz`)).status, 404);
  });
});
