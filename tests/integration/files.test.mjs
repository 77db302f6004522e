// Files beside the log: stored piece by piece, resumed after any cut, read by members
// alone, counted, and gone when no message names them any more.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUser, newUsers, ok, refused } from '../testlib/api.mjs';
import { needsOwn, rotateOnce, startNode, startPostgres, until } from '../testlib/stack.mjs';

const PIECE = 262144;
const LIMITS = { HERMETIC_FILE_BYTES: '67108864',
  HERMETIC_FILE_ACCOUNT_BYTES: '134217728', HERMETIC_FILE_ACCOUNT_COUNT: '12',
  HERMETIC_FILE_SESSION_BYTES: '134217728', HERMETIC_FILE_SESSION_COUNT: '12' };

describe('files', { concurrency: false }, () => {
  let postgres, node, alice, bob, carol, session;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, workers: 1, env: { ...LIMITS,
      // what was freed counts as memory
      ASAN_OPTIONS: 'detect_leaks=0:exitcode=99:quarantine_size_mb=1' } });
    [alice, bob, carol] = await newUsers(node.url, 'alice', 'bob', 'carol');
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });
  const newSession = async () => {
    session = await Session.pair(alice, bob);
  };
  const path = id => session.path(`/files/${id}`);
  const create = (who, id, size, bytes) => who.call('POST', path(id), { bytes,
    headers: { 'upload-length': String(size), 'upload-complete':
      bytes?.length === size ? '?1' : '?0' } });
  const append = (who, id, offset, bytes) => who.call('PATCH', path(id), { bytes,
    type: 'application/partial-upload',
    headers: { 'upload-offset': String(offset) } });
  const offset = async (who, id) => {
    const answer = await who.call('HEAD', path(id));
    assert.equal(answer.status, 204);
    return Number(answer.headers.get('upload-offset'));
  };
  const put = async (bytes, who = alice, id = randomUUID()) => {
    ok(await create(who, id, bytes.length, bytes), 201);
    return id;
  };
  const name = (who, ...files) => who.post(session.path('/send'),
    { envelope: base64(session.envelope()), files });
  const count = table => postgres.rows(`SELECT count(*)::int AS n
    FROM hermetic.${table} WHERE session_id = '${session.id}'`).then(r => r[0].n);

  test('what was stored in parts of whole pieces is read as it was', async () => {
    await newSession();
    const bytes = randomBytes(3 * PIECE + 777), id = randomUUID();
    const cuts = [0, 0, PIECE, 3 * PIECE, bytes.length];
    const first = await create(alice, id, bytes.length);
    ok(first, 201);
    assert.equal(first.headers.get('location'), path(id));
    ok(await create(alice, id, bytes.length), 204); // the answer was lost
    for (const end of [1, PIECE - 1, PIECE + 1, bytes.length - 1])
      refused(await append(alice, id, 0, bytes.subarray(0, end)), 422, 'invalid');
    for (const [i, from] of cuts.slice(1, -1).entries()) {
      refused(await bob.get(path(id)), 404, 'not-found');
      const answer = await append(alice, id, from,
        bytes.subarray(from, cuts[i + 2]));
      ok(answer, 204);
      assert.equal(answer.headers.get('upload-offset'), String(cuts[i + 2]));
      assert.equal(answer.headers.get('upload-complete'),
        cuts[i + 2] === bytes.length ? '?1' : '?0');
    }
    const whole = await bob.get(path(id));
    ok(whole);
    assert.ok(whole.bytes.equals(bytes));
    for (const [range, from, end] of [['0-0', 0, 1], ['5-', 5, bytes.length],
      ['-10', bytes.length - 10, bytes.length],
      [`${PIECE - 3}-${2 * PIECE}`, PIECE - 3, 2 * PIECE + 1]]) {
      const part = await bob.get(path(id), { headers: { range: `bytes=${range}` } });
      ok(part, 206);
      assert.equal(part.headers.get('content-range'),
        `bytes ${from}-${end - 1}/${bytes.length}`);
      assert.ok(part.bytes.equals(bytes.subarray(from, end)), range);
    }
    assert.equal(refused(await bob.get(path(id),
      { headers: { range: `bytes=${bytes.length}-` } }), 416,
    'range-not-satisfiable').size, bytes.length);
    ok(await bob.get(path(id), { headers: { range: 'bytes=0-1',
      'if-range': `"${randomUUID()}"` } }), 200);
  });

  test('a place in the file is taken once, by one account', async () => {
    await newSession();
    const bytes = randomBytes(1000), id = randomUUID();
    ok(await create(alice, id, 1000, bytes.subarray(0, 400)), 201);
    assert.equal(refused(await append(alice, id, 0, bytes), 409,
      'offset-differs').offset, 400);
    assert.equal(refused(await create(alice, id, 1000, bytes.subarray(0, 400)),
      409, 'offset-differs').offset, 400);
    refused(await append(alice, id, 400, randomBytes(601)), 422, 'invalid');
    refused(await append(bob, id, 400, randomBytes(600)), 403, 'forbidden');
    refused(await create(bob, id, 1000), 409, 'file-exists');
    refused(await create(alice, id, 1001), 409, 'file-exists');
    const same = await alice.another();
    refused(await append(same, id, 400, bytes.subarray(400)), 403, 'not-a-member');
    ok(await append(alice, id, 400, bytes.subarray(400)), 204);
    refused(await append(alice, id, 1000, randomBytes(1)), 422, 'invalid');
    assert.ok((await bob.get(path(id))).bytes.equals(bytes));
  });

  test('what is no upload is refused, and leaves nothing', async () => {
    await newSession();
    const id = randomUUID();
    const post = headers => alice.call('POST', path(id), { headers });
    refused(await post({ 'upload-complete': '?0' }), 400, 'malformed');
    refused(await post({ 'upload-complete': 'no', 'upload-length': '5' }), 400,
      'malformed');
    refused(await post({ 'upload-length': '-5' }), 400, 'malformed');
    refused(await post({ 'upload-length': '0', 'upload-complete': '?0' }), 422, 'invalid');
    refused(await alice.call('POST', session.path('/files/x'), {
      headers: { 'upload-length': '5' } }), 404, 'not-found');
    refused(await append(alice, id, 0, randomBytes(5)), 404, 'not-found');
    refused(await alice.call('PATCH', path(id), { bytes: randomBytes(5),
      headers: { 'upload-offset': '0' }, type: 'text/plain' }), 415,
    'unsupported-media-type');
    refused(await alice.call('PATCH', path(id), { bytes: randomBytes(5),
      type: 'application/partial-upload' }), 400, 'malformed');
    assert.equal(await count('file'), 0);
  });

  test('members read it, and nobody else', async () => {
    await newSession();
    const id = await put(randomBytes(100));
    ok(await bob.get(path(id)));
    for (const answer of [await carol.get(path(id)),
      await carol.call('DELETE', path(id)), await create(carol, randomUUID(), 5),
      await append(carol, id, 0, randomBytes(5))])
      refused(answer, 403, 'not-a-member');
    assert.equal((await carol.call('HEAD', path(id))).status, 403);
    const own = await put(randomBytes(10), bob);
    await session.remove(alice, bob);
    refused(await bob.get(path(id)), 403, 'not-a-member');
    refused(await bob.call('DELETE', path(id)), 403, 'not-a-member');
    ok(await bob.call('DELETE', path(own)), 204); // it counts for him
  });

  test('bytes and files are counted, and an answer says what is left', async () => {
    await newSession();
    const most = Number(LIMITS.HERMETIC_FILE_BYTES);
    assert.equal(refused(await create(alice, randomUUID(), most + 1), 413,
      'file-too-large').most, most);
    const other = await newUser(node.url, 'dora');
    await session.add(alice, other);
    const all = Number(LIMITS.HERMETIC_FILE_ACCOUNT_BYTES);
    const ids = [randomUUID(), randomUUID()];
    ok(await create(other, ids[0], most), 201);
    ok(await create(other, ids[1], most - 100), 201);
    assert.equal(refused(await create(other, randomUUID(), 101), 507,
      'files-full').left, all - 2 * most + 100);
    refused(await create(alice, randomUUID(), 101), 507, 'files-full'); // session's
    ok(await other.call('DELETE', path(ids[1])), 204);
    for (let i = 0; i < 11; i++) ok(await create(other, randomUUID(), 1), 201);
    const full = refused(await create(other, randomUUID(), 1), 507, 'files-full');
    assert.equal(full.left, 0);
    assert.match(full.detail, /the account may have 0 more files/);
  });

  test('what is gone counts until its bytes are removed', async () => {
    await newSession();
    const other = await newUser(node.url, 'emil');
    await session.add(alice, other);
    const most = Number(LIMITS.HERMETIC_FILE_BYTES);
    const id = await put(randomBytes(PIECE + 100), other);
    ok(await other.call('DELETE', path(id)), 204);
    ok(await create(other, randomUUID(), most), 201);
    assert.equal(refused(await create(other, randomUUID(), most), 507,
      'files-full').left, most - PIECE - 100);
    await rotateOnce(postgres);
    ok(await create(other, randomUUID(), most), 201);
  });

  test('a client that is cut off goes on where the server is', async () => {
    await newSession();
    const bytes = randomBytes(2 * PIECE + 5000), id = randomUUID();
    ok(await create(alice, id, bytes.length), 201);
    const socket = connect(node.port, '127.0.0.1');
    socket.write(`PATCH ${path(id)} HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: Bearer ${alice.access}\r\nUpload-Offset: 0\r\n` +
      'Content-Type: application/partial-upload\r\n' +
      `Content-Length: ${bytes.length}\r\n\r\n`);
    await new Promise(done => {
      socket.write(bytes.subarray(0, PIECE + 1234), done);
    });
    await until(async () => await offset(alice, id) >= PIECE);
    socket.destroy();
    // what had come is stored as well
    await until(async () => await offset(alice, id) === PIECE + 1234);
    ok(await append(alice, id, PIECE + 1234, bytes.subarray(PIECE + 1234)), 204);
    assert.ok((await bob.get(path(id))).bytes.equals(bytes));
  });

  test('what was acknowledged is there after a PostgreSQL and a node are killed', {
    skip: needsOwn }, async () => {
    await newSession();
    const bytes = randomBytes(4 * PIECE), id = randomUUID();
    ok(await create(alice, id, bytes.length, bytes.subarray(0, 2 * PIECE + 9)), 201);
    await postgres.restart();
    await until(async () => (await alice.call('HEAD', path(id))).status === 204);
    let at = await offset(alice, id);
    assert.equal(at, 2 * PIECE + 9);
    ok(await append(alice, id, at, bytes.subarray(at, 3 * PIECE)), 204);
    await node.kill();
    await node.start();
    for (const who of [alice, bob, carol]) who.url = node.url;
    at = await offset(alice, id);
    assert.equal(at, 3 * PIECE);
    ok(await append(alice, id, at, bytes.subarray(at)), 204);
    assert.ok((await bob.get(path(id))).bytes.equals(bytes));
  });

  // Bob reads the beginning of a file and takes no more for now.
  const readsSlowly = async id => {
    const { hostname, port } = new URL(node.url);
    const socket = connect(Number(port), hostname);
    let got = 0;
    socket.on('data', data => { got += data.length; socket.pause(); });
    const over = new Promise(done => { socket.on('close', () => done(got)); });
    socket.on('error', () => {});
    socket.write(`GET ${path(id)} HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: Bearer ${bob.access}\r\n\r\n`);
    await until(() => got > 0);
    return { goesOn: () => { socket.removeAllListeners('data');
      socket.on('data', data => { got += data.length; }); socket.resume();
      return over; } };
  };

  test('a file that goes while it is read, and a database, end the reading alone', {
    skip: needsOwn }, async () => {
    await newSession();
    const bytes = randomBytes(64 * PIECE);
    let id = await put(bytes);
    let reading = await readsSlowly(id);
    ok(await alice.call('DELETE', path(id)), 204);
    assert.ok(await reading.goesOn() < bytes.length);
    id = await put(bytes);
    reading = await readsSlowly(id);
    await postgres.restart();
    await reading.goesOn();
    await until(async () => (await bob.call('HEAD', path(id))).status === 204);
    assert.ok((await bob.get(path(id))).bytes.equals(bytes)); // the node is there
    ok(await alice.call('DELETE', path(id)), 204);
  });

  test('a file stays as long as a message names it', async () => {
    await newSession();
    const [named, twice, unnamed] = [await put(randomBytes(PIECE + 1)),
      await put(randomBytes(10)), await put(randomBytes(10))];
    const half = randomUUID();
    ok(await create(alice, half, 100, randomBytes(50)), 201);
    refused(await name(alice, half), 422, 'file-unknown');
    refused(await name(alice, named, randomUUID()), 422, 'file-unknown');
    const { seq } = ok(await name(alice, named, twice), 201);
    ok(await name(bob, twice), 201);
    const again = { envelope: base64(session.envelope()), files: [await put(randomBytes(9))] };
    ok(await alice.post(session.path('/send'), again), 201);
    ok(await alice.call('DELETE', path(again.files[0])), 204);
    ok(await alice.post(session.path('/send'), again), 200); // it is stored
    assert.equal((await session.history(bob)).length, 4);
    const later = () => postgres.psql(`UPDATE hermetic.file
      SET touched_at = now() - interval '2 days'`);
    await later();
    await rotateOnce(postgres);
    ok(await bob.get(path(named)));
    ok(await bob.get(path(twice)));
    refused(await bob.get(path(unnamed)), 404, 'not-found');
    assert.equal((await bob.call('HEAD', path(half))).status, 404);
    assert.equal(await count('file'), 2);
    // its message goes, as history does that is too old
    await postgres.psql(`UPDATE hermetic.message SET envelope = ''
      WHERE session_id = '${session.id}' AND seq = ${seq}`);
    await later();
    await rotateOnce(postgres);
    refused(await bob.get(path(named)), 404, 'not-found');
    ok(await bob.get(path(twice)));
    for (const table of ['file', 'file_piece', 'file_naming'])
      assert.equal(await count(table), table === 'file_naming' ? 2 : 1);
  });

  test('who has stored a file takes it away', async () => {
    await newSession();
    const id = await put(randomBytes(1000));
    refused(await bob.call('DELETE', path(id)), 403, 'forbidden');
    ok(await alice.call('DELETE', path(id)), 204);
    refused(await alice.call('DELETE', path(id)), 404, 'not-found');
    refused(await bob.get(path(id)), 404, 'not-found');
    refused(await create(alice, id, 1000), 409, 'file-exists');
    await rotateOnce(postgres);
    assert.equal(await count('file') + await count('file_piece'), 0);
  });

  // A reader that takes nothing, and a body that comes faster than the disk takes it.
  test('a large file passes through the node\'s memory in pieces', async () => {
    await newSession();
    const size = Number(LIMITS.HERMETIC_FILE_BYTES), id = randomUUID();
    const rss = () => Number(readFileSync(`/proc/${node.pids()[1]}/status`, 'utf8')
      .match(/VmRSS:\s+(\d+)/)[1]);
    await put(randomBytes(PIECE)); // what a first file needs is there
    const bytes = randomBytes(size), start = rss();
    ok(await create(alice, id, size, bytes), 201);
    const got = await bob.get(path(id));
    assert.ok(got.bytes.equals(bytes));
    const grown = rss() - start;
    assert.ok(grown < (/asan/.test(process.env.HERMETIC_BUILD ?? '') ? 16384 : 8192),
      `${grown} KiB more`);
  });

  test('one account has a share of the transfers, and leaves the rest', async () => {
    await newSession();
    const sockets = [];
    for (let i = 0; i < 4; i++) { // of the 16 that a worker has
      const id = randomUUID();
      ok(await create(alice, id, 2 * PIECE), 201);
      sockets.push(connect(node.port, '127.0.0.1'));
      sockets[i].write(`PATCH ${path(id)} HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: Bearer ${alice.access}\r\nUpload-Offset: 0\r\n` +
        'Content-Type: application/partial-upload\r\n' +
        `Content-Length: ${2 * PIECE}\r\n\r\n`);
      sockets[i].write(randomBytes(PIECE));
      await until(async () => await count('file_piece') === i + 1); // it has begun
    }
    const id = randomUUID();
    assert.match(refused(await create(alice, id, 10), 503, 'unavailable').detail,
      /of the account/);
    await put(randomBytes(10), bob);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await create(alice, id, 10)).status < 300);
  });
});
