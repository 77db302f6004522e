// Clients that would hurt others, many of each, and one that measures whether
// they do.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

import WebSocket from 'ws';

import { base64 } from './api.mjs';
import { Socket } from './socket.mjs';
import { sleep } from './stack.mjs';

/** Bytes of memory that a node's workers hold for themselves. */
export const memoryOf = node => node.pids().slice(1).reduce((sum, pid) =>
  sum + Number(readFileSync(`/proc/${pid}/status`, 'utf8')
    .match(/RssAnon:\s+(\d+) kB/)[1]) * 1024, 0);

/** Subscribers that never read: { sockets, closed }, closed once all are. */
export async function mutes(node, device, session, count) {
  const all = await Promise.all(Array.from({ length: count }, () =>
    new Promise((done, fail) => {
      const ws = new WebSocket(node.wsUrl, ['hermetic.v1'],
        { perMessageDeflate: false,
          headers: { authorization: `Bearer ${device.access}` } });
      ws.on('error', fail);
      ws.on('open', () => ws.send(JSON.stringify({ type: 'subscribe', id: 1,
        session_id: session.id, after: 0 })));
      ws.once('message', () => { // it is subscribed
        ws.pause();
        done(ws);
      });
    })));
  // once they are let go on, each finds out how it ended
  const end = ws => new Promise(done => {
    ws.on('close', (code, reason) => done({ code, reason: `${reason}` }));
    ws.resume();
  });
  return { sockets: all, ends: () => Promise.all(all.map(end)) };
}

/** Requests of which a byte comes now and then: { statuses } when all ended. */
export function drips(node, count, everyMs = 200) {
  return Promise.all(Array.from({ length: count }, () => new Promise(done => {
    const socket = connect(node.port, '127.0.0.1');
    const timer = setInterval(() => socket.write('x'), everyMs);
    let text = '';
    socket.on('connect', () => socket.write('GET /healthz HTTP/1.1\r\nX: '));
    socket.on('data', d => { text += d; });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      done(Number(text.match(/^HTTP\/1.1 (\d+)/)?.[1] ?? 0));
    });
  })));
}

/** Connections that come and go as fast as they can, until stop(). */
export function flood(node, abreast = 64) {
  const self = { count: 0, goOn: true };
  const one = () => new Promise(done => {
    const socket = connect(node.port, '127.0.0.1', () => {
      self.count++;
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', done);
  });
  const running = Array.from({ length: abreast }, async () => {
    while (self.goOn) await one();
  });
  self.stop = () => {
    self.goOn = false;
    return Promise.all(running);
  };
  return self;
}

/** A percentile of numbers. */
export const percentile = (list, p) =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length * p)];

/**
 * Somebody who behaves: sends to `session` every `everyMs`, and hears it. Its
 * stop() gives the milliseconds from a send to its delivery.
 */
export async function probe(sender, hearer, session, everyMs = 20) {
  const socket = await Socket.of(hearer);
  const { last_seq: after } = await socket.subscribe(session);
  const begun = new Map(), ms = [];
  const mine = new Set();
  let goOn = true;
  socket.ws.on('message', data => {
    const f = JSON.parse(data);
    if (!begun.has(f.envelope)) return;
    ms.push(performance.now() - begun.get(f.envelope));
    begun.delete(f.envelope);
  });
  const sending = (async () => {
    while (goOn) {
      const envelope = base64(session.envelope());
      begun.set(envelope, performance.now());
      const sent = sender.post(session.path('/send'), { envelope });
      mine.add(sent);
      void sent.then(a => a.status === 201 || begun.delete(envelope));
      await Promise.race([sent, sleep(everyMs)]);
      await sleep(everyMs);
    }
  })();
  return { after, stop: async () => {
    goOn = false;
    await sending;
    const answers = await Promise.all(mine);
    await socket.until(() => begun.size === 0, 20_000, 'the last delivery');
    await socket.close();
    return { ms, statuses: answers.map(a => a.status) };
  } };
}
