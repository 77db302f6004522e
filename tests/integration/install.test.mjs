// The MLS engine as others link it: installed into a prefix of its own, the
// example of docs/example compiled against it, static and shared.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync,
  writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { root } from '../testlib/stack.mjs';

const exec = promisify(execFile);
let prefix;
before(async () => {
  prefix = mkdtempSync(join(tmpdir(), 'hermetic-install-'));
  // not with a sanitizer: others do not have it
  await exec('make', ['-s', 'VARIANT=debug', `B=${join(prefix, 'build')}`,
    `PREFIX=${join(prefix, 'usr')}`, 'install-mls'],
  { cwd: root, maxBuffer: 1 << 26 });
});
after(() => rmSync(prefix, { recursive: true }));

async function flags(...args) {
  const { stdout } = await exec('pkg-config', [...args, 'hermetic-mls'],
    { env: { ...process.env,
      PKG_CONFIG_PATH: join(prefix, 'usr/lib/pkgconfig') } });
  return stdout.trim().split(/\s+/);
}

async function compiled(name, libs, source = join(root, 'docs/example/mls.c')) {
  const program = join(prefix, name);
  await exec('cc', ['-std=c11', '-Wall', '-Wextra', '-Werror', '-o', program,
    source, ...await flags('--cflags'), ...libs]);
  return program;
}

test('the example is short, and talks by the shared library', async () => {
  const source = readFileSync(join(root, 'docs/example/mls.c'), 'utf8');
  assert.ok(source.split('\n').length <= 61);
  const program = await compiled('shared', await flags('--libs'));
  const env = { LD_LIBRARY_PATH: join(prefix, 'usr/lib') };
  const { stdout } = await exec(program, [], { env });
  assert.equal(stdout, 'at noon?\n');
  const { stdout: needs } = await exec('ldd', [program], { env });
  assert.match(needs, /libhermetic-mls\.so\.0 => /);
});

test('and by the static one', async () => {
  const libs = (await flags('--libs', '--static'))
    .map(f => f === '-lhermetic-mls' ? '-l:libhermetic-mls.a' : f);
  const program = await compiled('static', libs);
  const { stdout } = await exec(program, [], { env: {} });
  assert.equal(stdout, 'at noon?\n');
  const { stdout: needs } = await exec('ldd', [program]);
  assert.doesNotMatch(needs, /hermetic/);
});

test('the pieces of docs/mls.md are a program', async () => {
  const text = readFileSync(join(root, 'docs/mls.md'), 'utf8');
  const source = join(prefix, 'pieces.c');
  writeFileSync(source, [...text.matchAll(/^```c\n([^]*?)^```$/gm)]
    .map(m => m[1]).join('\n'));
  const program = await compiled('pieces', await flags('--libs'), source);
  const { stdout } = await exec(program, [],
    { env: { LD_LIBRARY_PATH: join(prefix, 'usr/lib') } });
  assert.equal(stdout, 'at noon?\nat one\n');
});

test('without Twofish it goes without libgcrypt', async () => {
  const bare = join(prefix, 'bare');
  await exec('make', ['-s', 'VARIANT=debug', 'TWOFISH=no',
    `B=${join(prefix, 'build-bare')}`, `PREFIX=${bare}`, 'install-mls'],
  { cwd: root, maxBuffer: 1 << 26 });
  const library = join(bare, 'lib/libhermetic-mls.so');
  const { stdout: needs } = await exec('ldd', [library]);
  assert.match(needs, /libcrypto/);
  assert.doesNotMatch(needs, /gcrypt/);
  assert.doesNotMatch(readFileSync(join(bare, 'lib/pkgconfig/hermetic-mls.pc'),
    'utf8'), /gcrypt/);
  const { stdout } = await exec(join(prefix, 'shared'), [],
    { env: { LD_LIBRARY_PATH: join(bare, 'lib') } });
  assert.equal(stdout, 'at noon?\n');
});

test('a program in C++ has all of it by one header', async () => {
  const program = join(prefix, 'cpp');
  const strict = ['-Wall', '-Wextra', '-pedantic', '-Werror'];
  await exec('c++', ['-std=c++17', ...strict, '-o', program,
    join(root, 'docs/example/mls.cc'), ...await flags('--cflags'),
    ...await flags('--libs')]);
  const empty = join(prefix, 'empty.cc');
  writeFileSync(empty, `#include <mls/mls.h>
    int main() { struct buf made = BUF_INIT; struct span none = SPAN_EMPTY;
      return (int)(made.n + none.n); }`);
  for (const standard of ['c++11', 'c++20'])
    await exec('c++', [`-std=${standard}`, ...strict, '-fsyntax-only', empty,
      ...await flags('--cflags')]);
  const { stdout } = await exec(program, [],
    { env: { LD_LIBRARY_PATH: join(prefix, 'usr/lib') } });
  assert.equal(stdout, 'epoch 1 of alice\n');
});

test('all names of both libraries begin with mls_', async () => {
  const lib = join(prefix, 'usr/lib');
  for (const args of [['-D', join(lib, 'libhermetic-mls.so')],
    ['-g', join(lib, 'libhermetic-mls.a')]]) {
    const { stdout } = await exec('nm', ['--defined-only', ...args]);
    const names = [...stdout.matchAll(/ [A-Z] (\w+)/g)].map(m => m[1])
      .filter(name => name !== 'HERMETIC_MLS_0');
    assert.ok(names.length > 40);
    for (const name of names) assert.match(name, /^mls_/);
  }
});

test('each function has a man page, which groff takes', async () => {
  await exec('make', ['-s', `PREFIX=${join(prefix, 'usr')}`, 'install-man'],
    { cwd: root });
  const man = join(prefix, 'usr/share/man/man3');
  const pages = readdirSync(man);
  const { stdout } = await exec('nm', ['-D', '--defined-only',
    join(prefix, 'usr/lib/libhermetic-mls.so')]);
  const short = new Map([...readFileSync(join(root, 'src/mls/names.h'), 'utf8')
    .matchAll(/^#define (\w+) (mls_\w+)$/gm)].map(([, to, of]) => [of, to]));
  for (const [, name] of stdout.matchAll(/ T (mls_\w+)/g))
    assert.ok(short.has(name) || pages.includes(`${name}.3`), name);
  const group = readFileSync(join(man, 'mls_group.3'), 'utf8');
  assert.match(group, /mls_group_create/);
  assert.match(group, /Joins by Welcome \(12\.4\.3\.1\)/);
  const groff = await exec('groff', ['--version']).catch(() => null);
  for (const page of groff ? pages : []) {
    const { stderr } = await exec('groff',
      ['-man', '-Tutf8', '-ww', '-z', join(man, page)], { cwd: join(man, '..') });
    assert.equal(stderr, '', page);
  }
});

test('each installed header compiles alone', async () => {
  const include = join(prefix, 'usr/include/hermetic');
  const headers = readdirSync(include, { recursive: true })
    .filter(n => n.endsWith('.h'));
  assert.ok(headers.includes('mls/group.h'));
  for (const header of headers)
    await exec('cc', ['-std=c11', '-fsyntax-only', '-Wall', '-Werror', '-I',
      include, '-x', 'c', join(include, header)]);
});
