// Messages over REST: sending, the order, the chain, history.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import {
  Session, base64, bytesOf, firstHead, newUser, newUsers, nextHead, ok, refused,
} from '../testlib/api.mjs';
import { newNonce, privateMessage, suites } from '../testlib/mls.mjs';
import { needsOwn, root, startNode, startPostgres, until } from '../testlib/stack.mjs';

const NONCE = 25; // where it stands in an envelope

describe('messages', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres,
      env: { HERMETIC_ALGORITHMS: Object.keys(suites).join() } });
    [alice, bob, carol] = await newUsers(node.url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const pair = options => Session.pair(alice, bob, options);

  function checkChain(session, messages) {
    let head = firstHead(session.id);
    messages.forEach((m, i) => {
      assert.equal(m.seq, i + 1);
      head = nextHead(head, m);
      assert.equal(m.head, head, `head ${m.seq}`);
    });
  }

  // The writer's statement waits for the session's row with a snapshot that is
  // older than what another node stores meanwhile, and sees the new epoch.
  test('stored by another node just before the epoch changed', async () => {
    const session = await pair();
    const bytes = session.envelope();
    const hex = b => `'{"\\\\x${b.toString('hex')}"}'`;
    const statement = readFileSync(join(root, 'sql/message_append.sql'), 'utf8')
      .trim().replace(/;$/, '');
    const waits = `SELECT FROM ${postgres.waiting}
      WHERE application_name = 'hermetic writer'`;
    const other = postgres.psql(`SET search_path = hermetic;
      SET application_name = 'the other node';
      PREPARE append AS ${statement};
      BEGIN;
      SELECT FROM session WHERE session_id = '${session.id}' FOR UPDATE;
      DO $$ BEGIN
        WHILE NOT EXISTS (${waits}) LOOP
          PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
        END LOOP;
      END $$;
      EXECUTE append ('{${session.id}}', '{${alice.id}}', '{${session.epoch}}',
        ${hex(bytes.subarray(NONCE, NONCE + 16))}, ${hex(bytes)}, '{""}', '{-1}',
        '{""}', 0, 0, 0, 0, '{0}', ${postgres.bucket(session.id)});
      UPDATE session SET epoch = epoch + 1 WHERE session_id = '${session.id}';
      COMMIT;`);
    await until(async () => (await postgres.rows(`SELECT pid
      FROM pg_stat_activity WHERE application_name = 'the other node'
        AND wait_event = 'PgSleep'`)).length === 1, { name: 'the lock' });
    const answer = await alice.post(session.path('/send'),
      { envelope: base64(bytes) });
    assert.match(await other, /^ok\|2\|/m);
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    assert.equal(answer.json.seq, 2);
    const log = await session.history(bob);
    assert.equal(log.filter(m => m.envelope === base64(bytes)).length, 1);
  });

  test('what does not change is not sent twice', async () => {
    const session = await pair();
    for (let i = 0; i < 3; i++)
      ok(await alice.post(session.path('/send'),
        { envelope: base64(session.envelope()) }), 201);
    const ask = (path, known, accept) => bob.call('GET', session.path(path),
      { accept, headers: known ? { 'if-none-match': known } : {} });
    for (const [path, accept] of [['/messages/2'],
      ['/messages/2', 'application/octet-stream'],
      ['/messages?limit=2'], ['/messages?before=4&limit=2']]) {
      const whole = await ask(path, undefined, accept);
      const tag = whole.headers.get('etag');
      assert.equal(whole.status, 200);
      assert.match(tag, /^"[0-9a-f]{32}"$/);
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const same = await ask(path, known, accept);
        assert.equal(same.status, 304, known);
        assert.equal(same.bytes.length, 0);
        assert.equal(same.headers.get('etag'), tag);
      }
      const other = await ask(path, '"other"', accept);
      assert.equal(other.status, 200);
      assert.deepEqual(other.bytes, whole.bytes);
    }
    // the last page grows
    const last = await ask('/messages', '*');
    assert.equal(last.status, 200);
    assert.equal(last.headers.get('etag'), null);
    const tags = await Promise.all([undefined, 'application/octet-stream']
      .map(async accept => (await ask('/messages/2', undefined, accept))
        .headers.get('etag')));
    assert.notEqual(tags[0], tags[1]);
  });

  test('the log by its commits: messages come without their bytes', async () => {
    const session = await Session.pair(alice, bob, { invite: [carol.username] });
    for (let i = 0; i < 3; i++) ok(await session.send(alice), 201);
    ok(await session.change(bob), 201);
    const whole = await session.history(bob);
    const seen = whole.map(({ envelope, ...m }) =>
      m.kind === 1 ? m : { envelope, ...m });
    const path = query => session.path(`/messages?handshake=true${query}`);
    // who is invited may read that, and nothing else
    for (const device of [bob, carol]) {
      const page = ok(await device.get(path('')));
      assert.deepEqual(page, { messages: seen });
    }
    checkChain(session, seen);
    refused(await carol.get(session.path('/messages')), 403, 'not-a-member');
    const stranger = await newUser(node.url, 'stranger');
    refused(await stranger.get(path('')), 403, 'not-invited');
    const read = [];
    for (let next = 0; next !== undefined;) {
      const answer = await carol.get(path(`&after=${next}&limit=2`));
      read.push(...ok(answer).messages);
      ({ next } = answer.json);
      assert.equal(/handshake=true/.test(answer.headers.get('link')),
        next !== undefined);
    }
    assert.deepEqual(read, seen);
    assert.deepEqual(ok(await carol.get(path('&after=5'))), { messages: [] });
    for (const query of ['&before=3', '&limit=5001', '&limit=0'])
      refused(await carol.get(path(query)), 400, 'malformed');
    refused(await carol.get(session.path('/messages?handshake=yes')), 400,
      'malformed');
    ok(await carol.get(path('&limit=5000')));
  });

  test('the log by its commits: a page is bounded in bytes', async () => {
    const session = await pair();
    await postgres.psql(`SET search_path = hermetic;
      INSERT INTO message (session_id, sender, seq, epoch, sent_at, kind,
          nonce, head, envelope, hash)
        SELECT '${session.id}', '${alice.id}', n + 1, 1, now(), 2,
          decode(lpad(to_hex(n), 32, '0'), 'hex'), sha256('head'),
          decode(repeat('00', 900000), 'hex'), sha256('bytes')
        FROM generate_series(1, 9) n;
      UPDATE session SET last_seq = 10 WHERE session_id = '${session.id}'`);
    const seqs = [];
    for (let next = 0; next !== undefined;) {
      const page = ok(await bob.get(
        session.path(`/messages?handshake=true&after=${next}&limit=5000`)));
      seqs.push(page.messages.map(m => m.seq));
      ({ next } = page);
    }
    assert.deepEqual(seqs, [[1, 2, 3, 4, 5], [6, 7, 8, 9], [10]]);
  });

  test('sent as JSON and as bytes, read as both, in each algorithm',
    async () => {
      for (const algorithm of Object.keys(suites)) {
        const session = await pair({ algorithm });
        const first = session.envelope(), second = session.envelope();
        const before = Date.now();
        const one = ok(await alice.post(session.path('/send'),
          { envelope: base64(first) }), 201);
        const two = ok(await bob.call('POST', session.path('/send'),
          { bytes: second, type: 'application/octet-stream' }), 201);
        assert.ok(Math.abs(one.sent_at - before) < 60_000);
        assert.deepEqual([one.seq, two.seq], [2, 3]);

        const log = await session.history(bob);
        assert.deepEqual(log.map(m => [m.seq, m.kind, m.sender, m.epoch]),
          [[1, 2, alice.id, 0], [2, 1, alice.id, 1], [3, 1, bob.id, 1]]);
        assert.equal(log[1].envelope, base64(first));
        assert.equal(log[2].envelope, base64(second));
        assert.equal(log[2].head, two.head);
        checkChain(session, log);

        assert.deepEqual(ok(await bob.get(session.path('/messages/2'))),
          log[1]);
        const raw = await bob.get(session.path('/messages/3'),
          { accept: 'application/octet-stream' });
        assert.equal(raw.status, 200);
        assert.deepEqual(raw.bytes, second);
        assert.equal(raw.headers.get('hermetic-seq'), '3');
        assert.equal(raw.headers.get('hermetic-kind'), '1');
        assert.equal(raw.headers.get('hermetic-head'), log[2].head);
        const commit = await bob.get(session.path('/messages/1'),
          { accept: 'application/octet-stream' });
        assert.equal(commit.headers.get('hermetic-kind'), '2');
        assert.deepEqual(commit.bytes, bytesOf(log[0].envelope));
        const found = ok(await alice.get(session.path()));
        assert.equal(found.last_seq, 3);
        assert.equal(found.head, two.head);
      }
    });

  test('the same nonce again: the first answer, whatever happened since',
    async () => {
      const session = await pair();
      const envelope = session.envelope({ nonce: newNonce() });
      const send = () => alice.post(session.path('/send'),
        { envelope: base64(envelope) });
      const answers = await Promise.all(Array.from({ length: 8 }, send));
      assert.equal(answers.filter(a => a.status === 201).length, 1);
      assert.equal(answers.filter(a => a.status === 200).length, 7);
      for (const a of answers) assert.deepEqual(a.json, answers[0].json);

      const nonce = envelope.subarray(25, 41);
      refused(await session.send(alice, { nonce }), 409, 'nonce-reused');
      refused(await session.send(bob, { nonce }), 409, 'nonce-reused');
      await session.add(alice, carol); // another epoch
      assert.deepEqual(ok(await send()), answers[0].json);
      refused(await session.send(alice, { nonce }), 409, 'nonce-reused');
      // in another session it is another nonce
      const other = await pair();
      ok(await other.send(alice, { nonce }), 201);
      assert.equal((await session.history(alice)).length, 3);
    });

  test('only envelopes of the current epoch', async () => {
    const session = await pair();
    for (const epoch of [0, 2])
      assert.equal(refused(await session.send(alice, { epoch }), 409,
        'epoch-changed').epoch, 1);
    for (const epoch of [2n ** 32n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n])
      refused(await session.send(alice, { epoch }), 422, 'envelope-invalid');
    await session.remove(alice, bob);
    refused(await session.send(bob), 403, 'not-a-member');
    refused(await session.send(alice, { epoch: 1 }), 409, 'epoch-changed');
    ok(await session.send(alice), 201);
    // up to the commit that removed him, and not a word further
    const read = ok(await bob.get(session.path('/messages'))).messages;
    assert.equal(read.at(-1).kind, 2);
    assert.ok(read.at(-1).seq < (await session.history(alice)).at(-1).seq);
    refused(await bob.get(session.path(`/messages?after=${read.at(-1).seq}`)),
      403, 'not-a-member');
    refused(await bob.get(session.path('/messages/1')), 404, 'not-found');
  });

  test('who was removed hears that an envelope had been stored', async () => {
    const session = await pair();
    const envelope = base64(session.envelope({ sender: bob }));
    const send = () => bob.post(session.path('/send'), { envelope });
    const first = ok(await send(), 201);
    await session.remove(alice, bob);
    assert.deepEqual(ok(await send(), 200), first);
    refused(await carol.post(session.path('/send'), { envelope }), 403,
      'not-a-member');
  });

  test('a nonce has a time, near now', async () => {
    const session = await pair();
    const minutes = n => newNonce(Date.now() + n * 60_000);
    for (const n of [-11, 11, 60 * 24 * 365])
      refused(await session.send(alice, { nonce: minutes(n) }), 422,
        'nonce-expired');
    refused(await session.send(alice, { nonce: newNonce(0) }), 422,
      'nonce-expired');
    refused(await session.send(alice, { nonce: Buffer.alloc(16, 0xff) }), 422,
      'nonce-expired');
    for (const n of [-9, 9])
      ok(await session.send(alice, { nonce: minutes(n) }), 201);
  });

  test('what is no envelope is refused', async () => {
    const session = await pair();
    const good = session.envelope();
    const other = { session: randomUUID(), epoch: 1 };
    const bad = {
      junk: Buffer.alloc(200, 1),
      'one byte': Buffer.alloc(1, 1),
      'cut off': good.subarray(0, good.length - 1),
      'more after it': Buffer.concat([good, Buffer.alloc(1)]),
      'another version': session.envelope({ version: 2 }),
      'of another session': session.envelope(other),
      'a message of another session': session.envelope(
        { inner: privateMessage(other) }),
      'a message of another epoch': session.envelope(
        { inner: privateMessage({ session: session.id, epoch: 0 }) }),
      'a proposal': session.envelope({ contentType: 2 }),
      'a commit': session.envelope({ contentType: 3 }),
      'a public commit': session.envelope({ inner: session.commit(alice) }),
      'a GroupInfo': session.envelope({ inner: session.groupInfo(1) }),
      'nothing inside': session.envelope({ inner: Buffer.alloc(0) }),
    };
    for (const [what, bytes] of Object.entries(bad)) {
      const answers = [
        await alice.post(session.path('/send'), { envelope: base64(bytes) }),
        await alice.call('POST', session.path('/send'),
          { bytes, type: 'application/octet-stream' }),
      ];
      for (const answer of answers) {
        assert.equal(answer.status, 422, `${what}: ${answer.status}`);
        refused(answer, 422, 'envelope-invalid');
      }
    }
    refused(await alice.call('POST', session.path('/send'),
      { bytes: Buffer.alloc(0), type: 'application/octet-stream' }), 422,
    'envelope-invalid');
    refused(await alice.post(session.path('/send'), { envelope: '' }), 400,
      'malformed');
    refused(await alice.post(session.path('/send'), { envelope: '*' }), 400,
      'malformed');
    refused(await alice.post(session.path('/send'),
      { envelope: base64(good), seq: 1 }), 400, 'malformed');
    refused(await alice.call('POST', session.path('/send'),
      { bytes: good, type: 'text/plain' }), 415, 'unsupported-media-type');
    refused(await session.send(alice, { length: 70_000 }), 413, 'too-large');
    ok(await session.send(alice, { length: 65_000 }), 201);
    refused(await carol.post(session.path('/send'),
      { envelope: base64(session.envelope()) }), 403, 'not-a-member');
    const none = new Session(randomUUID(), session.algorithm, alice);
    refused(await none.send(alice), 404, 'not-found');
    assert.equal((await session.history(alice)).length, 2);
  });

  test('many at once: one order, no gap, one chain', async () => {
    const session = await pair();
    const other = await pair({ algorithm: 'aes-256-gcm' });
    const answers = await Promise.all(Array.from({ length: 120 }, (_, i) =>
      [session, other][i % 2].send([alice, bob][i % 3 % 2])));
    for (const s of [session, other]) {
      const own = answers.filter(a => a.path === s.path('/send'))
        .map(a => ok(a, 201));
      const log = await s.history(bob, '?limit=500');
      assert.equal(log.length, own.length + 1);
      checkChain(s, log);
      assert.deepEqual(own.map(a => a.seq).sort((a, b) => a - b),
        log.slice(1).map(m => m.seq));
      for (const a of own) assert.equal(log[a.seq - 1].head, a.head);
    }
  });

  test('history: pages in both directions', async () => {
    const session = await pair();
    for (let i = 0; i < 22; i++) ok(await session.send(alice), 201);
    const all = await session.history(bob);
    assert.deepEqual(all.map(m => m.seq),
      Array.from({ length: 23 }, (_, i) => i + 1));

    const walk = async path => {
      const seqs = [];
      while (path) {
        const answer = await bob.get(path);
        const page = ok(answer);
        seqs.push(...page.messages.map(m => m.seq));
        const link = answer.headers.get('link')
          ?.match(/^<([^>]+)>; rel="next"$/);
        assert.equal(link !== undefined && link !== null,
          page.next !== undefined);
        path = link?.[1];
      }
      return seqs;
    };
    const up = all.map(m => m.seq), down = up.toReversed?.() ??
      [...up].reverse();
    for (const limit of [1, 5, 23, 500]) {
      assert.deepEqual(await walk(session.path(`/messages?limit=${limit}`)),
        up);
      assert.deepEqual(
        await walk(session.path(`/messages?before=24&limit=${limit}`)), down);
    }
    assert.deepEqual(await walk(session.path('/messages?after=20')),
      [21, 22, 23]);
    assert.deepEqual(await walk(session.path('/messages?before=3')), [2, 1]);
    assert.deepEqual(await walk(session.path('/messages?after=23')), []);
    assert.deepEqual(await walk(session.path('/messages?before=1')), []);
    assert.deepEqual(
      await walk(session.path('/messages?before=9223372036854775807&limit=9')),
      down);
    for (const query of ['limit=0', 'limit=501', 'limit=-1', 'limit=1e2',
      'after=x', 'after=-1', 'after=9223372036854775808',
      'before=', 'after=1&before=5'])
      refused(await bob.get(session.path(`/messages?${query}`)), 400,
        'malformed');
    for (const seq of ['0', '24', 'x', '-1', '99999999999999999999'])
      refused(await bob.get(session.path(`/messages/${seq}`)), 404,
        'not-found');
  });

  test('PostgreSQL dies under load: what was answered is there, once', { skip: needsOwn },
    async () => {
      const session = await pair();
      const sent = [];
      let goOn = true;
      const one = async device => {
        while (goOn) {
          const envelope = base64(session.envelope());
          for (;;) { // as a client would: the same bytes until it is known
            const answer = await device.post(session.path('/send'),
              { envelope });
            if (answer.status === 503) {
              await new Promise(done => setTimeout(done, 50));
              continue;
            }
            assert.ok([200, 201].includes(answer.status),
              `${answer.status} ${JSON.stringify(answer.json)}`);
            sent.push({ envelope, ...answer.json });
            break;
          }
        }
      };
      const work = [alice, bob, alice, bob].map(one);
      const enough = async n => {
        const more = sent.length + n;
        while (sent.length < more)
          await new Promise(done => setTimeout(done, 5));
      };
      await enough(50);
      await postgres.restart();
      await enough(50);
      goOn = false;
      await Promise.all(work);
      const log = [];
      for (let path = session.path('/messages?limit=500'); path;) {
        const answer = await alice.get(path);
        log.push(...ok(answer).messages);
        path = answer.headers.get('link')?.match(/<([^>]+)>/)[1];
      }
      checkChain(session, log);
      for (const s of sent) {
        assert.equal(log[s.seq - 1].envelope, s.envelope);
        assert.equal(log[s.seq - 1].head, s.head);
      }
      assert.equal(log.length, sent.length + 1);
      await node.ready();
    });
});
