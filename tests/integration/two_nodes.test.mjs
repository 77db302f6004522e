// Two nodes on one database: what one stores reaches the subscribers of the
// other, whatever happens to those who carry the news.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUser, nextHead, ok } from '../testlib/api.mjs';
import { Socket } from '../testlib/socket.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('two nodes', { concurrency: false }, () => {
  let postgres, one, two, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    [one, two] = await Promise.all([1, 2].map(() =>
      startNode({ postgres, env: { HERMETIC_ACCESS_LOG: '1' } })));
    [alice, bob] = await Promise.all([newUser(one.url, 'alice'),
      newUser(two.url, 'bob')]);
  });
  after(async () => {
    await Promise.all([one?.stop(), two?.stop()]);
    await postgres?.stop();
  });

  const pair = () => Session.pair(alice, bob);

  // A socket on each worker, most likely.
  const several = (device, node, session, count = 6) =>
    Promise.all(Array.from({ length: count }, async () => {
      const socket = await Socket.of(device, { url: node.url });
      await socket.subscribe(session);
      return socket;
    }));
  const closeAll = sockets => Promise.all(sockets.map(s => s.close()));
  const listeners = () => postgres.backends('hermetic listener');

  test('sent to one, pushed by the other', async () => {
    const session = await pair();
    const sockets = [...await several(bob, two, session),
      ...await several(alice, one, session)];
    await Promise.all(sockets.map(s => s.upTo(session, 1)));
    for (let i = 0; i < 20; i++) {
      const start = performance.now();
      const sent = ok(await session.send(...i % 2
        ? [bob, { url: two.url }] : [alice, { url: one.url }]), 201);
      const all = await Promise.all(sockets.map(s =>
        s.upTo(session, sent.seq)));
      assert.ok(performance.now() - start < 4000, 'that was the sweep');
      for (const got of all) assert.equal(got.at(-1).head, sent.head);
    }
    await closeAll(sockets);
  });

  test('a small message goes with its notice; a large one is read', async () => {
    const session = await pair();
    const sockets = await several(bob, two, session);
    await Promise.all(sockets.map(s => s.upTo(session, 1)));
    const queries = () => postgres.backends('hermetic queries');
    const readers = await queries();
    let sent;
    for (const pid of readers) process.kill(pid, 'SIGSTOP');
    try { // nobody can read now
      for (let i = 0; i < 5; i++)
        sent = ok(await session.send(alice, { url: one.url }), 201);
      const all = await Promise.all(sockets.map(s => s.upTo(session, sent.seq)));
      for (const got of all) assert.equal(got.at(-1).head, sent.head);
      assert.deepEqual(await queries(), readers); // and nobody else has read
    } finally {
      for (const pid of readers) process.kill(pid, 'SIGCONT');
    }
    sent = ok(await session.send(alice, { url: one.url, length: 9000 }), 201);
    const next = ok(await session.send(alice, { url: one.url }), 201);
    const all = await Promise.all(sockets.map(s => s.upTo(session, next.seq)));
    for (const got of all) {
      assert.deepEqual(got.slice(-2).map(m => m.head), [sent.head, next.head]);
      assert.deepEqual(got, all[0]);
    }
    await closeAll(sockets);
  });

  test('whoever may notify shows nothing', async () => {
    const session = await pair();
    const sockets = await several(bob, two, session);
    await Promise.all(sockets.map(s => s.upTo(session, 1)));
    // the row that would come next, as a node writes it but for the seal
    const number = n => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };
    const id = text => Buffer.from(text.replaceAll('-', ''), 'hex');
    const row = Buffer.concat([id(session.id), number(2), id(alice.id), number(1),
      Buffer.from([1]), Buffer.alloc(64, 7), number(Date.now()), Buffer.from([0]),
      session.envelope()]);
    for (const bytes of [row, Buffer.concat([Buffer.alloc(12), row, Buffer.alloc(16)])])
      await postgres.psql(`SELECT pg_notify('hermetic', E'n 00000000000000ff\\n' ||
        's ${session.id} 2 ${base64(bytes)}\n')`, { url: postgres.rotationUrl });
    const sent = ok(await session.send(alice, { url: one.url }), 201);
    for (const socket of sockets) {
      const got = await socket.upTo(session, 2);
      assert.deepEqual(got.map(m => m.seq), [1, 2]);
      assert.equal(got[1].head, sent.head);
    }
    await closeAll(sockets);
  });

  test('what a request is called goes with its message', async () => {
    const session = await pair();
    const [socket] = await several(bob, two, session, 1);
    const trace = 'c'.repeat(32);
    const headers = { 'x-request-id': 'hers',
      traceparent: `00-${trace}-${'d'.repeat(16)}-01` };
    const { seq } = ok(await session.send(alice, { url: one.url, headers }),
      201);
    await socket.upTo(session, seq);
    const lines = async (node, event, id, from = 0) => {
      const all = () => node.log().slice(from).split('\n').filter(l =>
        l.includes(`"${event}"`) && l.includes(`"request_id":"${id}`));
      await until(() => all().length, { name: `${event} ${id}` });
      return all().map(l => JSON.parse(l));
    };
    const [asked] = await lines(one, 'request', 'hers');
    const [{ time, after_ms, ...given }] = await lines(two, 'delivered', 'hers');
    assert.ok(time && after_ms >= 0);
    assert.deepEqual(given, { level: 'info', event: 'delivered',
      request_id: 'hers', trace_id: trace, parent_id: asked.span_id, seq,
      receivers: 1 });

    const { length } = two.log();
    const [hers] = await several(alice, one, session, 1);
    const sent = await hers.ask({ type: 'send',
      envelope: base64(session.envelope()) });
    await socket.upTo(session, sent.seq);
    const [{ request_id: id }] = await lines(two, 'delivered', '', length);
    assert.match(id, /\.[0-9]+$/);
    const connection = (await lines(one, 'request', id.split('.')[0]))[0];
    assert.equal(connection.status, 101);
    await closeAll([socket, hers]);
  });

  test('both send at once: one order for all', async () => {
    const session = await pair();
    const sockets = [...await several(bob, two, session),
      ...await several(alice, one, session)];
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) =>
      session.send(i % 2 ? alice : bob,
        { url: [one, two][i % 3 % 2].url })));
    for (const a of answers) ok(a, 201);
    const [first, ...rest] = await Promise.all(sockets.map(s =>
      s.upTo(session, 201)));
    for (const other of rest) assert.deepEqual(other, first);
    for (let i = 1; i < first.length; i++)
      assert.equal(nextHead(first[i - 1].head, first[i]), first[i].head);
    await closeAll(sockets);
  });

  test('each node has one connection that listens', async () => {
    assert.equal((await listeners()).length, 2);
  });

  test('killing those who listen loses nothing', async () => {
    const session = await pair();
    const sockets = await several(bob, two, session);
    let sent = 1, goOn = true;
    const sending = (async () => {
      while (goOn) {
        ok(await session.send(alice), 201);
        sent++;
      }
    })();
    for (let i = 0; i < 5; i++) {
      const from = sent;
      const before = await listeners();
      await postgres.killBackend('hermetic listener');
      await until(async () => {
        const now = await listeners();
        return now.length === 2 && now.every(pid => !before.includes(pid));
      }, { name: 'new listeners' });
      await until(() => sent > from + 10);
    }
    goOn = false;
    await sending;
    const start = performance.now();
    const all = await Promise.all(sockets.map(s => s.upTo(session, sent)));
    assert.ok(performance.now() - start < 4000);
    assert.equal(all[0].length, sent);
    await closeAll(sockets);
  });

  test('a message stored while nobody listens is found afterwards',
    async () => {
      const session = await pair();
      const sockets = await several(bob, two, session);
      await Promise.all(sockets.map(s => s.upTo(session, 1)));
      // no notice at all: stored behind the nodes' backs
      await postgres.killBackend('hermetic listener');
      ok(await session.send(alice), 201);
      await Promise.all(sockets.map(s => s.upTo(session, 2)));
      await closeAll(sockets);
    });

  test('a notice that was lost is made good', async () => {
    const session = await pair();
    const sockets = await several(bob, two, session);
    await Promise.all(sockets.map(s => s.upTo(session, 1)));
    // as if the node had died between the commit and its NOTIFY
    const other = await pair();
    ok(await other.send(alice), 201);
    await postgres.psql(`INSERT INTO hermetic.message
      (session_id, seq, kind, epoch, sender, nonce, envelope, head, sent_at)
      SELECT '${session.id}', 2, 1, 1, sender, decode(md5('x'), 'hex'),
        envelope, head, now() FROM hermetic.message
        WHERE session_id = '${other.id}' AND seq = 2;
      UPDATE hermetic.session SET last_seq = 2
        WHERE session_id = '${session.id}'`);
    await Promise.all(sockets.map(s => s.upTo(session, 2)));
    await closeAll(sockets);
  });

  test('every connection to the database dies: all goes on', async () => {
    const session = await pair();
    const sockets = await several(bob, two, session);
    for (let i = 0; i < 3; i++) {
      await postgres.killBackend('hermetic %');
      const envelope = base64(session.envelope());
      const answer = await until(async () => {
        const a = await alice.post(session.path('/send'), { envelope });
        return a.status < 300 && a;
      }, { name: 'an answer' });
      await Promise.all(sockets.map(s => s.upTo(session, answer.json.seq)));
    }
    await closeAll(sockets);
  });

  test('a worker that dies: its clients go on elsewhere, the others listen',
    async () => {
      const session = await pair();
      const [, first] = two.pids(); // the one that listens, or not
      const sockets = await several(bob, two, session, 16);
      await Promise.all(sockets.map(s => s.upTo(session, 1)));
      process.kill(first, 'SIGKILL');
      for (let i = 0; i < 10; i++) ok(await session.send(alice), 201);
      await until(() => sockets.some(s => s.over), { name: 'a cut' });
      await Promise.all(sockets.map(async s => {
        const whole = await s.upTo(session, 11).then(() => true, () => false);
        if (whole) return;
        assert.ok(s.over, 'not cut, and yet not served');
        const had = s.messages(session);
        had.forEach((m, i) => assert.equal(m.seq, i + 1));
        const again = await until(() => Socket.of(bob, { url: two.url })
          .catch(() => null), { name: 'another connection' });
        await again.subscribe(session, had.length);
        await again.upTo(session, 11, had.length);
        await again.close();
      }));
      await until(async () => (await listeners()).length === 2,
        { name: 'a listener again' });
      await two.ready();
      await closeAll(sockets.filter(s => !s.over));
    });

  test('a worker that hangs: another one stores what it was handed',
    async () => {
      const session = await pair();
      const [, first] = one.pids();
      process.kill(first, 'SIGSTOP'); // it writes for all of the node
      let stored = 0;
      try {
        // new connections: whom the kernel gives to the other worker goes on
        const sent = Array.from({ length: 12 }, () =>
          session.send(alice, { url: one.url })
            .then(a => { ok(a, 201); stored++; }));
        await until(() => stored > 0, { name: 'an answer without the first' });
        process.kill(first, 'SIGCONT');
        await Promise.all(sent);
      } finally {
        process.kill(first, 'SIGCONT');
      }
      const seqs = (await session.history(bob)).map(m => m.seq);
      assert.deepEqual(seqs, Array.from({ length: 13 }, (_, i) => i + 1)
        .slice(13 - seqs.length));
      assert.ok(seqs.length >= 12, `${seqs.length} stored`);
    });

  test('a node is killed: what it answered is there', async () => {
    const session = await pair();
    const sockets = await several(bob, one, session);
    const answered = [];
    let goOn = true;
    const sending = [1, 2, 3, 4].map(async () => {
      while (goOn) {
        const envelope = base64(session.envelope());
        const answer = await bob.post(session.path('/send'), { envelope })
          .catch(() => null);
        if (answer?.status === 201) answered.push({ envelope, ...answer.json });
      }
    });
    await until(() => answered.length > 100);
    await two.kill();
    goOn = false;
    await Promise.all(sending);
    const log = [];
    for (let after = 0, page; page?.length !== 0; after += page.length) {
      page = await session.history(alice, `?after=${after}&limit=500`);
      log.push(...page);
    }
    for (const a of answered)
      assert.equal(log[a.seq - 1].envelope, a.envelope);
    const all = await Promise.all(sockets.map(s =>
      s.upTo(session, log.length)));
    for (const got of all)
      assert.deepEqual(got.map(({ type, ...m }) => m), log);
    await closeAll(sockets);
    two = await startNode({ postgres });
    bob.url = two.url;
  });
});
