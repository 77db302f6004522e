// What the Debian packages are made of: which file is in which, units, settings, the
// manual page and the completions. The packages themselves are made, installed, upgraded
// and purged by tests/package/run.sh, which takes minutes.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync,
  renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Person } from '../testlib/people.mjs';
import { build, hermetic, needsOwn, newHome, root, startNode, startPostgres, until }
  from '../testlib/stack.mjs';
import { Terminal } from '../testlib/terminal.mjs';
import { settings } from '../../tools/write-tables.mjs';

const exec = promisify(execFile);
const debian = name => join(root, 'debian', name);
const lines = file => readFileSync(file, 'utf8').split('\n')
  .filter(l => l && !l.startsWith('#'));
const units = readdirSync(debian('.')).filter(n => n.endsWith('.service'));
const unitName = file => file.replace('hermetic-server.', '');
/** The values of a unit's setting. */
const values = (text, name) => [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))]
  .map(m => m[1]);

let tree; // as a package has it
before(async () => {
  tree = mkdtempSync(join(tmpdir(), 'hermetic-packaging-'));
  await exec('make', ['-s', `VARIANT=${basename(build)}`, `B=${build}`, 'PREFIX=/usr',
    'LIB=lib/any', `DESTDIR=${tree}`, 'install-hermetic', 'install-command',
    'install-server'], { cwd: root, maxBuffer: 1 << 26 });
});
after(() => rmSync(tree, { recursive: true }));

test('each file that is installed is in one package', () => {
  const files = readdirSync(tree, { recursive: true })
    .filter(f => !statSync(join(tree, f), { throwIfNoEntry: false })?.isDirectory());
  assert.ok(files.length > 80);
  const patterns = readdirSync(debian('.')).filter(n => n.endsWith('.install') &&
    !n.includes('mls')).flatMap(n => lines(debian(n)).map(l => l.split(' ')[0]));
  const matches = pattern => file => new RegExp(`^${pattern.replaceAll('.', '\\.')
    .replaceAll('*', '[^/]*')}(/.*)?$`).test(file);
  for (const file of files)
    assert.equal(patterns.filter(p => matches(p)(file)).length, 1, file);
  for (const pattern of patterns)
    assert.ok(pattern.startsWith('debian/') ? existsSync(join(root, pattern))
      : files.some(matches(pattern)), pattern);
});

test('what is loaded by a path is where the package has it', () => {
  const share = name => readFileSync(join(tree, 'usr/share/hermetic', name), 'utf8');
  for (const [file, pattern] of [['kore.conf', /^load\s+(\S+)/m],
    ['kore-admin.conf', /^load\s+(\S+)/m], ['mosquitto.conf', /^plugin (\S+)/m]]) {
    const [, path] = pattern.exec(share(file));
    assert.ok(existsSync(join(tree, path)), path);
  }
  const socket = /^HERMETIC_MQTT_SOCKET=(.*)$/m
    .exec(readFileSync(debian('hermetic.env'), 'utf8'))[1];
  assert.ok(share('mosquitto.conf').includes(`\nlistener 0 ${socket}\n`));
});

test('the build takes what ./dev installs', () => {
  const needed = /^Build-Depends: ([^]*?)\n(?! )/m
    .exec(readFileSync(debian('control'), 'utf8'))[1].split(/,\s*/)
    .map(d => d.replace(/(:any)? .*/, '').replace('debhelper-compat', 'debhelper'));
  const listed = lines(join(root, 'tools/packages.txt')).map(l => l.split(' '));
  const essential = ['gcc', 'libc6-dev', 'make']; // build-essential
  assert.deepEqual([...needed].sort(), [...listed.filter(([of]) => of === 'build')
    .map(([, name]) => name).filter(name => !essential.includes(name)),
  'debhelper', 'nodejs'].sort());
  for (const name of ['debhelper', 'nodejs'])
    assert.ok(listed.some(([of, is]) => of === 'package' && is === name));
});

test('units name settings that there are, and secrets that hermetic-setup makes',
  async () => {
    const known = new Set(settings().flatMap(g => g.settings).flatMap(
      s => s.kind.startsWith('SECRET') || s.kind === 'KEY'
        ? [s.name, `${s.name}_FILE`] : [s.name]));
    const secrets = join(tree, 'secrets');
    await exec(join(tree, 'usr/share/hermetic/make-secrets.sh'), [secrets, 'localhost']);
    const made = readdirSync(secrets);
    for (const file of units) {
      const text = readFileSync(debian(file), 'utf8');
      const given = values(text, 'LoadCredential').map(v => v.split(':'));
      for (const [name, path] of given) {
        assert.equal(path, `/etc/hermetic/secrets/${name}`);
        assert.ok(made.includes(name), `${file}: ${name}`);
      }
      for (const path of values(text, 'ConditionPathExists'))
        assert.ok(made.includes(basename(path)), path);
      const named = values(text, 'Environment').map(v => v.split('='))
        .filter(([name]) => name.startsWith('HERMETIC_'));
      for (const [name, value] of named) {
        assert.ok(known.has(name), `${file}: ${name}`);
        assert.ok(given.some(([secret]) => value === `%d/${secret}`), value);
      }
      assert.equal(named.length, given.length, file);
    }
    for (const line of lines(debian('hermetic.env')))
      assert.ok(known.has(line.split('=')[0]), line);
    assert.match(readFileSync(join(secrets, 'owner_url'), 'utf8'),
      /^postgresql:\/\/hermetic_owner:[0-9a-f]{48}@localhost\/hermetic\?target_session_attrs=read-write$/);
  });

test('secrets that are there stay, and so does what an operator has made of them',
  async () => {
    const secrets = join(tree, 'secrets-elsewhere');
    const at = name => join(secrets, name);
    const make = (...host) => exec(join(tree, 'usr/share/hermetic/make-secrets.sh'),
      [secrets, ...host]);
    const all = () => Object.fromEntries(readdirSync(secrets, { recursive: true })
      .filter(name => statSync(at(name)).isFile()).map(name => [name, readFileSync(at(name), 'utf8')]));
    const refuses = async (host, pattern) => {
      const before = all();
      assert.match((await make(host).catch(e => e)).stderr, pattern);
      assert.deepEqual(all(), before);
    };
    await make('db.example');
    // on the way there nobody else is taken for it
    assert.equal(all().database_address, 'db.example/hermetic?target_session_attrs=read-write' +
      '&sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt');
    const edited = all().api_url.replace('@db.example/', '@pool.example:6432/');
    writeFileSync(at('api_url.new'), edited);
    renameSync(at('api_url.new'), at('api_url'));
    for (const name of ['owner_url', 'owner_password', 'mqtt_url'])
      rmSync(at(name));
    const before = all();
    await make('db.example');
    const { mqtt_url: mqttUrl, ...others } = all();
    assert.deepEqual(others, before);
    assert.equal(mqttUrl, `postgresql://hermetic_mqtt:${before.mqtt_password}@${
      before.database_address}`);
    await refuses('localhost', /for the PostgreSQL at db\.example, and not at localhost/);
    rmSync(at('api_password'));
    await refuses('db.example', /api_url is there without api_password/);
    // with compose a password is made anew by deleting it, and its URL follows
    await make();
    assert.ok(all().api_url.includes(`:${all().api_password}@postgres,standby/`));
  });

test('systemd takes the units, and they may little', async () => {
  const at = join(tree, 'units');
  mkdirSync(join(at, 'hermetic-.service.d'), { recursive: true });
  cpSync(debian('hardening.conf'), join(at, 'hermetic-.service.d/hardening.conf'));
  for (const file of units)
    writeFileSync(join(at, unitName(file)), readFileSync(debian(file), 'utf8')
      .replaceAll('=/usr/lib/hermetic/', `=${tree}/usr/lib/hermetic/`));
  const env = { ...process.env, SYSTEMD_UNIT_PATH: `${at}:` };
  const { stdout, stderr } = await exec('systemd-analyze',
    ['verify', '--man=no', ...units.map(f => join(at, unitName(f)))], { env });
  assert.equal(stdout + stderr.split('\n').filter(l => /hermetic/.test(l)).join('\n'), '');
  for (const file of units)
    await exec('systemd-analyze', ['security', '--offline=true', '--threshold=20',
      join(at, unitName(file))], { env });
});

test('each unit keeps what it says, and who has crashed comes again', () => {
  const named = text => text.split('\n').map(l => /^(\w+)=/.exec(l)?.[1]).filter(Boolean);
  const common = named(readFileSync(debian('hardening.conf'), 'utf8'));
  for (const file of units) {
    const text = readFileSync(debian(file), 'utf8');
    // the drop-in is read last, and wins; only a list grows
    assert.deepEqual(named(text).filter(n => common.includes(n) && n !== 'Environment'), [],
      file);
    const oneshot = values(text, 'Type')[0] === 'oneshot';
    assert.deepEqual(values(text, 'Restart'), oneshot ? [] : ['on-failure'], file);
    // a unit that this one requires must not fail for what passes
    if (oneshot) assert.match(values(text, 'ExecStart')[0], /hermetic-migrate up --wait /);
  }
});

test('a migration waits for the database while it cannot be reached, and no longer',
  { skip: needsOwn },
  async () => {
    const postgres = await startPostgres({ migrate: false });
    let waiting;
    const migrate = url => {
      const child = spawn(join(build, 'hermetic-migrate'), ['up', '--wait'],
        { cwd: root, env: { ...process.env, HERMETIC_DATABASE_URL: url } });
      child.said = '';
      child.stderr.on('data', text => { child.said += text; });
      child.over = once(child, 'close').then(([code]) => code);
      return child;
    };
    try {
      const refused = migrate(postgres.ownerUrl.replace(/:[^:@]*@/, ':wrong@'));
      assert.equal(await refused.over, 1);
      assert.match(refused.said, /^hermetic-migrate: cannot connect: .*password/);
      await postgres.stop('immediate');
      waiting = migrate(postgres.ownerUrl);
      await until(() => waiting.said.includes('waits for the database: ') ||
        waiting.exitCode !== null);
      assert.equal(waiting.exitCode, null, waiting.said);
      assert.ok(await postgres.supervise());
      assert.equal(await waiting.over, 0, waiting.said);
      assert.equal(await postgres.psql("SELECT to_regclass('hermetic.message') IS NULL"), 'f');
    } finally {
      waiting?.kill();
      await postgres.stop();
    }
  });

test('the version has one place', async () => {
  const { stdout: made } = await exec('make', ['-s', 'version'], { cwd: root });
  const { out } = await hermetic(['--version'], { home: newHome() });
  assert.match(out, new RegExp(`^hermetic ${made.trim().replaceAll('.', '\\.')}` +
    '( \\([0-9a-f]{12}\\))?\n$'));
  const { stdout } = await exec('bash', ['-c',
    '. tools/dev/package.sh; package_version'], { cwd: root });
  assert.match(stdout, new RegExp(`^${made.trim()}([~+]git\\d{14}\\.[0-9a-f]{12})?\n$`));
  const { stdout: others } = await exec('bash', ['-c',
    '. tools/dev/package.sh; package_versions_other'], { cwd: root });
  assert.equal(others, '');
});

test('a release is made of a clean tree whose version the changelog names', async () => {
  const clone = join(tree, 'clone');
  const git = (...args) => exec('git', ['-C', clone, '-c', 'user.name=x',
    '-c', 'user.email=x', ...args]);
  const refuses = async pattern => {
    const refused = await exec(join(clone, 'dev'), ['release']).catch(e => e);
    assert.match(refused.stderr, pattern);
    assert.equal((await git('tag')).stdout, '');
    assert.ok(!existsSync(join(clone, 'build')));
  };
  await exec('git', ['clone', '-q', '--shared', '--no-tags', root, clone]);
  for (const file of ['dev', 'tools/dev', 'tools/packages.txt', 'CHANGELOG.md', 'mk'])
    cpSync(join(root, file), join(clone, file), { recursive: true });
  writeFileSync(join(clone, 'of-nobody'), '');
  await refuses(/this tree is not clean/);
  await git('add', '--all');
  await git('commit', '-q', '-m', 'all');
  writeFileSync(join(clone, 'CHANGELOG.md'), '## [Unreleased]\n');
  await git('commit', '-q', '-a', '-m', 'nothing to say');
  await refuses(/CHANGELOG\.md has no heading/);
  const header = join(clone, 'src/hermetic/hermetic.h');
  writeFileSync(header, readFileSync(header, 'utf8')
    .replace(/(#define HERMETIC_VERSION_MAJOR) .*/, '$1 77'));
  const { stdout: version } = await exec('make', ['-s', 'version'], { cwd: clone });
  writeFileSync(join(clone, 'CHANGELOG.md'), `## [${version.trim()}] - 2026-12-01\n`);
  await git('commit', '-q', '-a', '-m', 'a version of the header alone');
  await refuses(/another version is in sdk\/js\/package\.json and sdk\/python\/pyproject\.toml\.$/m);
});

test('the manual pages say what --help says', async () => {
  const groff = await exec('groff', ['--version']).catch(() => null);
  for (const [name, pattern] of [['man1/hermetic.1', /^\.SS send ID TEXT/m],
    ['man8/hermetic-admin.8', /^\\fBaudit verify\\fR\nSays whether the record is whole\.$/m],
    ['man8/hermetic-setup.8', /^It makes the secrets of Hermetic's services/m]]) {
    const page = join(tree, 'usr/share/man', name);
    assert.match(readFileSync(page, 'utf8'), pattern);
    if (groff)
      assert.equal((await exec('groff', ['-man', '-Tutf8', '-ww', '-z', page])).stderr, '');
  }
});

describe('completions, with an agent that holds the keys', { concurrency: false }, () => {
  // what a member may call a session, so that a shell does not take it for a command
  const hostile = '$(touch "$HOME/was-run"); x';
  const option = '--yes'; // nor a command for an option
  const ids = {};
  let postgres, node, alice, env;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    alice = await new Person('alice', node.url).register();
    for (const name of ['lunch', 'late night', hostile, option])
      [{ session_id: ids[name] }] = await alice.does('create', '--name', name);
    await alice.does('agent');
    env = { HOME: newHome(), LANG: 'C.UTF-8', HERMETIC_HOME: alice.home,
      PATH: `${join(tree, 'usr/bin')}:${process.env.PATH}`,
      LD_LIBRARY_PATH: join(tree, 'usr/lib/any') }; // in /usr the system finds it
  });
  after(async () => {
    await alice?.does('lock');
    await node?.stop();
    await postgres?.stop();
  });
  const wasRun = () => existsSync(join(env.HOME, 'was-run'));

  test('the command names sessions without a server, and asks nobody', async () => {
    const names = async () => (await exec('hermetic', ['sessions', '--names'], { env }))
      .stdout.trimEnd().split('\n').sort();
    assert.deepEqual(await names(), [hostile, ids[option].slice(0, 8), 'late night', 'lunch']);
    const other = await new Person('bob', node.url).register();
    await other.cannot('no-agent', 'sessions', '--names');
  });

  test('bash', async () => {
    const completes = async (...words) => {
      const { stdout } = await exec('bash', ['-c', `. "$0"; COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1)); _hermetic; printf '%s\n' "\${COMPREPLY[@]}"`,
      join(tree, 'usr/share/bash-completion/completions/hermetic'), 'hermetic', ...words],
      { env });
      return stdout.trimEnd().split('\n').sort();
    };
    assert.deepEqual(await completes('se'), ['search', 'send', 'sessions']);
    assert.deepEqual(await completes('send', '--re'), ['--reply']);
    assert.deepEqual(await completes('--home', '/x', 'agent', '--fo'),
      ['--for', '--foreground']);
    assert.deepEqual(await completes('send', 'l'), ['late\\ night', 'lunch']);
    assert.deepEqual(await completes('search', 'x', '--in', 'lu'), ['lunch']);
    assert.deepEqual(await completes('send', 'lunch', 'l'), ['']);
    const { stdout } = await exec('bash', ['-c', `printf %s ${(await completes('send', '$'))[0]}`],
      { env });
    assert.equal(stdout, hostile);
    assert.equal(wasRun(), false);
  });

  test('fish', async () => {
    const completes = async line => {
      const { stdout } = await exec('fish', ['--no-config', '-c',
        'source $argv[1]; complete -C $argv[2]',
        join(tree, 'usr/share/fish/vendor_completions.d/hermetic.fish'), line],
      { env: { ...env, TERM: 'dumb' } });
      // fish 4 also offers what has these letters somewhere
      const offers = stdout.trimEnd().split('\n').map(l => l.split('\t')[0]);
      const word = line.split(' ').at(-1);
      return offers.filter(o => o.startsWith(word) || offers.length === 1).sort();
    };
    assert.deepEqual(await completes('hermetic se'), ['search', 'send', 'sessions']);
    assert.deepEqual(await completes('hermetic send --re'), ['--reply']);
    assert.deepEqual(await completes('hermetic send l'), ['late night', 'lunch']);
    assert.deepEqual(await completes('hermetic search x --in lu'), ['lunch']);
    assert.deepEqual(await completes('hermetic send lunch l'), ['']);
    assert.equal(wasRun(), false);
  });

  test('zsh', async () => {
    writeFileSync(join(env.HOME, '.zshrc'), `fpath=(${
      join(tree, 'usr/share/zsh/site-functions')} $fpath)
      autoload -U compinit; compinit -u -D; PS1='> '; setopt no_beep\n`);
    const screen = new Terminal(['zsh', '-i'], { env, columns: 120 });
    const completes = async (typed, becomes) => {
      screen.type(typed);
      screen.press('Tab');
      await screen.shows(rows => rows.some(r => r.startsWith('>') && r.includes(becomes)),
        becomes);
      screen.press('C-u');
    };
    await screen.shows('>');
    await completes('hermetic regi', 'hermetic register');
    await completes('hermetic send --rep', 'hermetic send --reply');
    await completes('hermetic send late', 'hermetic send late\\ night');
    await completes('hermetic search x --in lun', 'hermetic search x --in lunch');
    assert.equal(wasRun(), false);
    screen.close();
  });
});
