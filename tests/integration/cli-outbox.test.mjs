// What becomes of a text that cannot be sent now: it is kept, and says so; who
// has come in since the person looked last is shown first; and nothing is done
// in silence where the result could not be printed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Person, conversation, twoPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import {
  build, freePort, hermetic, startNode, startPostgres, until,
} from '../testlib/stack.mjs';

describe('the outbox', { concurrency: false }, () => {
  let postgres, node, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob] = await twoPeople(node.url);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const away = async person =>
    Object.assign(Object.create(Object.getPrototypeOf(person)), person,
      { server: `127.0.0.1:${await freePort()}` });

  test('sent or kept, and the exit code says which', async () => {
    const id = await conversation(alice, bob);
    const offline = await away(alice);
    const first = await offline.keeps('unreachable', 'send', id, 'one');
    assert.ok(first.item > 0);
    const told = await hermetic(['send', id, 'two'], offline);
    assert.equal(told.code, 4);
    assert.match(told.err, /^Kept: Cannot reach/);
    assert.equal(told.out, '');
    const waiting = await alice.does('outbox');
    assert.deepEqual(waiting.map(i => [i.session_id, i.text, i.state]),
      [[id, 'one', 'waiting'], [id, 'two', 'waiting']]);
    assert.equal(waiting[0].item, first.item);
    // nothing is stored of what could never be sent
    await offline.cannot('empty', 'send', id, '');
    assert.equal((await alice.does('outbox')).length, 2);
    assert.equal((await offline.run('outbox', '--flush')).code, 4);
    const flushed = await alice.does('outbox', '--flush');
    assert.deepEqual(flushed.map(e => [e.state, e.item]),
      waiting.map(i => ['sent', i.item]));
    assert.deepEqual(await alice.does('outbox', id), []);
    const [sent] = await alice.does('send', id, 'three');
    assert.equal(sent.text, 'three');
    assert.ok(sent.seq > flushed[1].seq);
    assert.deepEqual(await bob.texts(id), ['one', 'two', 'three']);
    const words = await hermetic(['send', id, 'four'], alice);
    assert.match(words.out, /^Sent #\d+\.\n$/);
  });

  test('an agent keeps the connection, and delivers what waits', async t => {
    const id = await conversation(alice, bob);
    const way = await startProxy(node.url);
    const agent = Object.assign(await away(alice), { server: way.url })
      .start('agent', '--foreground', '--for', '1h');
    t.after(async () => {
      await hermetic(['lock'], alice);
      await way.stop();
    });
    await agent.line(l => l.agent);
    const [pid] = await until(() => {
      const all = readFileSync(`/proc/${agent.child.pid}/task/${agent.child.pid}/children`,
        'utf8').trim();
      return all && all.split(' ').map(Number);
    }, { name: 'the process that is connected' });
    const offline = await away(alice);
    await offline.keeps('unreachable', 'send', id, 'one');
    await until(async () => (await alice.does('outbox')).length === 0,
      { name: 'one to be sent' });
    assert.deepEqual(await bob.texts(id), ['one']);
    // it comes back after the network was gone
    way.hooks.upgrade = (request, socket) => socket.destroy();
    way.hooks.request = () => ({ drop: true });
    way.cut();
    await offline.keeps('unreachable', 'send', id, 'two');
    way.hooks = {};
    await until(async () => (await alice.does('outbox')).length === 0,
      { name: 'two to be sent' });
    assert.deepEqual(await bob.texts(id), ['one', 'two']);
    // what comes is taken in: it is there while no server is
    await bob.does('send', id, 'meanwhile');
    await until(async () => (await offline.does('search', 'meanwhile')).length === 1,
      { ms: 120_000, name: 'what came meanwhile' });
    assert.match((await hermetic(['lock'], alice)).out, /the keys are wiped/);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  test('what is dropped is not sent', async () => {
    const id = await conversation(alice, bob);
    const offline = await away(alice);
    const one = await offline.keeps('unreachable', 'send', id, 'one');
    await offline.keeps('unreachable', 'send', id, 'two');
    await alice.does('outbox', id, '--drop', String(one.item));
    await alice.cannot('no-such-item', 'outbox', id, '--drop',
      String(one.item));
    await alice.does('send', id, 'three');
    assert.deepEqual(await bob.texts(id), ['two', 'three']);
    await offline.keeps('unreachable', 'send', id, 'four');
    assert.equal((await alice.does('outbox', id, '--drop', 'all'))[0].dropped,
      1);
    await alice.does('outbox', '--flush');
    assert.deepEqual(await bob.texts(id), ['two', 'three']);
  });

  test('an id of one\'s own: sent once, however often it is tried', async () => {
    const id = await conversation(alice, bob);
    const [first] = await alice.does('send', id, 'once', '--id', 'k1');
    const [again] = await alice.does('send', id, 'once', '--id', 'k1');
    assert.equal(again.seq, first.seq);
    await alice.cannot('key-reused', 'send', id, 'other', '--id', 'k1');
    assert.deepEqual(await bob.texts(id), ['once']);
  });

  test('nothing is said to somebody who was not seen', async () => {
    const carol = await new Person('carol', node.url).register();
    const [{ session_id: id }] = await alice.does('create', '--open',
      '--invite', bob.name);
    await bob.does('join', id);
    await alice.does('send', id, 'to Bob');
    await carol.does('join', id);
    const kept = await alice.run('send', id, 'also to Carol?');
    assert.equal(kept.code, 4);
    assert.ok(kept.json[0].detail.includes(carol.name), kept.json[0].detail);
    const member = (await alice.does('members', id))
      .find(m => m.username === carol.name);
    assert.equal(member.seen, false);
    // now she was shown
    await alice.does('outbox', '--flush');
    assert.deepEqual(await carol.texts(id), ['also to Carol?']);
    // by what is read, too; or it does not matter
    await bob.does('send', id, 'to whoever', '--to-new-members');
    const dave = await new Person('dave', node.url).register();
    await dave.does('join', id);
    assert.equal((await bob.run('send', id, 'kept')).code, 4);
    await bob.texts(id);
    // who has looked has not said that it is for Dave
    await bob.texts(id);
    assert.equal((await bob.does('outbox')).length, 1);
    await bob.does('send', id, 'and more');
    assert.deepEqual((await dave.texts(id)).slice(-2), ['kept', 'and more']);
  });

  test('who added whom stands there', async () => {
    const carol = await new Person('carol', node.url).register();
    const id = await conversation(alice, bob);
    await alice.does('invite', id, carol.name);
    await alice.does('remove', id, carol.name);
    const { out } = await hermetic(['read', id], bob);
    assert.ok(out.includes(`* ${alice.name} (unverified) added ${carol.name}; new keys`),
      out);
    assert.ok(out.includes(`* ${alice.name} (unverified) removed ${carol.name}; new keys`),
      out);
  });

  test('resolve shows first, and changes nothing where nothing is wrong',
    async () => {
      const id = await conversation(alice, bob, '--name', 'a still one');
      const { code, out } = await hermetic(['resolve', id], bob);
      assert.equal(code, 0);
      assert.match(out, /Nothing stops session/);
      assert.ok(out.includes(alice.name));
      const [shown] = await bob.does('resolve', id);
      assert.equal(shown.session_id, id);
      assert.equal(shown.stop, undefined);
      // by its name, too, also where the person goes on
      assert.equal((await bob.does('resolve', 'a still one'))[0].session_id, id);
      assert.equal((await bob.does('resolve', 'a still one', '--yes')).at(-1).session_id,
        id);
    });

  test('the chat says what becomes of each line', async () => {
    const id = await conversation(alice, bob);
    const proxy = await startProxy(node.url);
    const direct = alice.server;
    alice.server = proxy.url;
    const chat = alice.start();
    alice.server = direct;
    chat.child.stdin.write(`/open ${id}\nhello\n`);
    const sent = await chat.line(m => m.state === 'sent');
    const said = await chat.line(m => m.text === 'hello');
    assert.equal(sent.seq, said.seq);
    chat.child.stdin.end('/quit\n');
    assert.equal((await chat.ended).code, 0);
    await proxy.stop();
  });

  test('the chat goes on trying what /flush lets go', async () => {
    const id = await conversation(alice, bob);
    const carol = await new Person('carol', node.url).register();
    assert.equal((await (await away(alice)).run('send', id, 'hi')).code, 4);
    await bob.does('invite', id, carol.name);
    const own = await startNode({ postgres, port: await freePort() });
    const direct = alice.server;
    alice.server = own.url;
    const chat = alice.start();
    alice.server = direct;
    try {
      chat.child.stdin.write(`/open ${id}\n`);
      await chat.line(m => m.members?.some(x => x.username === carol.name));
      await own.kill();
      assert.deepEqual(chat.lines().filter(m => m.state === 'sent'), []);
      chat.child.stdin.write('/flush\n');
      await own.start();
      await chat.line(m => m.state === 'sent');
      chat.child.stdin.end('/quit\n');
      assert.equal((await chat.ended).code, 0);
    } finally {
      chat.child.kill('SIGKILL');
      await own.stop();
    }
  });

  test('no success where standard output takes nothing', async () => {
    const id = await conversation(alice, bob);
    const full = (...args) => new Promise(done => {
      const fd = openSync('/dev/full', 'w');
      const child = spawn(join(build, 'hermetic'), args, {
        env: { PATH: process.env.PATH, LANG: 'C.UTF-8',
          HERMETIC_HOME: alice.home, HERMETIC_PASSPHRASE: alice.passphrase,
          HERMETIC_SERVER: alice.server, ...alice.env },
        stdio: ['ignore', fd, 'pipe'] });
      closeSync(fd);
      child.stderr.resume();
      child.on('close', done);
    });
    for (const args of [['--help'], ['send', '--help'], ['--version'],
      ['sessions'], ['members', id], ['safety', id], ['read', id],
      ['send', id, 'into the void'], ['rotate', id], ['devices'], ['outbox'],
      ['resolve', id], ['invite', id, alice.name], ['create'], ['link'],
      ['sessions', '--json'], ['read', id, '--json'], []])
      assert.notEqual(await full(...args), 0, args.join(' '));
    // it was sent all the same
    assert.deepEqual(await bob.texts(id), ['into the void']);
  });
});
