// Files at the command line: sealed, sent and saved as a stream, resumed after Ctrl-C, and
// nothing of them has a name before all of it was verified.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Person, conversation, twoPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import {
  hermetic, newHome, startDisk, startNode, startPostgres, until,
} from '../testlib/stack.mjs';

describe('files at the command line', { concurrency: false }, () => {
  let postgres, node, alice, bob, id, folder;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob] = await twoPeople(node.url);
    id = await conversation(alice, bob);
    folder = newHome();
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  let count = 0;
  const newFile = (name, bytes) => {
    const at = join(folder, `from-${++count}`);
    mkdirSync(at);
    writeFileSync(join(at, name), bytes);
    return join(at, name);
  };
  const newFolder = () => {
    const at = join(folder, `to-${++count}`);
    mkdirSync(at);
    return at;
  };
  const sends = async (who, path, ...more) =>
    (await who.does('send', id, '--file', path, ...more)).at(-1).seq;
  const stored = async () => (await postgres.rows(`SELECT count(*)::int AS n
    FROM hermetic.file WHERE NOT gone`))[0].n;
  const waiting = who => readdirSync(join(who.home, 'files'));

  test('a file that was said under an id is said once, and no other file under that', async () => {
    const bytes = randomBytes(200_000), path = newFile('plan.pdf', bytes);
    const once = ['--id', 'the-plan', '--caption', 'See page 3'];
    const seq = await sends(alice, path, ...once), files = await stored();
    assert.equal(await sends(alice, path, ...once), seq);
    assert.equal(await sends(alice, newFile('plan.pdf', bytes), ...once), seq);
    assert.equal(await stored(), files); // nothing was stored again
    const other = Buffer.from(bytes);
    other[100_000] ^= 1;
    for (const [file, ...more] of [[newFile('plan.pdf', other), ...once],
      [newFile('plans.pdf', bytes), ...once],
      [newFile('plan.pdf', bytes.subarray(1)), ...once],
      [path, '--id', 'the-plan', '--caption', 'See page 4'], [path, '--id', 'the-plan']])
      await alice.cannot('key-reused', 'send', id, '--file', file, ...more);
    await alice.cannot('key-reused', 'send', id, 'See page 3', '--id', 'the-plan');
    assert.equal((await alice.does('read', id)).filter(m => m.file?.name === 'plan.pdf').length, 1);
    assert.deepEqual(waiting(alice), []);
  });

  test('so is one of which an upload under another id was cut off', async () => {
    const path = newFile('cut.pdf', randomBytes(300_000));
    const seq = await sends(alice, path, '--id', 'said');
    const proxy = await startProxy(node.url, { request: ({ method }) =>
      method === 'PATCH' ? { drop: true } : undefined });
    alice.server = proxy.url;
    await alice.run('send', id, '--file', path, '--id', 'cut off');
    alice.server = node.url;
    await proxy.stop();
    assert.equal(waiting(alice).length, 1);
    const files = await stored();
    assert.equal(await sends(alice, path, '--id', 'said'), seq);
    assert.equal(await stored(), files);
    assert.equal(waiting(alice).length, 1); // which goes on
    assert.ok(await sends(alice, path, '--id', 'cut off') > seq);
    assert.deepEqual(waiting(alice), []);
  });

  test('so is one that waits in the outbox', async () => {
    const proxy = await startProxy(node.url, { request: ({ path }) =>
      path.endsWith('/send') ? { drop: true } : undefined });
    const path = newFile('kept.pdf', randomBytes(50_000));
    const says = () => alice.run('send', id, '--file', path, '--id', 'kept');
    alice.server = proxy.url;
    const first = await says(), again = await says();
    alice.server = node.url;
    assert.deepEqual([first.code, again.code], [4, 4], again.err);
    assert.equal(again.json.at(-1).item, first.json.at(-1).item);
    await alice.does('outbox', id, '--flush');
    assert.ok((await says()).json.at(-1).seq > 0);
    assert.equal((await alice.does('read', id)).filter(m => m.file?.name === 'kept.pdf').length, 1);
    await proxy.stop();
  });

  test('a file with a caption is read and saved as it was', async () => {
    const bytes = randomBytes(700_000), to = newFolder();
    const seq = await sends(alice, newFile('notes.pdf', bytes), '--caption', 'As promised');
    assert.deepEqual(waiting(alice), []);
    const entry = (await bob.does('read', id)).find(m => m.seq === seq);
    assert.equal(entry.text, 'As promised');
    assert.deepEqual({ ...entry.file, id: 0 }, { id: 0, name: 'notes.pdf',
      type: 'application/pdf', size: bytes.length });
    assert.match((await hermetic(['read', id], bob)).out,
      new RegExp(`\\(file "notes.pdf", 700.0 kB: hermetic save SESSION ${seq}\\): As promised`));
    const told = await bob.does('save', id, String(seq), to), saved = told.pop();
    assert.equal(saved.saved, 'notes.pdf');
    const steps = told.map(l => l.bytes); // each says that there is more
    assert.deepEqual(steps, [...new Set(steps)].sort((a, b) => a - b));
    assert.equal(steps.at(-1), bytes.length + 16);
    assert.ok(readFileSync(join(to, 'notes.pdf')).equals(bytes));
    assert.equal(statSync(join(to, 'notes.pdf')).mode & 0o777, 0o600);
    // what the server has is something else
    const [{ found }] = await postgres.rows(`SELECT count(*)::int AS found
      FROM hermetic.file_piece WHERE position('\\x${
  bytes.subarray(100, 140).toString('hex')}'::bytea IN bytes) > 0`);
    assert.equal(found, 0);
    // again: no other file's place is taken
    assert.equal((await bob.does('save', id, String(seq), to)).at(-1).saved,
      'notes-2.pdf');
    assert.deepEqual(readdirSync(to).sort(), ['notes-2.pdf', 'notes.pdf']);
    // who sent it has it as well, and replies and deletions are as of any message
    const reply = (await bob.does('send', id, '--reply', String(seq), 'thanks'))[0];
    assert.equal((await alice.does('read', id)).find(m => m.seq === reply.seq)
      .reply_to, seq);
    await alice.does('save', id, String(seq), newFolder());
    await alice.does('delete', id, String(seq));
    await bob.does('read', id);
    await bob.cannot('no-file', 'save', id, String(seq), to);
  });

  test('an empty file, one of each algorithm, and names that are none', async () => {
    for (const algorithm of ['aes-256-gcm', 'twofish-256-gcm']) {
      const other = (await alice.does('create', '--algorithm', algorithm,
        '--invite', bob.name))[0].session_id;
      await bob.does('accept', other);
      const bytes = randomBytes(100_001), to = newFolder();
      const { seq } = (await alice.does('send', other, '--file',
        newFile('data', bytes))).at(-1);
      await bob.does('save', other, String(seq), to);
      assert.ok(readFileSync(join(to, 'data')).equals(bytes), algorithm);
    }
    for (const [name, saved] of [['.profile', '_profile'],
      ['a\u202etxt.exe', 'a_txt.exe'], ['two\nlines', 'two_lines'],
      ['back\\slash', 'back_slash']]) {
      const to = newFolder(), seq = await sends(alice, newFile(name, ''));
      assert.equal((await bob.does('save', id, String(seq), to)).at(-1).saved, saved);
      assert.deepEqual(readdirSync(to), [saved]);
      assert.equal(statSync(join(to, saved)).size, 0);
      assert.ok(!(await hermetic(['read', id], bob)).out.includes('\u202e'));
    }
    const ends = await sends(alice, newFile('soon', 'x'), '--expires', '1h');
    assert.ok((await bob.does('read', id)).find(m => m.seq === ends).expires_at > Date.now());
    await alice.cannot('file', 'send', id, '--file', folder);
    await alice.cannot('file', 'send', id, '--file', join(folder, 'none'));
    await bob.cannot('no-file', 'save', id, '1', folder);
  });

  test('who takes the message back takes the file away', async () => {
    const seq = await sends(alice, newFile('oops.txt', randomBytes(1000)));
    await bob.does('read', id);
    const before = await stored();
    // other devices of the account, and other members, ask for nothing
    await alice.does('delete', id, String(seq));
    assert.equal(await stored(), before - 1);
    await bob.does('read', id);
    await bob.cannot('no-file', 'save', id, String(seq), folder);
    // the server is away when it is to be asked
    const other = await sends(alice, newFile('oops.txt', randomBytes(1000)));
    await postgres.psql(`REVOKE EXECUTE ON FUNCTION hermetic.drop_file
      FROM hermetic_api`);
    await alice.does('delete', id, String(other));
    assert.equal(await stored(), before);
    await postgres.psql(`GRANT EXECUTE ON FUNCTION hermetic.drop_file
      TO hermetic_api`);
    await alice.does('read', id);
    assert.equal(await stored(), before - 1);
  });

  test('Ctrl-C, and the same command goes on', async () => {
    const bytes = randomBytes(48 << 20), path = newFile('large.bin', bytes);
    const before = await stored();
    const sending = alice.start('send', id, '--file', path);
    await sending.line(l => l.event === 'progress');
    sending.child.kill('SIGINT');
    const cut = await sending.ended;
    assert.equal(cut.code, 1, cut.err);
    assert.match(cut.err, /"error": ?"interrupted"/);
    assert.equal(waiting(alice).length, 1);
    const seq = await sends(alice, path);
    assert.equal(await stored(), before + 1);
    assert.deepEqual(waiting(alice), []);
    const to = newFolder();
    await bob.does('read', id);
    const saving = bob.start('save', id, String(seq), to);
    await saving.line(l => l.event === 'progress');
    saving.child.kill('SIGINT');
    const stopped = await saving.ended;
    assert.match(stopped.err, /"error": ?"interrupted"/);
    assert.match(readdirSync(to).join(), /^\.hermetic-[0-9a-f-]{36}\.part$/);
    await bob.does('save', id, String(seq), to);
    assert.deepEqual(readdirSync(to), ['large.bin']);
    assert.ok(readFileSync(join(to, 'large.bin')).equals(bytes));
  });

  test('another version of a file is another file', async () => {
    const path = newFile('draft', randomBytes(32 << 20));
    const sending = alice.start('send', id, '--file', path);
    await sending.line(l => l.event === 'progress');
    sending.child.kill('SIGINT');
    await sending.ended;
    const [first] = waiting(alice), bytes = randomBytes(32 << 20), to = newFolder();
    writeFileSync(path, bytes);
    const seq = await sends(alice, path);
    const { file } = (await bob.does('read', id)).find(m => m.seq === seq);
    assert.notEqual(file.id, first);
    assert.deepEqual(waiting(alice), []);
    await bob.cannot('folder', 'save', id, String(seq), join(folder, 'none'));
    await bob.does('save', id, String(seq), to);
    assert.ok(readFileSync(join(to, 'draft')).equals(bytes));
  });

  test('what is not the file that was sent gets no name', async () => {
    const bytes = randomBytes(600_000), to = newFolder();
    const seq = await sends(alice, newFile('true.txt', bytes));
    const { file } = (await bob.does('read', id)).find(m => m.seq === seq);
    const change = expression => postgres.psql(`UPDATE hermetic.file_piece
      SET bytes = ${expression} WHERE file_id = '${file.id}' AND number = 1`);
    await change('set_byte(bytes, 7, get_byte(bytes, 7) # 1)');
    await bob.cannot('file-differs', 'save', id, String(seq), to);
    assert.deepEqual(readdirSync(to), []);
    await change('set_byte(bytes, 7, get_byte(bytes, 7) # 1)');
    await bob.does('save', id, String(seq), to);
    assert.ok(readFileSync(join(to, 'true.txt')).equals(bytes));
    await postgres.psql(`UPDATE hermetic.file SET gone = true
      WHERE file_id = '${file.id}'`);
    await bob.cannot('not-found', 'save', id, String(seq), to);
  });

  test('what the server does not take is refused before it is sealed', async () => {
    const small = await startNode({ postgres, env: { HERMETIC_FILE_BYTES: '1000000' } });
    try {
      const carol = await new Person('carol', small.url).register();
      const [{ session_id: other }] = await carol.does('create');
      const detail = await carol.cannot('file-too-large', 'send', other, '--file',
        newFile('large', Buffer.alloc(2_000_000)));
      assert.match(detail, /1,?000,?000|1\.0 MB/);
      assert.ok(!existsSync(join(carol.home, 'files')));
    } finally { await small.stop(); }
  });

  test('Ctrl-C ends the sealing, and gives the place back', async () => {
    const before = await stored(), path = newFile('vast', '');
    truncateSync(path, 3_000_000_000); // of zeros, and no blocks of the disk
    const sending = alice.start('send', id, '--file', path);
    await until(() => existsSync(join(alice.home, 'files')) && waiting(alice)
      .some(name => statSync(join(alice.home, 'files', name)).size > 0));
    sending.child.kill('SIGINT');
    const { code, err } = await sending.ended;
    assert.equal(code, 1, err);
    assert.match(err, /"error": ?"interrupted"/);
    assert.deepEqual(waiting(alice), []);
    assert.equal(await stored(), before);
  });

  test('a clock that is off is told of, where a message lasts as little', async () => {
    const proxy = await startProxy(node.url, { answer: () =>
      ({ headers: { date: new Date(Date.now() + 100_000).toUTCString() } }) });
    try {
      const behind = { ...alice, server: proxy.url };
      const sends = time => hermetic(['send', id, 'soon gone', '--expires', time], behind);
      assert.match((await sends('1m')).err, /(99|1\d\d) seconds behind.*ended already/);
      assert.match((await sends('5m')).err, /seconds behind.*sooner/);
      assert.equal((await sends('1d')).err, '');
    } finally { await proxy.stop(); }
  });

  test('a long text that waits is one short line', async () => {
    await hermetic(['send', id, `${'long '.repeat(9000)}`], { ...alice, server: '127.0.0.1:9' });
    const { out } = await hermetic(['outbox'], { ...alice, server: '127.0.0.1:9' });
    assert.match(out, /long long .*\.\.\. \(45\.0 kB\)\n$/);
    assert.ok(out.length < 400, out);
    await alice.does('outbox', id, '--drop', 'all');
  });

  test('a full disk below the state is named', async t => {
    const disk = await startDisk({ megabytes: 8 });
    if (!disk) return t.skip('no disk can be mounted here');
    try {
      const dave = new Person('dave', node.url);
      dave.home = join(disk.dir, 'home');
      await dave.register();
      const [{ session_id: other }] = await dave.does('create');
      disk.fill();
      const { code, err } = await hermetic(['send', other, 'x'.repeat(30_000)], dave);
      assert.equal(code, 1, err);
      assert.ok(err.includes(dave.home), err);
      assert.match(err, /database or disk is full.*[Mm]ake room/);
      disk.free();
      await dave.does('send', other, 'again');
    } finally { await disk.stop(); }
  });
});
