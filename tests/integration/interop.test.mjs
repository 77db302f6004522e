// Our engine and ts-mls, an implementation that is not ours, in one group
// (docs/interop.md): every suite, both as each other's members.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { playMixed } from '../interop/mixed.mjs';
import { usableSuites } from '../interop/ours.mjs';
import { replay } from '../interop/replay.mjs';
import { there } from '../interop/wire.mjs';
import { build, root } from '../testlib/stack.mjs';

const tooOld = Number(process.versions.node.split('.')[0]) < 20 &&
  'skipped: ts-mls needs node 20';
const usable = await usableSuites(build);
const { hex, play, suiteNumbers, twofishBlock, XWingOfHpkePq } = tooOld
  ? { suiteNumbers: [] }
  : { ...await import('../interop/run.mjs'),
    ...await import('../interop/suites.mjs') };

describe('interop', { concurrency: 2, skip: tooOld }, () => {
  test('the other Twofish knows the known answers', () => {
    const bytes = text => Buffer.from(text, 'hex');
    // the designers' ecb_ival.txt
    assert.equal(Buffer.from(twofishBlock(bytes('0123456789abcdeffedcba98765432' +
      '1000112233445566778899aabbccddeeff'), Buffer.alloc(16))).toString('hex'),
    '37527be0052334b89f0cfccae87cfa20');
  });

  const without = suite => usable.includes(suite) ? false
    : 'skipped: this OpenSSL has no ML-KEM';

  test('the other X-Wing derives the key pair of the draft', async () => {
    // draft-ietf-hpke-pq-04: kem 0x647A, ikmR and skRm
    const kem = new XWingOfHpkePq();
    const { privateKey } = await kem.deriveKeyPair(Buffer.from('b86e76a59fabfc87b3' +
      '0cd7b1f7aaa28a834eb64e7a261c197b9a842893fbce56', 'hex'));
    assert.equal(Buffer.from(await kem.serializePrivateKey(privateKey)).toString('hex'),
      '3ec47fa82dd5689d27c6190e724c74ec8f608df3331ce331929e37b829676630');
  });

  // Those of NIST curves take ts-mls its time.
  const steps = suite => ({ 2: 8, 5: 5, 7: 8 })[suite] ?? 16;
  for (const suite of suiteNumbers)
    test(`${hex(suite)}: both in one group`, { skip: without(suite) }, async () => {
      const played = await play({ build, suite, seed: 3, steps: steps(suite),
        members: 4 });
      assert.ok(played.messages > 30);
    });

  for (const suite of suiteNumbers)
    test(`${hex(suite)}: ours among themselves`, { skip: without(suite) }, () =>
      play({ build, suite, seed: 4, steps: 60, members: 8, only: 'ours' }));

  for (const suite of [1, 0xf7f1])
    test(`${hex(suite)}: fifty members`, () =>
      play({ build, suite, seed: 5, steps: 2, members: 50 }));
});

// core-crypto, where it is installed; all suites, and both who begin: `make interop`.
describe('core-crypto', { skip: there ? false
  : 'skipped: core-crypto is not installed (npm ci --prefix tests/peers)' }, () => {
  for (const begun of ['ours', 'theirs'])
    test(`one group, begun by ${begun}`, async () =>
      assert.ok(await playMixed({ build, suite: 1, begun }) > 100));
});

// What our members were asked and answered when ts-mls took part, which is
// there no more: commits they made, Welcomes, late and repeated messages,
// resumption PSKs, what they refused.
describe('frozen', () => {
  const directory = join(root, 'tests/vectors/frozen');
  for (const file of readdirSync(directory).filter(f => f.endsWith('.jsonl')))
    test(file, async () =>
      assert.ok(await replay({ build, file: join(directory, file) }) > 100));
});
