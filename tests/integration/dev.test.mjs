// What ./dev says and does in shells and on machines that are not its writer's.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { freePort, root, temporary } from '../testlib/stack.mjs';

// Parts of ./dev in a shell: what it wrote, and how it ended.
const shell = (script, env) => new Promise(done => execFile('bash',
  ['--norc', '-euc', `for part in common packages; do . tools/dev/$part.sh; done\n${script}`],
  { cwd: root, env, timeout: 60_000, encoding: 'utf8' },
  (error, out, err) => done({ code: error ? error.code : 0, out, err })));

describe('./dev', () => {
  test('an ordinary user, whose language is not installed, has all programs', async () => {
    const { code, out, err } = await shell(
      'command -v mosquitto useradd\nperl -e \'print "\\n"\'',
      { ROOT: root, PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'xx_XX.UTF-8' });
    assert.equal(err, '');
    assert.equal(code, 0, out);
    assert.match(out, /^\/\S+\/mosquitto\n\/\S+\/useradd\n/);
  });

  // An apt and a dpkg that know of nothing, with these sources: where they are, and the
  // environment that has them.
  function apt(sources) {
    const dir = temporary('apt');
    const settings = { 'Dir::Etc::SourceList': join(dir, 'sources'),
      'Dir::Etc::SourceParts': '-', 'Dir::State::Status': join(dir, 'dpkg/status'),
      'Dir::State::Lists': join(dir, 'lists'), 'Dir::Cache': join(dir, 'cache'),
      'Acquire::Retries': '0', 'APT::Sandbox::User': 'root' };
    for (const name of ['dpkg/info', 'dpkg/updates', 'lists/partial', 'cache/archives/partial',
      'tools'])
      mkdirSync(join(dir, name), { recursive: true });
    for (const [name, text] of Object.entries({ sources, 'dpkg/status': '', 'dpkg/available': '',
      'apt.conf': Object.entries(settings).map(([k, v]) => `${k} "${v}";\n`).join('') }))
      writeFileSync(join(dir, name), text);
    return { dir, env: { PATH: process.env.PATH, APT_CONFIG: join(dir, 'apt.conf'),
      DPKG_ADMINDIR: join(dir, 'dpkg') } };
  }

  // As where sudo has a word to say of its own.
  async function install(sources) {
    const { dir, env } = apt(sources);
    writeFileSync(join(dir, 'tools/packages.txt'), 'build kore\n');
    const said = await shell(`as_root() { echo 'sudo: unable to resolve host x' >&2; "$@"; }
      packages_ensure build`, { ROOT: dir, ...env });
    assert.equal(said.code, 1, said.out + said.err);
    assert.match(said.out, /^==> Installing Debian packages .*: kore$/m);
    return said.err;
  }

  test('without a network it says so, and not that Debian has no Kore', async () => {
    const said = await install(
      `deb [trusted=yes] http://127.0.0.1:${await freePort()}/debian bookworm main\n`);
    assert.match(said, /Failed to fetch http:\/\/127\.0\.0\.1/);
    assert.match(said, /^dev: .*Is there a network\?$/m);
  });

  test('without sources that have Kore it says which are wanted', async () => {
    const { VERSION_ID } = Object.fromEntries(readFileSync('/etc/os-release', 'utf8').trim()
      .split('\n').map(line => line.replaceAll('"', '').split('=')));
    assert.match(await install(''), VERSION_ID === '12' ? /^dev: .* main of Debian's own/m
      : /^dev: .* has the pin that lets that one in/m);
  });

  // A mirror that has these suites, with a package of no meaning, and no signature.
  function mirror(suites) {
    const dir = temporary('mirror');
    const list = 'Package: nothing\nVersion: 1\nArchitecture: all\nFilename: nothing.deb\n' +
      'Size: 0\n';
    const sum = createHash('sha256').update(list).digest('hex');
    for (const suite of suites) {
      const at = join(dir, 'dists', suite);
      mkdirSync(join(at, 'main/binary-amd64'), { recursive: true });
      writeFileSync(join(at, 'main/binary-amd64/Packages'), list);
      writeFileSync(join(at, 'Release'), `Suite: ${suite}\nCodename: ${suite}\n` +
        'Components: main\nArchitectures: amd64\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n' +
        `SHA256:\n ${sum} ${list.length} main/binary-amd64/Packages\n`);
    }
    return dir;
  }

  for (const release of ['bookworm', 'trixie'])
    test(`where apt knows ${release} alone, sources come from there`, async () => {
      const suites = [release, `${release}-security`];
      const at = mirror(suites);
      const { dir, env } = apt(suites.map(suite =>
        `deb [trusted=yes arch=amd64] file:${at} ${suite} main\n`).join(''));
      const said = await shell(`apt-get -qq update
        tools/wasm-sources ${dir}/made || true`, { ROOT: root, ...env });
      assert.equal(said.code, 0, said.err);
      assert.match(said.err, /is not signed/); // so it goes no further
      assert.deepEqual(readFileSync(join(dir, 'made/apt/sources.list'), 'utf8').trimEnd()
        .split('\n').map(line => line.replace(/\[.*?\] /, '')),
      ['bookworm', 'trixie', 'bookworm-security', 'trixie-security'].map(suite =>
        `deb-src file:${at}/ ${suite} main`));
    });
});
