// The command is a program over libhermetic as any other: what of the protocol it knows, it
// takes from the library, by the functions of the public header
// (docs/adr/0095-the-command-is-linked-to-the-library.md).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { build, root } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const command = join(build, 'hermetic');
const library = join(build, 'lib/libhermetic.so.0');

async function out(program, ...args) {
  return (await exec(program, args, { maxBuffer: 1 << 26 })).stdout;
}

/** What stands in a dynamic section: [[tag, value]…]. */
const dynamic = async file => [...(await out('readelf', '-dW', file))
  .matchAll(/\((\w+)\)\s+[^[\n]*\[(.*)\]/g)].map(m => [m[1], m[2]]);
const needed = async file => (await dynamic(file))
  .filter(([tag]) => tag === 'NEEDED').map(([, name]) => name);

/** Names of a file's symbols, without their versions. */
const symbols = async (file, ...how) => (await out('nm', '-P', ...how, file))
  .split('\n').map(l => l.split(' ')[0].replace(/@.*/, '')).filter(Boolean);

test('it needs the library, and nothing that speaks to a server or opens a state', async () => {
  const names = await needed(command);
  assert.ok(names.includes('libhermetic.so.0'), `${names}`);
  const below = (await needed(library)).filter(n => !names.includes(n));
  for (const name of ['sqlite3', 'curl', 'crypto', 'websockets', 'mosquitto', 'cbor']) {
    assert.ok(below.some(n => n.startsWith(`lib${name}.`)), `the library: ${name}`);
    assert.ok(!names.some(n => n.startsWith(`lib${name}.`)), `the command: ${name}`);
  }
});

test('it takes functions of the public header from it, and nothing else', async () => {
  const shown = new Set(await symbols(library, '-D', '--defined-only'));
  const taken = (await symbols(command, '-D', '--undefined-only'))
    .filter(name => shown.has(name));
  const kept = new Set(readFileSync(join(root, 'src/hermetic/abi.txt'), 'utf8')
    .split('\n').filter(l => l && !l.startsWith('#')).map(l => l.split(' ')[1]));
  assert.ok(taken.length > 60, `${taken.length} functions`);
  for (const name of taken) assert.ok(kept.has(name), name);
});

test('no function from below the library is in it', async () => {
  const has = new Set(await symbols(command, '--defined-only'));
  assert.ok(has.has('cmd_run') && has.has('buf_put'), 'it has its own symbols');
  const folders = readdirSync(join(build, 'lib')).map(n => /^libhermetic-(\w+)\.a$/.exec(n)?.[1])
    .filter(f => f && !['command', 'base', 'qr', 'signs', 'mls_all'].includes(f));
  assert.ok(['hermetic', 'reach', 'device', 'session', 'mls', 'crypto']
    .every(f => folders.includes(f)), `${folders}`);
  for (const folder of folders) {
    const archive = join(build, `lib/libhermetic-${folder}.a`);
    const below = (await out('nm', '-g', '--defined-only', archive)).split('\n')
      .map(l => /^[0-9a-f]+ [TDBR] (\w+)$/.exec(l)?.[1])
      .filter(name => name && !/^(__|_sub_)/.test(name));
    assert.ok(below.length > 0, folder);
    assert.deepEqual(below.filter(name => has.has(name)), [], folder);
  }
});

test('it finds the library where it is installed, and in no build directory', async t => {
  const prefix = mkdtempSync(join(tmpdir(), 'hermetic-command-'));
  t.after(() => rmSync(prefix, { recursive: true }));
  const install = (...more) => exec('make', ['-s', `VARIANT=${basename(build)}`,
    `B=${build}`, ...more, 'install-command'], { cwd: root, maxBuffer: 1 << 26 });
  const path = async file => (await dynamic(file))
    .filter(([tag]) => tag === 'RUNPATH' || tag === 'RPATH').map(([, value]) => value);

  await install(`PREFIX=${join(prefix, 'here')}`, 'LIB=lib/any');
  const here = join(prefix, 'here/bin/hermetic');
  assert.deepEqual(await path(here), ['$ORIGIN/../lib/any']);
  assert.match(await out(here, '--version'), /^hermetic \d/);
  assert.ok((await out('ldd', here)).includes(`${prefix}/here/bin/../lib/any/`));

  await install('PREFIX=/usr', `DESTDIR=${join(prefix, 'package')}`);
  assert.deepEqual(await path(join(prefix, 'package/usr/bin/hermetic')), []);
});
