// The WebSocket, with a client library that others use too.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Session, base64, call, newUsers, nextHead, ok, refused } from '../testlib/api.mjs';
import { newNonce, noise } from '../testlib/mls.mjs';
import { Socket, problem } from '../testlib/socket.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('the WebSocket', { concurrency: false }, () => {
  let postgres, node, url, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    url = node.url;
    [alice, bob, carol] = await newUsers(url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const pair = () => Session.pair(alice, bob);

  const send = (socket, session, options) => socket.ask({ type: 'send',
    envelope: base64(session.envelope(options)) });

  test('the token in the header, or as a subprotocol', async () => {
    const one = await Socket.of(alice);
    assert.equal(one.ws.protocol, 'hermetic.v1');
    const two = await Socket.open(url,
      { protocols: ['hermetic.v1', `bearer.${alice.access}`] });
    assert.equal(two.ws.protocol, 'hermetic.v1');
    for (const socket of [one, two]) {
      assert.deepEqual(await socket.ask({ type: 'ping' }),
        { type: 'pong', id: 1 });
      assert.equal((await socket.close()).code, 1000);
    }
  });

  test('one envelope in any spelling of its frame is one message', async () => {
    const session = await pair();
    const a = await Socket.of(alice);
    const text = base64(session.envelope());
    const { seq } = await a.ask({ type: 'send', envelope: text });
    const spellings = [
      `{"type":"send","id":71,"envelope":"${text}"}`,
      `{"type":"send","id":72,"envelope":"${text}" }`,
      `{ "type":"send","id":73,"envelope":"${text}"}`,
      `{"id":74,"type":"send","envelope":"${text}"}`,
      `{"type":"send","id":75,"envelope":"${text.replaceAll('/', '\\/')}"}`,
    ];
    for (const spelling of spellings) {
      a.ws.send(spelling);
      const id = Number(spelling.match(/"id":(\d+)/)[1]);
      assert.equal((await a.frame({ id })).seq, seq, spelling);
    }
    for (const bad of [`{"type":"send","id":07,"envelope":"${text}"}`,
      `{"type":"send","id":-7,"envelope":"${text}"}`,
      `{"type":"send","id":9223372036854775808,"envelope":"${text}"}`,
      `{"type":"send","id":7,"envelope":"${text}="}`,
      `{"type":"send","id":7,"envelope":""}`,
      `{"type":"send","id":7,"envelope":"${text}","more":""}`]) {
      const b = await Socket.of(alice);
      b.ws.send(bad);
      assert.equal((await b.closed).code, 4400, bad);
    }
    await a.close();
  });

  test('refused before it opens', async () => {
    const refusal = async options => {
      const e = await Socket.open(url, options).then(() => null, e => e);
      assert.ok(e, 'it opened');
      return e.status;
    };
    assert.equal(await refusal({}), 401);
    assert.equal(await refusal({ token: `${alice.access}x` }), 401);
    assert.equal(await refusal({ protocols: ['hermetic.v1', 'bearer.x'] }),
      401);
    assert.equal(await refusal({
      protocols: ['hermetic.v1', `x-bearer.${alice.access}`] }), 401);
    assert.equal(await refusal({ token: alice.access, protocols: [] }), 400);
    assert.equal(await refusal({ token: alice.access,
      protocols: ['hermetic.v2'] }), 400);
    const plain = await alice.get('/ws',
      { headers: { 'sec-websocket-protocol': 'hermetic.v1' } });
    refused(plain, 426, 'upgrade-required');
  });

  test('send and subscribe: each message once, in order', async () => {
    const session = await pair();
    const a = await Socket.of(alice), b = await Socket.of(bob);
    assert.equal((await b.subscribe(session)).last_seq, 1);
    await a.subscribe(session, 1);
    const sent = [];
    for (let i = 0; i < 20; i++)
      sent.push(await send(i % 2 ? a : b, session));
    assert.deepEqual(sent.map(s => s.seq), sent.map((_, i) => i + 2));
    ok(await session.send(bob), 201);
    const got = await b.upTo(session, 22);
    assert.deepEqual(got.map(({ type, ...m }) => m),
      await session.history(bob));
    assert.deepEqual(await a.upTo(session, 22, 1), got.slice(1));
    for (const s of sent) {
      assert.equal(got[s.seq - 1].head, s.head);
      assert.equal(got[s.seq - 1].sent_at, s.sent_at);
    }
    for (let i = 1; i < got.length; i++)
      assert.equal(nextHead(got[i - 1].head, got[i]), got[i].head);
    assert.equal((await a.ask({ type: 'unsubscribe',
      session_id: session.id })).type, 'unsubscribed');
    ok(await session.send(bob), 201);
    await b.upTo(session, 23);
    await a.ask({ type: 'ping' });
    assert.equal(a.messages(session).length, 21);
    await a.subscribe(session, 22);
    await a.until(() => a.messages(session).at(-1).seq === 23);
    await Promise.all([a.close(), b.close()]);
  });

  test('a long log is caught up, while more comes', async () => {
    const session = await pair();
    const bytes = () => base64(session.envelope({ length: 2000 }));
    const batch = n => Promise.all(Array.from({ length: n }, () =>
      alice.post(session.path('/send'), { envelope: bytes() })));
    for (let i = 0; i < 6; i++) await batch(100);
    const sockets = await Promise.all(Array.from({ length: 6 }, () =>
      Socket.of(bob)));
    const more = batch(100);
    await Promise.all(sockets.map((s, i) => s.subscribe(session, i * 100)));
    await more;
    await batch(50);
    const all = await Promise.all(sockets.map((s, i) =>
      s.upTo(session, 751, i * 100)));
    assert.equal(all[0].length, 751);
    await Promise.all(sockets.map(s => s.close()));
  });

  test('reconnecting again and again loses nothing, repeats nothing',
    async () => {
      const session = await pair();
      const total = 300;
      const sending = (async () => {
        for (let i = 0; i < total; i++) ok(await session.send(alice), 201);
      })();
      const got = [];
      let rounds = 0;
      while (got.length < total + 1) {
        const socket = await Socket.of(bob); // some worker or another
        const start = got.length;
        await socket.subscribe(session, start);
        await socket.until(() => socket.messages(session).length >= 15 ||
          start + socket.messages(session).length === total + 1);
        socket.ws.terminate();
        await socket.closed;
        got.push(...socket.messages(session));
        rounds++;
      }
      await sending;
      assert.deepEqual(got.map(({ type, ...m }) => m), await (async () => {
        const log = [];
        for (let after = 0; after < total + 1; after += 100)
          log.push(...await session.history(bob,
            `?after=${after}&limit=100`));
        return log;
      })());
      assert.ok(rounds > 3);
    });

  test('what REST refuses, the socket refuses, and stays', async () => {
    const session = await pair();
    const a = await Socket.of(alice), c = await Socket.of(carol);
    problem(await c.ask({ type: 'subscribe', session_id: session.id,
      after: 0 }), 403, 'not-a-member');
    problem(await c.ask({ type: 'subscribe', session_id: randomUUID(),
      after: 0 }), 403, 'not-a-member');
    problem(await send(c, session), 403, 'not-a-member');
    problem(await a.ask({ type: 'send', envelope: base64(noise(90)) }),
      422, 'envelope-invalid');
    problem(await send(a, session, { nonce: newNonce(0) }), 422,
      'nonce-expired');
    problem(await send(a, session, { length: 70_000 }), 413, 'too-large');
    problem(await send(a, session, { nonce: Buffer.alloc(16) }), 422,
      'nonce-expired');
    assert.equal(problem(await send(a, session, { epoch: 0 }), 409,
      'epoch-changed').epoch, 1);
    problem(await send(a, new Session(randomUUID(), session.algorithm, alice)), 404,
      'not-found');
    await a.subscribe(session);
    problem(await a.ask({ type: 'subscribe', session_id: session.id,
      after: 0 }), 409, 'conflict');
    const nonce = newNonce();
    const envelope = base64(session.envelope({ nonce }));
    const [one, two] = [await a.ask({ type: 'send', envelope }),
      await a.ask({ type: 'send', envelope })];
    assert.deepEqual({ ...one, id: 0 }, { ...two, id: 0 });
    problem(await send(a, session, { nonce }), 409, 'nonce-reused');
    assert.equal((await a.ask({ type: 'ping' })).type, 'pong');
    await Promise.all([a.close(), c.close()]);
  });

  test('what is no message of ours closes with 4400', async () => {
    for (const text of ['', 'x', '[]', '{}', '{"type":"dance","id":1}',
      '{"type":"ping","id":"1"}', '{"type":"ping","id":-1}',
      '{"type":"ping","id":1,"more":1}', '{"type":"ping","type":"ping"}',
      '{"type":"subscribe","id":1,"session_id":"x","after":0}',
      `{"type":"subscribe","id":1,"session_id":"${randomUUID()}"}`,
      '{"type":"send","id":1,"envelope":"*"}', '[['.repeat(50_000)]) {
      const socket = await Socket.of(alice);
      socket.ws.send(text);
      const { code, reason } = await socket.closed;
      assert.equal(code, 4400, text);
      assert.notEqual(reason, '');
    }
  });

  test('binary, not UTF-8, too big, a bad frame: a code for each', async () => {
    const after = async what => {
      const socket = await Socket.of(alice);
      what(socket.ws);
      return (await socket.closed).code;
    };
    assert.equal(await after(ws => ws.send(Buffer.from('{}'))), 1003);
    assert.equal(await after(ws => ws.send(Buffer.from([0x22, 0xff, 0x22]),
      { binary: false })), 1007);
    assert.equal(await after(ws =>
      ws.send(`"${'x'.repeat(2 << 20)}"`)), 1009);
    // an unmasked frame: 1002 (RFC 6455, 5.1)
    assert.equal(await after(ws => ws._socket.write(Buffer.from([0x81, 0x02,
      0x7b, 0x7d]))), 1002);
    // a reserved bit
    assert.equal(await after(ws => ws._socket.write(Buffer.from([0xc1, 0x80,
      1, 2, 3, 4]))), 1002);
  });

  test('fragments and control frames between them', async () => {
    const socket = await Socket.of(alice);
    const text = '{"type":"ping","id":7}';
    socket.ws.send(text.slice(0, 5), { fin: false });
    socket.ws.ping('between');
    socket.ws.send(text.slice(5, 11), { fin: false });
    socket.ws.send(text.slice(11), { fin: true });
    const pong = new Promise(done => socket.ws.on('pong', done));
    assert.deepEqual(await socket.frame({ id: 7 }), { type: 'pong', id: 7 });
    assert.equal((await pong).toString(), 'between');
    await socket.close();
  });

  test('who is removed hears no more', async () => {
    const session = await pair();
    const a = await Socket.of(alice), b = await Socket.of(bob);
    await a.subscribe(session);
    await b.subscribe(session);
    await session.remove(alice, bob);
    const ended = await b.frame({ type: 'unsubscribed' });
    assert.equal(ended.session_id, session.id);
    assert.equal(ended.reason, 'not-a-member');
    for (let i = 0; i < 5; i++) ok(await session.send(alice), 201);
    await a.upTo(session, 7);
    await b.ask({ type: 'ping' });
    assert.ok(b.messages(session).every(m => m.seq <= 2),
      'a message after the removal');
    problem(await b.ask({ type: 'subscribe', session_id: session.id,
      after: 0 }), 403, 'not-a-member');
    await Promise.all([a.close(), b.close()]);
  });

  test('who is removed hears no more, however much is on its way',
    async () => {
      const session = await pair();
      const sockets = await Promise.all([1, 2, 3, 4].map(() =>
        Socket.of(bob)));
      await Promise.all(sockets.map(s => s.subscribe(session)));
      const removal = await session.remove(alice, bob);
      await Promise.all(Array.from({ length: 50 }, () =>
        session.send(alice)));
      for (const s of sockets) {
        await s.frame({ type: 'unsubscribed', session_id: session.id });
        assert.equal(s.messages(session).at(-1)?.seq ?? 0, removal.seq);
        await s.close();
      }
    });

  test('who is removed while far behind gets all up to there, no more',
    async () => {
      const session = await pair();
      const b = await Socket.of(bob);
      b.ws.pause();
      for (let i = 0; i < 15; i++)
        await Promise.all(Array.from({ length: 10 }, () => alice.post(
          session.path('/send'),
          { envelope: base64(session.envelope({ length: 60_000 })) })));
      b.send({ type: 'subscribe', id: 99, session_id: session.id, after: 0 });
      await new Promise(done => setTimeout(done, 500));
      const removal = await session.remove(alice, bob);
      for (let i = 0; i < 5; i++) ok(await session.send(alice), 201);
      b.ws.resume();
      await b.frame({ type: 'unsubscribed', session_id: session.id });
      await b.upTo(session, removal.seq);
      await b.ask({ type: 'ping' });
      assert.equal(b.messages(session).at(-1).seq, removal.seq);
      await b.close();
    });

  test('a Welcome is announced', async () => {
    const b = await Socket.of(bob), c = await Socket.of(carol);
    const session = await Session.pair(alice, bob);
    const told = await b.frame({ type: 'welcome', session_id: session.id });
    const [welcome] = ok(await bob.get('/welcomes')).welcomes
      .filter(w => w.session_id === session.id);
    assert.equal(told.welcome_id, welcome.welcome_id);
    await c.ask({ type: 'ping' });
    assert.ok(!c.frames.some(f => f.type === 'welcome'));
    await Promise.all([b.close(), c.close()]);
  });

  test('a slow reader is cut off with where to go on', async () => {
    const session = await pair();
    const b = await Socket.of(bob);
    await b.subscribe(session);
    await b.upTo(session, 1);
    b.ws.pause();
    const bytes = () => base64(session.envelope({ length: 60_000 }));
    let sent = 1;
    // more than what sockets buffer and the server's budget together
    for (let i = 0; i < 30; i++) {
      const answers = await Promise.all(Array.from({ length: 8 }, () =>
        alice.post(session.path('/send'), { envelope: bytes() })));
      sent += answers.filter(a => a.status === 201).length;
    }
    b.ws.resume();
    const { code, reason } = await b.closed;
    assert.equal(code, 1013);
    const got = b.messages(session);
    got.forEach((m, i) => assert.equal(m.seq, i + 1));
    assert.equal(reason, `resume ${session.id} ${got.length + 1}`);
    assert.ok(got.length < sent, 'the server kept it all');
    const again = await Socket.of(bob);
    await again.subscribe(session, got.length);
    await again.upTo(session, sent, got.length);
    await again.close();
  });

  test('who reads a long log slowly is fed slowly, not cut off', async () => {
    const session = await pair();
    for (let i = 0; i < 10; i++)
      await Promise.all(Array.from({ length: 10 }, () => alice.post(
        session.path('/send'),
        { envelope: base64(session.envelope({ length: 60_000 })) })));
    const b = await Socket.of(bob);
    await b.subscribe(session);
    for (let i = 0; i < 10; i++) {
      b.ws.pause();
      await new Promise(done => setTimeout(done, 100));
      b.ws.resume();
      await new Promise(done => setTimeout(done, 10));
    }
    await b.upTo(session, 101);
    await b.close();
  });

  test('the token ends: 4401', async () => {
    const brief = await startNode({ postgres, workers: 1,
      env: { HERMETIC_ACCESS_TOKEN_SECONDS: '5' } });
    try {
      const tokens = ok(await call(brief.url, 'POST', '/auth/refresh',
        { json: { refresh_token: carol.refreshToken } }));
      const socket = await Socket.open(brief.url,
        { token: tokens.access_token });
      assert.equal((await socket.closed).code, 4401);
      carol.take(ok(await call(url, 'POST', '/auth/refresh',
        { json: { refresh_token: tokens.refresh_token } })));
    } finally {
      await brief.stop();
    }
  });

  test('a node that goes away says so; what was sent is answered',
    async () => {
      const brief = await startNode({ postgres });
      const session = await pair();
      const socket = await Socket.of(bob, { url: brief.url });
      await socket.subscribe(session);
      for (let i = 0; i < 20; i++)
        socket.send({ type: 'send', id: 100 + i,
          envelope: base64(session.envelope()) });
      await socket.frame({ id: 119 });
      const stopping = brief.stop();
      const { code, reason } = await socket.closed;
      assert.equal(code, 1001);
      assert.notEqual(reason, '');
      await stopping;
      assert.equal((await session.history(bob)).length, 21);
    });

  test('nothing is kept of those who are gone', async () => {
    for (let i = 0; i < 50; i++) {
      const socket = await Socket.of(alice);
      socket.send({ type: 'subscribe', id: 1, session_id: randomUUID(),
        after: 0 });
      socket.ws.terminate(); // with its question still open
      await socket.closed;
    }
    assert.equal(node.log().match(/"level":"error"/g), null);
    ok(await call(url, 'GET', '/readyz'));
  });
});
