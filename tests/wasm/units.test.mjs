// The unit tests of all below src/device as WebAssembly (make wasm-tests): the same
// sources, vectors and frozen states as of the C build.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  '../..');
const programs = join(root, 'build/wasm/tests/unit');
const vectors = process.env.HERMETIC_VECTORS ?? join(root, '../shared/vectors');
const skip = existsSync(join(vectors, 'mls')) ? false
  : `no test vectors in ${vectors}`;

/** Those that read the working group's vectors. */
const wantsVectors = name =>
  /vectors_(run|load)|vector_case/.test(
    readFileSync(join(root, `tests/unit/${name}.c`), 'utf8'));

const names = readdirSync(programs).filter(f => f.endsWith('.wasm'))
  .map(f => basename(f, '.wasm'));

test('there are programs', () => assert.ok(names.length > 75, names.join()));

/** What a program printed, and that it ended well. */
const run = (name, folder) => exec(process.execPath, ['--no-warnings',
  join(root, 'tests/wasm/run.mjs'), join(programs, `${name}.wasm`), root, folder],
{ maxBuffer: 1 << 26 }).then(({ stdout }) => stdout);

for (const name of names)
  test(name, { skip: wantsVectors(name) && skip }, async () => {
    const stdout = await run(name, skip ? root : vectors);
    const [, count] = /^1\.\.(\d+)$/m.exec(stdout) ?? [];
    assert.equal(stdout.match(/^ok \d+ - /gm).length, Number(count), stdout);
  });

// where OpenSSL had no ML-KEM, they would be skipped
test('ML-KEM is there, whichever OpenSSL this machine has', async () => {
  assert.match(await run('test_ml_kem', root), /^ok \d+ - test_accumulated$/m);
  for (const name of ['test_vectors_of_xwing', 'test_vectors_of_hpke_pq'])
    assert.match(await run('test_xwing', root), new RegExp(`^ok \\d+ - ${name}$`, 'm'));
});

// Of our own suite with Twofish, which another implementation made.
for (const [name, file] of [['test_vectors_keys', 'crypto-basics'],
  ['test_vectors_passive', 'passive-client-handling-commit']])
  test(`${file} with Twofish`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hermetic-wasm-'));
    try {
      mkdirSync(join(folder, 'mls'));
      copyFileSync(join(root, `tests/vectors/frozen/${file}.json`),
        join(folder, `mls/${file}.json`));
      assert.match(await run(name, folder),
        new RegExp(`^mls/${file}\\.json 0xf7f1: [1-9]\\d* passed, 0 failed`, 'm'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
