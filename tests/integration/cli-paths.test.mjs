// Paths that people name at the command line: what is no file is refused at once, with the
// cause and what to do; a name is the one that was typed, and keeps its ending.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync,
  truncateSync, writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { conversation, twoPeople } from '../testlib/people.mjs';
import {
  hermetic, newHome, startDisk, startNode, startPostgres,
} from '../testlib/stack.mjs';

describe('paths at the command line', { concurrency: false }, () => {
  let postgres, node, alice, bob, id, folder;
  const things = {};
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob] = await twoPeople(node.url);
    id = await conversation(alice, bob);
    folder = newHome();
    const at = name => join(folder, name);
    execFileSync('mkfifo', [at('pipe')]);
    mkdirSync(at('a folder'));
    things.socket = createServer().listen(at('socket'));
    await new Promise(done => things.socket.on('listening', done));
  });
  after(async () => {
    things.socket?.close();
    await node?.stop();
    await postgres?.stop();
  });
  const at = name => join(folder, name);
  const none = () => [[at('pipe'), /is a pipe.*into a file/],
    [at('a folder'), /is a folder/], [at('socket'), /is a socket/],
    ['/dev/zero', /is a device/], [at('nothing'), /no such file/i]];
  const file = (name, bytes = 'x') => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  const sends = async path => (await alice.does('send', id, '--file', path)).at(-1).seq;
  const name = async seq => (await bob.does('read', id)).find(m => m.seq === seq).file.name;

  test('only a file is sent', async () => {
    for (const [path, cause] of none())
      assert.match(await alice.cannot('file', 'send', id, '--file', path), cause);
    assert.match(await alice.cannot('file', 'send', id, '--file', at('a folder')), /tar/);
  });

  test('only a file is a picture, or says whom to trust', async () => {
    for (const [path, cause] of none()) {
      assert.match(await alice.cannot('file', 'picture', id, path), cause);
      const { code, error } = await alice.run('sessions', '--ca', path);
      assert.equal(code, 1, path);
      assert.match(error.detail, cause);
    }
  });

  test('a passphrase may come out of a pipe, and nothing else is waited for', async () => {
    const asks = path => hermetic(['sessions'], { home: alice.home, server: node.url,
      env: { HERMETIC_PASSPHRASE_FILE: path } });
    for (const [path, cause] of none().filter(([p]) => !/pipe|zero/.test(p))) {
      const { code, err } = await asks(path);
      assert.equal(code, 1, path);
      assert.match(err, cause);
    }
    const { code, err } = await hermetic(['sessions'], { home: alice.home,
      server: node.url, env: { WORDS: alice.passphrase }, within: ['bash', '-c',
        'HERMETIC_PASSPHRASE_FILE=<(sleep 0.2; echo "$WORDS") exec "$0" "$@"'] });
    assert.equal(code, 0, err);
  });

  test('a log of an account is read from a file or a pipe', async () => {
    for (const path of [at('a folder'), at('socket'), at('nothing')]) {
      const { code, error } = await alice.run('account', 'verify', path);
      assert.equal(code, 1, path);
      assert.match(error.detail, /folder|socket|no such file/i);
    }
  });

  test('through a link the name is the one that was typed', async () => {
    file('target-with-a-secret-name.txt', 'words');
    symlinkSync('target-with-a-secret-name.txt', at('letter.md'));
    const seq = await sends(at('letter.md'));
    const entry = (await bob.does('read', id)).find(m => m.seq === seq);
    assert.equal(entry.file.name, 'letter.md');
    assert.equal(entry.file.type, 'text/markdown');
  });

  test('a long name keeps its ending, and whole signs', async () => {
    // 250 bytes go; the saver needs room for a number
    const stem = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'.repeat(13);
    const seq = await sends(file(`${stem}.tar.gz`));
    assert.equal(await name(seq), `${stem}.tar.gz`);
    const to = at('to');
    mkdirSync(to);
    const [{ saved }] = (await bob.does('save', id, String(seq), to)).slice(-1);
    assert.match(saved, /^(\u{1f468}\u200d\u{1f469}\u200d\u{1f467}){10,11}\.tar\.gz$/u);
    await bob.does('save', id, String(seq), to);
    assert.deepEqual(readdirSync(to).sort(), [saved,
      saved.replace('.tar.gz', '-2.tar.gz')].sort());
  });

  test('a folder that cannot be saved to is named, with the cause', async () => {
    const seq = await sends(file('small.txt', 'words'));
    await bob.does('read', id);
    const cannot = (path, cause) => bob.cannot('folder', 'save', id, String(seq), path)
      .then(detail => {
        assert.match(detail, cause);
        assert.ok(detail.includes(path), detail);
      });
    await cannot(at('nothing'), /no such file or directory/i);
    await cannot(at('pipe'), /not a directory/i);
    await cannot(at('small.txt'), /not a directory/i);
    mkdirSync(at('shut'));
    chmodSync(at('shut'), 0o500);
    if (process.getuid() !== 0)
      assert.match(await bob.cannot('folder', 'save', id, String(seq), at('shut')),
        /shut.*permission denied/i);
  });

  test('a full disk is named, with the cause and what to do', async t => {
    const disk = await startDisk({ megabytes: 6 });
    if (!disk) return t.skip('no disk can be mounted here');
    try {
      const seq = await sends(file('large.bin', Buffer.alloc(2 << 20)));
      await bob.does('read', id);
      disk.fill();
      for (const leave of [0, 1 << 20]) {
        const fill = join(disk.dir, 'fill');
        truncateSync(fill, statSync(fill).size - leave);
        const detail = await bob.cannot('no-room', 'save', id, String(seq), disk.dir);
        assert.match(detail, /no space left on device/i);
        assert.ok(detail.includes(disk.dir), detail);
        assert.match(detail, /room|same command/);
      }
      disk.free();
      await bob.does('save', id, String(seq), disk.dir);
      assert.equal(readFileSync(join(disk.dir, 'large.bin')).length, 2 << 20);
    } finally { await disk.stop(); }
  });
});
