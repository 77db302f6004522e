// SIGTERM: a node that is asked to stop says so first, answers what it has
// taken, tells each WebSocket where it got to, and ends in time.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUsers } from '../testlib/api.mjs';
import { Socket, problem } from '../testlib/socket.mjs';
import { sleep, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('drain', { concurrency: false }, () => {
  let postgres, stays, goes, alice, bob, session;
  const drain = { HERMETIC_DRAIN_SECONDS: '2' };
  before(async () => {
    postgres = await startPostgres();
    [stays, goes] = await Promise.all([{}, drain].map(env =>
      startNode({ postgres, env })));
    [alice, bob] = await newUsers(stays.url, 'alice', 'bob');
    session = await Session.pair(alice, bob);
  });
  after(async () => {
    await stays?.stop();
    await postgres?.stop();
  });

  const ready = node => fetch(`${node.url}/readyz`,
    { headers: { connection: 'close' } }).then(async r => {
    await r.arrayBuffer();
    return r.status;
  }, () => 0);

  // A client that sends until it is told to stop, each envelope until it is
  // acknowledged, wherever that is.
  function rest(acked) {
    const self = { goOn: true };
    self.done = (async () => {
      while (self.goOn) {
        const envelope = base64(session.envelope());
        for (let i = 0; ; i++) {
          const answer = await alice.post(session.path('/send'), { envelope },
            { url: [goes, stays][i % 2].url }).catch(() => null);
          if (answer?.status < 300) {
            acked.set(envelope, answer.json.seq);
            break;
          }
          assert.ok(!answer || answer.status >= 500, JSON.stringify(answer));
        }
      }
    })();
    return self;
  }

  // One that listens, and sends without waiting for the answers.
  async function listener(acked) {
    const self = { all: [], goOn: true, refused: 0 };
    const socket = await Socket.of(bob, { url: goes.url });
    await socket.subscribe(session);
    self.socket = socket;
    self.sending = (async () => {
      while (self.goOn && !socket.over) {
        const envelope = base64(session.envelope());
        const id = ++socket.lastId;
        socket.send({ type: 'send', envelope, id });
        void socket.frame({ id }).then(a => {
          if (a.type === 'sent') acked.set(envelope, a.seq);
          else {
            problem(a, 503, 'unavailable');
            self.refused++;
          }
        }, () => {});
        await sleep(5);
      }
    })();
    return self;
  }

  test('under load: nothing is lost, all are told where to go on',
    async () => {
      const acked = new Map();
      const senders = [1, 2, 3].map(() => rest(acked));
      const listeners = await Promise.all([1, 2, 3, 4].map(() =>
        listener(acked)));
      await until(() => acked.size > 100);
      let how;
      void goes.ended.then(h => { how = h; });
      const start = performance.now();
      process.kill(goes.pid, 'SIGTERM');
      // not ready, but answering
      await until(async () => await ready(goes) === 503,
        { name: 'a node that is not ready' });
      const served = await bob.get('/sessions', { url: goes.url });
      assert.equal(served.status, 200);
      assert.equal(served.headers.get('connection'), 'close');
      await assert.rejects(Socket.of(bob, { url: goes.url }),
        { status: 503 });
      for (const { socket } of listeners) {
        const { code, reason } = await socket.closed;
        assert.deepEqual({ code, reason }, { code: 1001,
          reason: 'going away' });
        const last = socket.frames.at(-1);
        const got = socket.messages(session);
        got.forEach((m, i) => assert.equal(m.seq, i + 1));
        assert.deepEqual(last, { type: 'going_away', resume: [
          { session_id: session.id, after: got.length }] });
        const answered = new Set(socket.frames.map(f => f.id));
        for (let id = 1; answered.has(id + 1); id++)
          assert.ok(answered.has(id), 'each that was read has its answer');
      }
      assert.ok(performance.now() - start < 2000, 'before it ends');
      await until(() => how, { name: 'its end' });
      assert.ok(performance.now() - start < 12_000);
      assert.equal(how.code, 0, goes.log());
      for (const s of senders) s.goOn = false;
      await Promise.all(senders.map(s => s.done));
      // they go on elsewhere, and every acknowledged message is there, once
      const log = [];
      for (let page; page?.length !== 0; log.push(...page))
        page = await session.history(alice,
          `?after=${log.length}&limit=500`);
      for (const [envelope, seq] of acked)
        assert.equal(log[seq - 1].envelope, envelope);
      const once = new Set(log.map(m => m.envelope));
      assert.equal(once.size, log.length);
      for (const { socket } of listeners) {
        const { after } = socket.frames.at(-1).resume[0];
        const again = await Socket.of(bob, { url: stays.url });
        await again.subscribe(session, after);
        const rest = await again.upTo(session, log.length, after);
        assert.deepEqual([...socket.messages(session), ...rest]
          .map(m => m.head), log.map(m => m.head));
        await again.close();
      }
      await goes.stop();
    });

  test('a client that never ends its side: it stops in time',
    async () => {
      goes = await startNode({ postgres, env: { HERMETIC_DRAIN_SECONDS: '0' } });
      const socket = await Socket.of(bob, { url: goes.url });
      await socket.subscribe(session);
      socket.ws._socket.pause(); // never reads, so it never closes
      const start = performance.now();
      await goes.stop();
      assert.ok(performance.now() - start < 14_000);
      socket.ws.terminate();
    });
});
