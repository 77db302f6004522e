// make vectors VECTORS=DIR: what it runs, and what it does not let pass.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { build, root } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const shared = process.env.HERMETIC_VECTORS
  ? join(process.env.HERMETIC_VECTORS, 'mls')
  : join(root, '../shared/vectors/mls');
const skip = existsSync(shared) ? false : `no test vectors in ${shared}`;

const folders = [];
after(() => folders.forEach(f => rmSync(f, { recursive: true })));

/** A folder with these files: name: content, or a file to copy. */
function folder(files) {
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-test-vectors-'));
  folders.push(dir);
  for (const [name, content] of Object.entries(files)) {
    if (existsSync(content)) copyFileSync(content, join(dir, name));
    else writeFileSync(join(dir, name), content);
  }
  return dir;
}

const run = dir => exec(join(build, 'tests/vectors/vectors'),
  [dir, join(build, 'tests/unit')], { cwd: root, maxBuffer: 1 << 26 })
  .then(({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }) => ({ code, stdout }));

/** What is said of a file, or of all of them. */
function sums(stdout, what) {
  const escaped = what.replace('.', '\\.');
  const line = new RegExp(`^${escaped}: (\\d+) cases: (\\d+) passed, ` +
    '(\\d+) failed, (\\d+) skipped$', 'm').exec(stdout);
  assert.ok(line, `${what} in ${stdout}`);
  const [cases, passed, failed, skipped] = line.slice(1).map(Number);
  return { cases, passed, failed, skipped };
}

const load = name => JSON.parse(readFileSync(join(shared, `${name}.json`)));

test('an empty folder, or none, is a failure', async () => {
  const { code, stdout } = await run(folder({ 'README.md': 'nothing' }));
  assert.equal(code, 1);
  assert.match(stdout, /holds no test vectors/);
  assert.equal((await run('/nowhere')).code, 1);
});

test('what is no vector is a failure', async () => {
  for (const [content, why] of [['{', /cannot be read/], ['[]', /no file of/],
    ['[{"a":1}]', /no file of a known format/]]) {
    const { code, stdout } = await run(folder({ 'welcome.json': content }));
    assert.equal(code, 1);
    assert.match(stdout, why);
  }
});

test('each small file of the working group passes, under any name',
  { skip }, async () => {
    const names = readdirSync(shared).filter(n => !/messages|passive|treekem|valid/
      .test(n));
    const { code, stdout } = await run(folder(Object.fromEntries(
      names.map((n, i) => [`some-${i}.json`, join(shared, n)]))));
    assert.equal(code, 0, stdout);
    for (let i = 0; i < names.length; i++)
      assert.match(stdout, new RegExp(
        `^some-${i}\\.json (0x000\\d|none): \\d+ passed, 0 failed, 0 skipped$`, 'm'));
    const all = sums(stdout, 'all');
    assert.equal(all.cases, names.map(n => JSON.parse(
      readFileSync(join(shared, n))).length).reduce((a, b) => a + b));
    assert.equal(all.passed, all.cases);
  });

test('one wrong byte is a failure of its suite, and no other',
  { skip }, async () => {
    const cases = load('welcome');
    const bad = cases.find(c => c.cipher_suite === 3);
    const at = bad.welcome.length - 9;
    bad.welcome = bad.welcome.slice(0, at) +
      (bad.welcome[at] === '0' ? '1' : '0') + bad.welcome.slice(at + 1);
    const { code, stdout } = await run(folder(
      { 'welcome.json': JSON.stringify(cases) }));
    assert.equal(code, 1);
    assert.match(stdout, /^welcome\.json 0x0003: 0 passed, 1 failed, 0 skipped$/m);
    assert.match(stdout, /^welcome\.json 0x0001: 1 passed, 0 failed, 0 skipped$/m);
    assert.deepEqual(sums(stdout, 'all'),
      { cases: 7, passed: 6, failed: 1, skipped: 0 });
  });

test('suites that nobody here knows are said; alone they are a failure',
  { skip }, async () => {
    const cases = load('psk_secret');
    const strange = { ...cases[0], cipher_suite: 0x0abc };
    const some = await run(folder({ 'psk.json':
      JSON.stringify([...cases, strange]) }));
    assert.equal(some.code, 0);
    assert.match(some.stdout, /^psk\.json 0x0abc: 0 passed, 0 failed, 1 skipped \(no such suite here\)$/m);
    assert.deepEqual(sums(some.stdout, 'psk.json'), { cases:
      cases.length + 1, passed: cases.length, failed: 0, skipped: 1 });
    const alone = await run(folder({ 'psk.json': JSON.stringify([strange]) }));
    assert.equal(alone.code, 1);
  });

test('every case is in one line, however many there are and of whatever suite',
  { skip }, async () => {
    const cases = load('psk_secret').filter(c => c.cipher_suite <= 7);
    const many = Array.from({ length: 48 * 7 }, (_, i) =>
      cases.filter(c => c.cipher_suite === i % 7 + 1)[0]);
    const strange = [undefined, null, 'three', -1, 1 << 17].map(suite =>
      ({ ...cases[0], cipher_suite: suite }));
    const { code, stdout } = await run(folder({
      'psk_secret.json': JSON.stringify([...many, ...strange]) }));
    assert.equal(code, 1);
    for (let suite = 1; suite <= 7; suite++)
      assert.match(stdout, new RegExp(`^psk_secret\\.json 0x000${suite}: ` +
        '48 passed, 0 failed, 0 skipped$', 'm'));
    assert.deepEqual(sums(stdout, 'psk_secret.json'),
      { cases: 341, passed: 336, failed: 4, skipped: 1 });
  });

test('cases after a crash are failures, each of them', async () => {
  const programs = folder({});
  const dir = folder({ 'welcome.json': JSON.stringify(
    Array.from({ length: 5 }, () => ({ signer_pub: '', cipher_suite: 1 }))) });
  const { code, stdout } = await exec(join(build, 'tests/vectors/vectors'),
    [dir, programs]).catch(e => e);
  assert.equal(code, 1);
  assert.match(stdout, /^welcome\.json: 5 cases are in no line$/m);
  assert.deepEqual(sums(stdout, 'all'),
    { cases: 5, passed: 0, failed: 5, skipped: 0 });
});

test('a case that lacks a member is a failure, not a crash',
  { skip }, async () => {
    for (const name of ['key-schedule', 'secret-tree', 'tree-operations',
      'message-protection', 'transcript-hashes', 'crypto-basics']) {
      const [first, ...rest] = load(name);
      for (const member of Object.keys(first)) {
        // the sender counts for Update proposals only
        if (/cipher_suite|proposal_sender/.test(member)) continue;
        const { [member]: _, ...without } = first;
        const { code, stdout } = await run(folder({ [`${name}.json`]:
          JSON.stringify([without, ...rest.slice(0, 1)]) }));
        assert.equal(code, 1, `${name} without ${member}: ${stdout}`);
      }
    }
  });

test('those of our own suite, which another implementation made', async () => {
  const { code, stdout } = await run(join(root, 'tests/vectors/frozen'));
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^crypto-basics\.json 0xf7f1: 1 passed, 0 failed, 0 skipped$/m);
  assert.match(stdout,
    /^passive-client-handling-commit\.json 0xf7f1: 2 passed, 0 failed, 0 skipped$/m);
});
