// libhermetic as others use it: installed into a prefix of its own, the example
// docs/example/bot.c compiled against that and talked with.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Person } from '../testlib/people.mjs';
import { sanitizer } from '../testlib/sanitizer.mjs';
import { build, freePort, newHome, root, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

const exec = promisify(execFile);
const variant = basename(build);
const sanitized = { asan: ['-fsanitize=address,undefined'],
  tsan: ['-fsanitize=thread'] }[variant] ?? [];
const warnings = ['-Wall', '-Wextra', '-pedantic', '-Werror'];
const bot = join(root, 'docs/example/bot.c');

let prefix;
before(async () => {
  prefix = mkdtempSync(join(tmpdir(), 'hermetic-embedding-'));
  await exec('make', ['-s', `VARIANT=${variant}`, `B=${build}`,
    `PREFIX=${prefix}`, 'install-hermetic'], { cwd: root, maxBuffer: 1 << 26 });
});
after(() => rmSync(prefix, { recursive: true }));

async function flags(...args) {
  const { stdout } = await exec('pkg-config', [...args, 'hermetic'],
    { env: { ...process.env, PKG_CONFIG_PATH: join(prefix, 'lib/pkgconfig') } });
  return stdout.trim().split(/\s+/);
}

async function compiled(name, compiler, libs, source = bot) {
  const program = join(prefix, name);
  await exec(compiler[0], [...compiler.slice(1), ...warnings, ...sanitized,
    '-o', program, source, ...await flags('--cflags'), ...libs]);
  return program;
}

// Functions that the header declares, in all its parts, and what a file shows.
const header = () => readdirSync(join(prefix, 'include/hermetic')).map(part =>
  readFileSync(join(prefix, 'include/hermetic', part), 'utf8')).join('\n')
  .replace(/\/\*[^]*?\*\//g, '');
const declared = () => [...new Set([...header().matchAll(
  /\b(hermetic_[a-z_]+)\(/g)].map(m => m[1]))].sort();

async function shown(file, ...how) {
  const { stdout } = await exec('nm', [...how, '--defined-only',
    join(prefix, 'lib', file)], { maxBuffer: 1 << 26 });
  return stdout.split('\n').map(l => l.split(' '))
    .filter(l => l[1] === 'T' || l[1] === 'D' || l[1] === 'B')
    .map(l => l[2].replace(/@.*/, '')).sort();
}

test('the libraries show what the header declares, and no more', async () => {
  const functions = declared();
  assert.ok(functions.length > 30);
  assert.deepEqual(await shown('libhermetic.so', '-D'), functions);
  assert.deepEqual(await shown('libhermetic.a', '-g'), functions);
});

test('no function of a version goes away', async () => {
  const kept = readFileSync(join(root, 'src/hermetic/abi.txt'), 'utf8')
    .split('\n').filter(l => l && !l.startsWith('#')).map(l => l.split(' '));
  const { stdout } = await exec('nm', ['-D', '--defined-only',
    join(prefix, 'lib/libhermetic.so')]);
  for (const [version, name] of kept)
    assert.ok(stdout.includes(` ${name}@@HERMETIC_${version}\n`), name);
  assert.deepEqual(declared(), kept.map(([, name]) => name).sort());
});

test('the header has its prefix everywhere', () => {
  for (const [, name] of header().matchAll(/^#define (\w+)/gm))
    assert.match(name, /^HERMETIC_/);
  for (const [, name] of header().matchAll(/^(?:struct|enum) (\w+)/gm))
    assert.match(name, /^hermetic(_|$)/);
  for (const [, name] of header().matchAll(/^\t([A-Z][A-Z_]+)[,; =]/gm))
    assert.match(name, /^HERMETIC_/);
});

test('the example is short, and is C and C++', async () => {
  assert.ok(readFileSync(bot, 'utf8').split('\n').length <= 68);
  await compiled('cpp', ['c++', '-x', 'c++', '-std=c++17'],
    ['-x', 'none', ...await flags('--libs')]);
});

/** The example as it runs: { child, said(pattern), stop() }. */
function starts(program, name, server, home) {
  const child = spawn(program, [home, server, name], {
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: join(prefix, 'lib'),
      BOT_PASSPHRASE: 'a bot has one, too' },
    stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', d => { out += d; });
  const ended = new Promise(done => child.on('close', done));
  return {
    said: pattern => until(() => {
      if (child.exitCode !== null) throw new Error(`the bot ended: ${out}`);
      return pattern.test(out);
    }, { name: `the bot to say ${pattern}` }),
    stop: async () => { child.kill('SIGTERM'); await ended; },
  };
}

describe('with a server', { concurrency: false }, () => {
  let postgres, node, alice;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    alice = await new Person('alice', node.url).register();
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  test('joins where it is invited, and answers, also when it is started again',
    async () => {
      const name = `bot-${alice.name.slice(-8)}`, home = newHome();
      const shared = await compiled('shared', ['cc', '-std=c11'],
        await flags('--libs'));
      let running = starts(shared, name, node.url, home);
      await running.said(/listens/);
      const [{ session_id: id }] = await alice.does('create', '--invite', name);
      const answers = async texts => until(async () => {
        await alice.does('members', id); // whoever joined is seen
        const got = (await alice.does('read', id)).filter(m => m.from === name &&
          m.kind === 'text');
        return texts.every(t => got.some(m => m.text === t)) && got;
      }, { name: `the answers ${texts}` });
      await alice.does('send', id, 'is anybody there?');
      const [first] = await answers([`${alice.name} said: is anybody there?`]);
      assert.ok(first.reply_to > 0);
      await running.stop();

      // linked statically, against the same home
      const libs = (await flags('--libs', '--static'))
        .map(f => f === '-lhermetic' ? '-l:libhermetic.a' : f);
      running = starts(await compiled('static', ['cc', '-std=c11'], libs),
        name, node.url, home);
      await running.said(/listens/);
      await alice.does('send', id, 'again');
      await answers([`${alice.name} said: again`]);
      await running.stop();
    });

  test('threads use handles of their own at once, two of one folder', async () => {
    const program = await compiled('threads', ['cc', '-std=c11', '-pthread'],
      await flags('--libs'), join(root, 'tests/embedding/threads.c'));
    const { stdout } = await exec(program, [newHome(), node.url,
      `t-${alice.name.slice(-8)}`], { env: { LD_LIBRARY_PATH: join(prefix, 'lib'),
      TSAN_OPTIONS: 'halt_on_error=1' } });
    assert.equal(stdout, 'all heard all\n');
  });

  /** A Python program over the installed copy. */
  async function python(script, args, each = () => {}) {
    const library = join(prefix, 'lib/libhermetic.so.0');
    const child = spawn('python3', [join(root, script), ...args], {
      env: { PATH: process.env.PATH, PASSPHRASE: 'snakes have one, too',
        PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1',
        HERMETIC_LIBRARY: library, ...sanitizer(library) } });
    let out = '', err = '';
    child.stdout.setEncoding('utf8').on('data', d => { out += d; });
    child.stderr.setEncoding('utf8').on('data', d => { err += d; });
    const ended = new Promise(done => child.on('close', done));
    await each(pattern => until(() => {
      if (child.exitCode !== null) throw new Error(`it ended: ${out}${err}`);
      return pattern.exec(out);
    }, { name: `${script} to say ${pattern}` }), line => child.stdin.write(`${line}\n`));
    assert.equal(await ended, 0, err);
    return out;
  }

  test('ten lines of Python send a message', async () => {
    const name = `py-${alice.name.slice(-8)}`, home = newHome();
    const source = readFileSync(join(root, 'docs/example/send.py'), 'utf8');
    assert.ok(source.split('\n').filter(Boolean).length <= 10);
    const out = await python('docs/example/send.py',
      [home, node.url, name, alice.name, 'from Python']);
    assert.match(out, /Sent\(number=\d+, item=0, kept=False/);
    const { session_id: id } = (await alice.does('sessions'))
      .find(s => s.creator === name);
    await alice.does('join', id);
    assert.deepEqual(await alice.texts(id), ['from Python']);
  });

  test('who is refused in one session talks in another', async () => {
    const name = `ear-${alice.name.slice(-8)}`;
    const makes = async () => (await alice.does('create', '--invite',
      name))[0].session_id;
    const out = await python('tests/embedding/listener.py',
      [newHome(), node.url, name], async (said, tell) => {
        await said(/registered/);
        const talk = await makes(), left = await makes();
        tell(`${talk} ${left}`);
        await said(/joined/);
        await alice.does('remove', left, name);
        tell('go on');
      });
    assert.match(out, /listens\n$/);
  });

  test('what came while the server was away is told when it is back, and once', async () => {
    const name = `late-${alice.name.slice(-8)}`, home = newHome();
    const invites = async () => (await alice.does('create', '--invite', name))[0].session_id;
    const away = await startNode({ postgres, port: await freePort(), workers: 1 });
    const other = Object.assign(new Person('other', node.url),
      { name, passphrase: 'snakes have one, too' });
    let login;
    await python('tests/embedding/late.py', [home, away.url, name], async (said, tell) => {
      await said(/registered/);
      await away.kill();
      const first = await invites();
      tell('listen');
      await said(/listens/);
      await away.start();
      await said(new RegExp(`first ${first}`));
      await away.kill();
      await said(/lost/);
      const second = await invites();
      ({ login } = await other.asks());
      await away.start();
      await said(new RegExp(`second ${second}`));
      await said(/a device waits/);
      await away.kill();
      await away.start();
      tell('connect again');
      await said(/back/);
      const third = await invites();
      tell('go on');
      await said(new RegExp(`third ${third}`));
    });
    await login.stop();
    await away.stop();
  });

  test('a guest is asked, and asks somebody else', async () => {
    const name = `guest-${alice.name.slice(-8)}`;
    const bob = await new Person('bob', node.url).register();
    const [{ session_id: id }] = await alice.does('create');
    const invited = async () => (await alice.does('sessions'))
      .find(s => s.session_id === id).invited ?? [];
    const asks = async who => (await alice.does('invite', '--ask', id, who))[0];
    const out = await python('tests/embedding/guest.py',
      [newHome(), node.url, name, bob.name], async (said, tell) => {
        await said(/registered/);
        await asks(name);
        tell(`${id} ${alice.name}`);
        await said(/asked/);
        assert.equal((await asks(bob.name)).invited_by, name);
        tell('go on');
        await said(/taken back/);
        await alice.does('read', id);
        assert.deepEqual(await invited(), []);
        await asks(bob.name);
        tell('go on');
      });
    assert.match(out, /told\n$/);
    assert.deepEqual(await invited(), [bob.name]);
  });

  test('who types is told, and what a session is about', async () => {
    const names = ['types', 'told'].map(n => `${n}-${alice.name.slice(-8)}`);
    assert.match(await python('tests/embedding/typist.py',
      [newHome(), newHome(), node.url, ...names]), /told\n$/);
  });

  test('what nobody should hand in is refused, by its name', async () => {
    assert.match(await python('tests/embedding/misuse.py',
      [newHome(), node.url, `mis-${alice.name.slice(-8)}`]), /done\n$/);
  });

  test('a device lets in another one, and ends it', async () => {
    assert.match(await python('tests/embedding/devices.py', [newHome(), newHome(), node.url,
      `two-${alice.name.slice(-8)}`, alice.name]), /done\n$/);
  });

  test('rules, a move, and who has a message', async () => {
    const names = ['rules', 'ruled'].map(n => `${n}-${alice.name.slice(-8)}`);
    assert.match(await python('tests/embedding/rules.py',
      [newHome(), newHome(), node.url, ...names]), /done\n$/);
  });

  test('recovery keys, the passphrase, and the end of an account', async () => {
    const names = ['lost', 'met'].map(n => `${n}-${alice.name.slice(-8)}`);
    assert.match(await python('tests/embedding/account.py',
      [newHome(), node.url, ...names]), /done\n$/);
  });

  test('JSON as the command prints it, and a log that is kept and looked at',
    async () => {
      const name = `views-${alice.name.slice(-8)}`, home = newHome();
      const out = await python('tests/embedding/views.py',
        [home, node.url, name, alice.name]);
      const { log, checked, session, outbox, person, pages } = JSON.parse(out);
      const me = Object.assign(new Person('views', node.url),
        { name, home, passphrase: 'snakes have one, too' });
      const file = join(prefix, 'pages');
      writeFileSync(file, pages);
      assert.deepEqual(await me.does('account', 'log'), log);
      assert.deepEqual(await me.does('account', 'verify', file), [checked]);
      assert.equal(checked.username, name);
      assert.deepEqual(await me.does('members', session.session_id), session.members);
      assert.deepEqual(await me.does('outbox'), outbox);
      assert.ok(outbox.some(item => item.text === 'who is verified?'));
      assert.deepEqual((await me.does('verify', alice.name))[0].person, person);
    });

  test('a device opens by the keys that an agent holds', async () => {
    await alice.does('agent');
    assert.match(await python('tests/embedding/agent.py', [alice.home], async (said, tell) => {
      await said(new RegExp(`^${alice.name}\n`));
      await alice.does('lock');
      tell('go on');
    }), /locked\n$/);
  });

  test('a device without input and output is driven by a loop of others',
    async () => {
      const name = `core-${alice.name.slice(-8)}`;
      const out = await python('tests/embedding/core.py',
        [node.url, name, alice.name], async said => {
          const [, id] = await said(/"session": "([^"]+)"/);
          await alice.does('join', id);
          assert.deepEqual(await alice.texts(id), ['who is there?']);
          await alice.does('send', id, 'me');
          await alice.does('send', id, 'end');
        });
      const lines = out.trim().split('\n');
      assert.equal(lines.pop(), 'the disk is full');
      const [, heard, refused] = lines.map(l => JSON.parse(l));
      assert.deepEqual(heard.heard, ['me', 'end']);
      assert.equal(heard.name, 'core');
      assert.equal(heard.sessions.length, 1);
      assert.equal(refused.refused, 'GONE');
      assert.ok(refused.why.length > 10 && refused.advice.length > 10);
    });
});
