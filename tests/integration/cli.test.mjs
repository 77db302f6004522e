// The command `hermetic` against a real API and a real PostgreSQL.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { conversation, Person, twoPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { freePort, hermetic, newHome, sleep, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

const algorithms = ['aes-256-gcm', 'chacha20-poly1305', 'twofish-256-gcm'];

describe('the hermetic command', { concurrency: false }, () => {
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

  test('registers, logs in and out, again and again', async () => {
    const again = new Person('alice', node.url);
    again.name = alice.name;
    await again.cannot('username-taken', 'register', '--username',
      alice.name);
    await alice.cannot('state-exists', 'register', '--username', alice.name);
    const [first] = await alice.does('login');
    const [second] = await alice.does('login', '--username', alice.name);
    assert.equal(first.device_id, alice.device);
    assert.equal(second.device_id, alice.device);
    await alice.does('logout');
    await alice.cannot('logged-out', 'sessions');
    await alice.does('login');
    // a second home is a second device of the same account
    again.passphrase = 'not it';
    await again.cannot('bad-credentials', 'login', '--username', alice.name);
    again.passphrase = alice.passphrase;
    const { login, device_id: other } = await again.asks();
    assert.notEqual(other, alice.device); // and waits to be approved
    await login.stop();
  });

  test('a service gives the passphrase by a descriptor or a file', async () => {
    const folder = newHome(), home = alice.home;
    const given = (name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const run = (args, env, input) =>
      hermetic(['outbox', ...args], { home, env, input });
    const by = async (...how) => {
      const { code, err } = await run(...how);
      assert.equal(code, 0, err);
    };
    const file = given('file', `${alice.passphrase}\nnot of it\n`);
    await by(['--passphrase-fd', '0'], {}, `${alice.passphrase}\n`);
    await by([], { HERMETIC_PASSPHRASE_FILE: file });
    given('passphrase', alice.passphrase);
    await by([], { CREDENTIALS_DIRECTORY: folder });
    // what is said by name goes first, and nothing stands in for what is wrong
    await by(['--passphrase-fd', '0'],
      { HERMETIC_PASSPHRASE: 'wrong', HERMETIC_PASSPHRASE_FILE: '/nowhere' },
      alice.passphrase);
    const failing = async (words, ...how) => {
      const { code, err } = await run(...how);
      assert.equal(code, 1);
      assert.match(err, words);
    };
    await failing(/descriptor 0 is empty/, ['--passphrase-fd', '0'],
      { HERMETIC_PASSPHRASE: alice.passphrase }, '');
    await failing(/descriptor 0 is longer than 1024 bytes/,
      ['--passphrase-fd', '0'], {}, 'x'.repeat(1025));
    await failing(/from descriptor 99 \(Bad file/, ['--passphrase-fd', '99']);
    await failing(/Cannot read \/nowhere: No such file/, [],
      { HERMETIC_PASSPHRASE_FILE: '/nowhere' });
    await failing(/There is no terminal/, [], { CREDENTIALS_DIRECTORY: '/' });
  });

  test('an agent opens the state for a time, for its user alone', async t => {
    const { home } = alice, socket = join(home, 'agent.sock');
    const run = (...args) => hermetic(args, { home });
    t.after(() => run('lock'));
    const given = (...args) => hermetic([...args, '--json'],
      { home, passphrase: alice.passphrase });
    assert.match((await run('outbox')).err, /There is no terminal/);
    const begun = await given('agent', '--for', '1h');
    assert.deepEqual(begun.json,
      [{ username: alice.name, agent: true, seconds: 3600 }]);
    assert.equal((await run('outbox')).out, 'Nothing waits.\n');
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    assert.match((await given('agent')).err, /agent-runs/);
    if (process.getuid() === 0) { // somebody else, whom files do not keep out
      const ask = `require('net').connect('${socket}')
        .on('data', d => console.log(d.length)).on('error', () => {})
        .end('K')`;
      chmodSync(home, 0o755);
      chmodSync(socket, 0o666);
      const asks = (...who) => execFileSync('setpriv',
        [...who, process.execPath, '-e', ask], { encoding: 'utf8' });
      assert.equal(asks('--reuid=65534', '--clear-groups'), '');
      assert.equal(asks('--reuid=0'), '65\n');
      chmodSync(home, 0o700);
    }
    assert.match((await run('lock')).out, /the keys are wiped/);
    assert.ok(!existsSync(socket));
    assert.match((await run('outbox')).err, /There is no terminal/);
    assert.match((await run('lock')).out, /No agent/);
    // one that cannot be asked is still there, and keeps a second one away
    const cut = alice.start('agent', '--foreground', '--for', '1h');
    t.after(() => cut.child.kill('SIGKILL'));
    await cut.line(l => l.agent);
    rmSync(socket);
    assert.match((await given('agent')).err, /agent-runs/);
    const asked = await run('lock');
    assert.equal(asked.code, 1);
    assert.match(asked.err, /cannot be asked \(No such file.* holds the keys/s);
    cut.child.kill('SIGKILL');
    await cut.ended;
    assert.match((await run('lock')).out, /No agent/);
    const many = await Promise.all([1, 2, 3].map(() => given('agent')));
    assert.equal(many.filter(m => m.code === 0).length, 1);
    assert.match((await run('lock')).out, /the keys are wiped/);
    // it ends by itself
    const child = alice.start('agent', '--foreground', '--for', '1s');
    await child.line(l => l.agent);
    assert.equal((await child.ended).code, 0);
    assert.ok(!existsSync(socket));
  });

  for (const algorithm of algorithms) {
    test(`${algorithm}: create, join by Welcome, talk, rotate`, async () => {
        const [created] = await alice.does('create', '--algorithm', algorithm,
        '--name', 'lunch – été', '--invite', bob.name);
      const id = created.session_id;
      assert.equal(created.algorithm, algorithm);
      assert.equal(created.members.length, 2);
      const invited = (await bob.does('sessions'))
        .find(s => s.session_id === id);
      assert.equal(invited.state, 'added');
      const [joined] = await bob.does('join', id);
      assert.equal(joined.algorithm, algorithm);
      assert.equal(joined.epoch, created.epoch);

      await alice.does('send', id, 'hello Bob');
      await bob.does('send', id, 'hello Alice', '--transport', 'ws');
      const [rotated] = await alice.does('rotate', id);
      assert.equal(rotated.epoch, created.epoch + 1);
      // Bob has not seen the new epoch: refused, read, sealed again
      await bob.does('send', id, 'after the rotation');
      const expected = ['hello Bob', 'hello Alice', 'after the rotation'];
      assert.deepEqual(await alice.texts(id), expected);
      assert.deepEqual(await bob.texts(id), expected);
      const [mine] = await alice.does('safety', id);
      const [his] = await bob.does('safety', id);
      assert.match(mine.safety_number, /^(\d{5} ){11}\d{5}$/);
      assert.equal(mine.safety_number, his.safety_number);
      assert.equal(his.name, 'lunch – été');
      const members = await bob.does('members', id);
      assert.deepEqual(members.map(m => m.username).sort(),
        [alice.name, bob.name].sort());
    });

    test(`${algorithm}: join by external commit`, async () => {
        const [{ session_id: id }] = await alice.does('create', '--open',
        '--algorithm', algorithm);
      await alice.does('send', id, 'before Bob');
      const [joined] = await bob.does('join', id);
      assert.equal(joined.members.length, 2);
      await alice.does('members', id); // she looks who has come
      await alice.does('send', id, 'with Bob');
      await bob.does('send', id, 'with Alice');
      assert.deepEqual(await bob.texts(id), ['with Bob', 'with Alice']);
      assert.deepEqual(await alice.texts(id),
        ['before Bob', 'with Bob', 'with Alice']);
      const [mine] = await alice.does('safety', id);
      const [his] = await bob.does('safety', id);
      assert.equal(mine.safety_number, his.safety_number);
    });
  }

  test('the first algorithm of the creator that all share', async () => {
    const carol = await new Person('carol', node.url)
      .register('--algorithms', 'twofish-256-gcm,chacha20-poly1305');
    const [chosen] = await alice.does('create', '--invite', carol.name);
    assert.equal(chosen.algorithm, 'chacha20-poly1305');
    await carol.does('join', chosen.session_id);
    await alice.cannot('no-common-algorithm', 'create', '--algorithm',
      'aes-256-gcm', '--invite', carol.name);
    await alice.does('send', chosen.session_id, 'still usable');
    assert.deepEqual(await carol.texts(chosen.session_id), ['still usable']);
  });

  test('a third one is added, and cannot read what was before', async () => {
    const carol = await new Person('carol', node.url).register();
    const id = await conversation(alice, bob, '--name', 'three');
    await alice.does('send', id, 'two of us');
    await carol.cannot('not-invited', 'join', id);
    const [invited] = await bob.does('invite', id, carol.name);
    assert.equal(invited.devices, 1);
    await carol.does('join', id.slice(0, 12));
    await carol.does('send', id, 'three of us');
    assert.deepEqual(await carol.texts(id), ['three of us']);
    assert.deepEqual(await alice.texts(id), ['two of us', 'three of us']);
    const [safety] = await carol.does('safety', id);
    assert.equal(safety.name, 'three');
    assert.equal(safety.safety_number,
      (await bob.does('safety', id))[0].safety_number);
    await alice.cannot('no-such-user', 'invite', id, 'nobody-at-all');
    await alice.cannot('member-already', 'invite', id, carol.name);
  });

  test('read --follow shows what happens, also after a cut', async () => {
    const id = await conversation(alice, bob);
    const proxy = await startProxy(node.url);
    const direct = bob.server;
    bob.server = proxy.url;
    const follow = bob.start('read', id, '--follow');
    bob.server = direct;
    await alice.does('send', id, 'first');
    await follow.line(m => m.text === 'first');
    await until(() => proxy.cut() > 0, { name: 'a WebSocket to cut' });
    await alice.does('send', id, 'while away');
    await alice.does('rotate', id);
    await alice.does('send', id, 'in a new epoch', '--transport', 'ws');
    await follow.line(m => m.text === 'in a new epoch');
    const seen = follow.lines();
    assert.deepEqual(seen.map(m => m.seq),
      [...new Set(seen.map(m => m.seq))].sort((a, b) => a - b));
    assert.deepEqual(seen.filter(m => m.kind === 'text').map(m => m.text),
      ['first', 'while away', 'in a new epoch']);
    await follow.stop();
    await proxy.stop();
  });

  test('read --follow by REST goes on when the server is there again', async () => {
    const id = await conversation(alice, bob);
    const proxy = await startProxy(node.url);
    const direct = bob.server;
    bob.server = proxy.url;
    const follow = bob.start('read', id, '--follow', '--transport', 'rest');
    bob.server = direct;
    await alice.does('send', id, 'first');
    await follow.line(m => m.text === 'first');
    let asked = 0;
    proxy.hooks.request = () => ({ drop: ++asked > 0 });
    await until(() => asked >= 2, { name: 'a reader that asks again' });
    proxy.hooks.request = undefined;
    await alice.does('send', id, 'while away');
    await follow.line(m => m.text === 'while away');
    await follow.stop();
    await proxy.stop();
  });

  test('two processes on one home take turns', async () => {
    const id = await conversation(alice, bob);
    const follow = alice.start('read', id, '--follow');
    const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(texts.map(t => alice.does('send', id, t)));
    await follow.line(() => follow.lines()
      .filter(m => m.kind === 'text').length === texts.length);
    await follow.stop();
    assert.deepEqual((await bob.texts(id)).sort(), texts);
  });

  test('nothing readable in the state, nothing secret in /proc', async () => {
    const id = await conversation(alice, bob, '--name', 'a private name');
    await alice.does('send', id, 'attack at dawn');
    await bob.does('read', id);
    for (const who of [alice, bob]) {
      assert.equal(statSync(who.home).mode & 0o777, 0o700);
      for (const file of readdirSync(who.home)) {
        const path = join(who.home, file);
        assert.equal(statSync(path).mode & 0o777, 0o600);
        const bytes = readFileSync(path);
        for (const word of ['attack', 'private', alice.name, bob.name, id,
          alice.device, who.passphrase, '127.0.0.1', 'aes-256-gcm'])
          assert.ok(!bytes.includes(word), `${file} holds ${word}`);
      }
    }
    const follow = bob.start('read', id, '--follow');
    await follow.line(m => m.text === 'attack at dawn');
    for (const file of ['environ', 'cmdline']) {
      let bytes = Buffer.alloc(0);
      try {
        bytes = readFileSync(`/proc/${follow.child.pid}/${file}`);
      } catch (e) {
        assert.equal(e.code, 'EACCES'); // not even we may look
      }
      assert.ok(!bytes.includes(bob.passphrase), `it stands in ${file}`);
    }
    await follow.stop();
  });

  test('tokens that expire are renewed, a lost one is replaced', async () => {
    const short = await startNode({ postgres,
      env: { HERMETIC_ACCESS_TOKEN_SECONDS: '5' } });
    const proxy = await startProxy(short.url);
    const [alice, bob] = await twoPeople(proxy.url);
    const id = await conversation(alice, bob);
    const follow = bob.start('read', id, '--follow');
    const chat = alice.starts();
    const texts = ['one', 'two', 'three', 'four'];
    for (const text of texts) {
      await alice.does('send', id, text);
      await follow.line(m => m.text === text);
      await sleep(2500); // a token's life, not a wait for something
    }
    assert.deepEqual(follow.lines().filter(m => m.kind === 'text')
      .map(m => m.text), texts);
    await follow.stop();
    // nobody who talks meanwhile hears of it
    await until(() => chat.out.includes('bob-'), { name: 'a chat' });
    chat.child.stdin.end();
    assert.doesNotMatch((await chat.ended).out, /Connect/);
    // the answer to a refresh is lost: its token is used up all the same
    let lost = 0;
    proxy.hooks.answer = ({ path }) => path === '/auth/refresh' &&
      lost++ === 0 ? { drop: true } : undefined;
    await sleep(5000);
    assert.equal((await alice.run('sessions')).code, 3);
    await alice.does('send', id, 'back again');
    assert.equal(lost > 0, true);
    assert.equal((await alice.does('login'))[0].device_id, alice.device);
    await proxy.stop();
    await short.stop();
  });

  test('text is made harmless for a terminal', async () => {
    const id = await conversation(alice, bob);
    const nasty = 'a\x1b[31mb\u009b1mc\u202ed\nforged: line';
    await hermetic(['send', id, '-'], { ...alice, input: nasty });
    const { out } = await hermetic(['read', id], bob);
    assert.match(out, /a\\u\{1b\}\[31mb\\u\{9b\}1mc\\u\{202e\}d\n {4}forged/);
    assert.deepEqual(await bob.texts(id), [nasty]);
  });

  test('refusals and exit codes', async () => {
    const usage = await hermetic(['send', 'x'], alice);
    assert.equal(usage.code, 2);
    assert.match(usage.err, /send wants: ID TEXT/);
    assert.equal((await hermetic(['dance'], alice)).code, 2);
    assert.equal((await hermetic(['send', '--help'], alice)).code, 0);
    await alice.cannot('no-such-session', 'send', 'ffff', 'x');
    await alice.cannot('not-found', 'join',
      '00000000-0000-4000-8000-000000000000');
    await alice.cannot('unknown-algorithm', 'create', '--algorithm', 'rot13');
    const dead = { ...alice, server: `127.0.0.1:${await freePort()}` };
    const unreachable = await hermetic(['sessions'], dead);
    assert.equal(unreachable.code, 3);
    assert.match(unreachable.err, /Cannot reach/);
    const wrong = await hermetic(['sessions'],
      { ...alice, passphrase: 'not mine' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /passphrase is wrong/);
    const nobody = await hermetic(['sessions'],
      { ...alice, home: newHome() });
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /login/);
    await alice.does('sessions');
  });

  test('the chat: create, talk, hear', async () => {
    const chat = alice.start();
    const say = text => chat.child.stdin.write(`${text}\n`);
    say(`/create tea ${bob.name}`);
    const { session_id: id } = await chat.line(m => m.text === 'tea');
    await bob.does('join', id);
    await bob.does('send', id, 'tea is ready');
    await chat.line(m => m.text === 'tea is ready');
    say('coming');
    say('/dance');
    await chat.line(m => m.error === 'usage');
    await chat.line(m => m.text === 'coming' && m.own);
    say('/quit');
    assert.equal((await chat.ended).code, 0);
    assert.deepEqual(await bob.texts(id), ['tea is ready', 'coming']);
  });

  test('the chat: verbs do as their commands do', async () => {
    const id = await conversation(alice, bob);
    const chat = alice.start();
    const say = text => chat.child.stdin.write(`${text}\n`);
    say(`/open ${id}`);
    say('/verify ' + bob.name + ' yes');
    await chat.line(m => m.person?.compared === 'yes');
    say('/members');
    await chat.line(m => m.username === bob.name && m.compared === 'yes');
    say(`/block ${bob.name}`);
    await chat.line(m => m.username === bob.name && m.blocked === true);
    say(`/unblock ${bob.name}`);
    await chat.line(m => m.username === bob.name && m.blocked === false);
    say('/ban');
    await chat.line(m => m.detail === '/ban wants: USER');
    say(`/ban ${bob.name}`);
    await chat.line(m => m.banned?.includes(bob.name));
    say(`/unban ${bob.name}`);
    await chat.line(m => m.unbanned?.includes(bob.name));
    const [[come], [stay]] = [await bob.does('create', '--invite', alice.name),
      await bob.does('create', '--invite', alice.name)];
    say('/invitations');
    await chat.line(m => m.session_id === come.session_id && m.inviter);
    say(`/decline ${stay.session_id}`);
    await chat.line(m => m.session_id === stay.session_id && m.declined);
    say(`/accept ${come.session_id}`);
    await chat.line(m => m.session_id === come.session_id && m.member);
    say('I am here'); // in the one that was come into
    await chat.line(m => m.text === 'I am here' &&
      m.session_id === come.session_id);
    await bob.does('members', come.session_id);
    await bob.does('send', come.session_id, 'welcome');
    await chat.line(m => m.text === 'welcome' && m.compared === 'yes');
    say('/quit');
    assert.equal((await chat.ended).code, 0, chat.err);
  });

  test('the chat: what is said while the server is away is sent by itself',
    async () => {
      const own = await startNode({ postgres, port: await freePort() });
      const [carol, dave] = await twoPeople(own.url);
      const id = await conversation(carol, dave);
      const chat = carol.start();
      try {
        chat.child.stdin.write(`/open ${id}\nbefore\n`);
        await chat.line(m => m.text === 'before' && m.own);
        await own.kill();
        chat.child.stdin.write('meanwhile\n');
        await chat.line(m => m.error);
        await own.start();
        await chat.line(m => m.text === 'meanwhile' && m.own);
        // the connection tells what others say, too
        await dave.does('send', id, 'and after');
        await chat.line(m => m.text === 'and after');
        chat.child.stdin.write('/quit\n');
        assert.equal((await chat.ended).code, 0);
        assert.deepEqual(await dave.texts(id),
          ['before', 'meanwhile', 'and after']);
      } finally {
        chat.child.kill('SIGKILL');
        await own.stop();
      }
    });
});
