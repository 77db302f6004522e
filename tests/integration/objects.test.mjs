// Files whose bytes are in a store of objects: what is acknowledged is there, what is
// deleted goes there too, and nothing else waits for the store.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUsers, ok, refused } from '../testlib/api.mjs';
import { earlier } from '../testlib/psql.mjs';
import { startS3 } from '../testlib/s3.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { freePort, rotateOnce, startNode, startPostgres, startRotation, until }
  from '../testlib/stack.mjs';

const PIECE = 262144;

describe('files in objects', { concurrency: false }, () => {
  let postgres, node, s3, alice, bob, session;
  before(async () => {
    [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
    node = await startNode({ postgres, workers: 1, env: s3.env });
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
    session = await Session.pair(alice, bob);
  });
  after(async () => {
    await node?.stop();
    await s3?.stop();
    await postgres?.stop();
  });
  const path = id => session.path(`/files/${id}`);
  const create = (id, size, bytes) => alice.call('POST', path(id), { bytes,
    headers: { 'upload-length': String(size),
      'upload-complete': bytes?.length === size ? '?1' : '?0' } });
  const append = (id, offset, bytes) => alice.call('PATCH', path(id), { bytes,
    type: 'application/partial-upload',
    headers: { 'upload-offset': String(offset) } });
  const offset = async id => Number((await alice.call('HEAD', path(id)))
    .headers.get('upload-offset'));
  const states = async () => (await postgres.rows(`SELECT state, count(*)::int AS n
    FROM hermetic.file_object GROUP BY 1 ORDER BY 1`))
    .map(({ state, n }) => `${n} ${state}`).join(', ');
  const rotate = () => rotateOnce(postgres, s3.env);
  const later = () => postgres.psql(`UPDATE hermetic.file_object
    SET since = ${earlier('since', '2 hours')} WHERE state = 'coming'`);

  test('they are read as they were, and PostgreSQL has none of the bytes',
    async () => {
      const bytes = randomBytes(3 * PIECE + 777), id = randomUUID();
      ok(await create(id, bytes.length, bytes.subarray(0, PIECE + 5)), 201);
      // the rest of a piece, after a cut
      ok(await append(id, PIECE + 5, bytes.subarray(PIECE + 5)), 204);
      assert.ok((await bob.get(path(id))).bytes.equals(bytes));
      for (const [from, end] of [[0, 1], [PIECE - 3, 2 * PIECE + 1],
        [PIECE + 4, PIECE + 6], [bytes.length - 1, bytes.length]]) {
        const part = await bob.get(path(id),
          { headers: { range: `bytes=${from}-${end - 1}` } });
        ok(part, 206);
        assert.ok(part.bytes.equals(bytes.subarray(from, end)), `${from}`);
      }
      assert.equal(await states(), '5 kept');
      assert.deepEqual(await postgres.rows(
        'SELECT count(*)::int AS n FROM hermetic.file_piece'), [{ n: 0 }]);
      assert.ok(Buffer.concat([...s3.objects.values()]).equals(bytes));

      // and go when the file does, also when the store is away at first
      ok(await alice.call('DELETE', path(id)), 204);
      await s3.stop();
      await rotate();
      assert.equal(await states(), '5 going');
      await s3.start();
      await rotate();
      assert.equal(s3.objects.size, 0);
      assert.equal(await states(), '');
      await rotate();
      assert.deepEqual(await postgres.rows(
        'SELECT count(*)::int AS n FROM hermetic.file'), [{ n: 0 }]);
      assert.deepEqual(s3.faults, []);
    });

  test('what the store refuses is not acknowledged, and the client goes on',
    async () => {
      const bytes = randomBytes(2 * PIECE), id = randomUUID();
      for (const status of [403, 503]) {
        s3.before = () => status;
        refused(await (status === 403 ? create(id, bytes.length, bytes)
          : append(id, 0, bytes)), 503, 'unavailable');
        assert.equal(await offset(id), 0);
      }
      // a store that was asked may have taken it: that is found out later
      assert.equal(await states(), '1 coming, 1 going');
      s3.before = undefined;
      ok(await append(id, 0, bytes), 204);
      assert.ok((await bob.get(path(id))).bytes.equals(bytes));
      await later();
      await rotate();
      assert.equal(await states(), '2 kept');
      // it cannot be read for a while
      s3.before = () => 500;
      await bob.get(path(id)).then(r => assert.equal(r.bytes.length, 0),
        () => {}); // cut short
      s3.before = undefined;
      assert.ok((await bob.get(path(id))).bytes.equals(bytes));
      ok(await alice.call('DELETE', path(id)), 204);
      await rotate();
      assert.equal(s3.objects.size, 0);
    });

  test('what the store does not say of the object itself is not known', async () => {
    const bytes = randomBytes(1000), id = randomUUID(), had = s3.objects.size;
    // each of these may come of a store that was asked before
    for (const status of [408, 425, 429]) {
      s3.before = () => status;
      const answer = await (status === 408 ? create(id, bytes.length, bytes)
        : append(id, 0, bytes));
      refused(answer, 503, 'unavailable');
    }
    assert.equal(await states(), '3 coming');
    s3.before = undefined;
    ok(await append(id, 0, bytes), 204);
    await later();
    ok(await alice.call('DELETE', path(id)), 204);
    const why = code => ({ status: 404, bytes: `<?xml version="1.0"?>\n<Error>` +
      `<Code>${code}</Code><Message>none</Message></Error>` });
    for (const answer of [404, why('NoSuchBucket'),
      { status: 404, bytes: 'x'.repeat(100_000) }]) {
      s3.before = () => answer;
      await rotate();
      assert.equal(await states(), '4 going');
    }
    s3.before = request => s3.objects.has(request.url) ? undefined : why('NoSuchKey');
    await rotate();
    assert.equal(await states(), '');
    assert.equal(s3.objects.size, had);
    s3.before = undefined;
  });

  test('uploads that are cut again and again do not make an object a byte', async () => {
    const bytes = randomBytes(PIECE + 10), id = randomUUID();
    const cuts = async () => (await postgres.rows(`SELECT cuts FROM hermetic.file
      WHERE file_id = '${id}'`))[0].cuts;
    ok(await create(id, bytes.length), 201);
    const socket = connect(node.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`PATCH ${path(id)} HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: Bearer ${alice.access}\r\nUpload-Offset: 0\r\n` +
      'Content-Type: application/partial-upload\r\n' +
      `Content-Length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes.subarray(0, PIECE + 1));
    await until(async () => await offset(id) === PIECE, { name: 'the first piece' });
    socket.end();
    await until(async () => await offset(id) === PIECE + 1,
      { name: 'the byte before the cut' });
    assert.equal(await cuts(), 1);
    ok(await alice.call('DELETE', path(id)), 204);

    const other = randomUUID();
    ok(await create(other, bytes.length), 201);
    await postgres.psql(`UPDATE hermetic.file SET cuts = 256 WHERE file_id = '${other}'`);
    assert.equal(refused(await create(other, bytes.length, bytes.subarray(0, 5)),
      409, 'offset-differs').offset, 0);
    ok(await append(other, 0, bytes), 204);
    assert.ok((await bob.get(path(other))).bytes.equals(bytes));
    ok(await alice.call('DELETE', path(other)), 204);
    await rotate();
    assert.equal(await states(), '');
  });

  test('a worker that goes on while its last batch is told drops each once', async () => {
    const count = 300, file = randomUUID();
    ok(await create(file, PIECE), 201);
    const ids = Array.from({ length: count }, () => randomUUID());
    await postgres.psql(`INSERT INTO hermetic.file_object
        (session_id, object_id, file_id, start, size, state)
      SELECT '${session.id}', id, '${file}', 0, 1, 'going'
      FROM unnest('{${ids}}'::uuid[]) id`);
    for (const id of ids) s3.objects.set(`/bucket/of/files/${id}`, Buffer.alloc(1));
    const metricsPort = await freePort(), dropped = [];
    const rounds = async () => (await scrape(metricsPort))
      .get('hermetic_rotation_runs_total');
    const twoRounds = async () => {
      const from = await rounds();
      await until(async () => await rounds() >= from + 2, { name: 'two rounds' });
    };
    const holders = () => postgres.rows(`SELECT pid FROM pg_locks WHERE granted
      AND relation = 'hermetic.file_object'::regclass AND mode = 'ShareLock'`);
    const waiting = () => postgres.rows(`SELECT pid FROM ${postgres.waiting}
      WHERE application_name = 'hermetic rotation'`);
    let going, letGo, further; // the lock is gone; so is a while after it
    s3.before = async request => {
      dropped.push(request.url);
      if (dropped.length === 100) {
        going = (await scrape(metricsPort)).get('hermetic_objects_going');
        const held = postgres.psql(`BEGIN; LOCK hermetic.file_object IN SHARE MODE;
          SELECT pg_sleep(60)`).catch(() => {});
        await until(async () => (await holders()).length > 0, { name: 'the lock' });
        letGo = until(async () => (await waiting()).length > 0,
          { name: 'a worker that waits' }).then(twoRounds).then(async () => {
          await postgres.psql(`SELECT pg_cancel_backend(${(await holders())[0].pid})`);
          await held;
        });
      }
      if (dropped.length > 100) await (further ??= letGo.then(twoRounds));
    };
    const worker = startRotation(postgres, { ...s3.env,
      HERMETIC_ROTATION_METRICS_PORT: String(metricsPort) });
    await until(async () => await states() === '', { ms: 60_000, name: 'an end' });
    await letGo;
    await worker.stop();
    s3.before = undefined;
    assert.equal(going, count);
    assert.deepEqual(dropped.sort(), ids.map(id => `/bucket/of/files/${id}`).sort());
    ok(await alice.call('DELETE', path(file)), 204);
    await rotate();
  });

  test('a node that is killed loses nothing acknowledged, and leaves nothing',
    async () => {
      const bytes = randomBytes(3 * PIECE), id = randomUUID();
      ok(await create(id, bytes.length, bytes.subarray(0, PIECE)), 201);
      let held;
      const holds = new Promise(done => { s3.after = () => {
        done();
        return new Promise(go => { held = go; });
      }; });
      const socket = connect(node.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(`PATCH ${path(id)} HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: Bearer ${alice.access}\r\nUpload-Offset: ${PIECE}\r\n` +
        'Content-Type: application/partial-upload\r\n' +
        `Content-Length: ${2 * PIECE}\r\n\r\n`);
      socket.write(bytes.subarray(PIECE));
      await holds; // the store has the second piece, and nobody knows it
      // the node has more to do meanwhile
      for (let i = 0; i < 20; i++) ok(await session.send(alice), 201);
      assert.equal(await offset(id), PIECE);
      await node.kill();
      held();
      s3.after = undefined;
      assert.equal(s3.objects.size, 2);
      await node.start();
      for (const who of [alice, bob]) who.url = node.url;
      assert.equal(await offset(id), PIECE);
      await rotate();
      assert.equal(s3.objects.size, 2); // it may yet be on its way
      ok(await append(id, PIECE, bytes.subarray(PIECE)), 204);
      assert.ok((await bob.get(path(id))).bytes.equals(bytes));
      await later();
      await rotate();
      assert.equal(s3.objects.size, 3);
      assert.equal(await states(), '3 kept');
      ok(await alice.call('DELETE', path(id)), 204);
      await rotate();
    });

  test('of two that store the same bytes one does, and the other one\'s go',
    async () => {
      const bytes = randomBytes(PIECE), id = randomUUID();
      ok(await create(id, bytes.length), 201);
      const waiting = [];
      const both = new Promise(done => { s3.before = () => new Promise(go => {
        if (waiting.push(go) === 2) done();
      }); });
      const answers = [append(id, 0, bytes), append(id, 0, bytes)];
      await both;
      s3.before = undefined;
      for (const go of waiting) go();
      const [one, other] = (await Promise.all(answers)).sort((a, b) =>
        a.status - b.status);
      ok(one, 204);
      assert.equal(refused(other, 409, 'offset-differs').offset, PIECE);
      await rotate();
      assert.equal(s3.objects.size, 1);
      assert.ok((await bob.get(path(id))).bytes.equals(bytes));
    });

  test('a file stays where it was begun, whatever is set meanwhile', async () => {
    const [old, there] = [randomUUID(), randomUUID()];
    const bytes = randomBytes(PIECE + 10);
    ok(await create(there, bytes.length, bytes.subarray(0, 100)), 201);
    await node.stop();
    node = await startNode({ postgres, workers: 1,
      env: { ...s3.env, HERMETIC_FILES_STORE: 'postgres' } });
    for (const who of [alice, bob]) who.url = node.url;
    ok(await create(old, bytes.length, bytes.subarray(0, 100)), 201);
    for (const id of [old, there])
      ok(await append(id, 100, bytes.subarray(100)), 204);
    for (const id of [old, there])
      assert.ok((await bob.get(path(id))).bytes.equals(bytes));
    const envelope = base64(session.envelope());
    ok(await alice.post(session.path('/send'),
      { envelope, files: [old, there] }), 201);
    assert.deepEqual((await postgres.rows(`SELECT count(*)::int AS n
      FROM hermetic.file_piece`)), [{ n: 2 }]);
  });
});
