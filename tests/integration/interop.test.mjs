// Our engine and ts-mls, an implementation that is not ours, in one group
// (docs/interop.md): every suite, both as each other's members.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { build } from '../testlib/stack.mjs';

const tooOld = Number(process.versions.node.split('.')[0]) < 20 &&
  'skipped: ts-mls needs node 20';
const { hex, play, suiteNumbers, twofishBlock } = tooOld ? { suiteNumbers: [] }
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

  // Those of NIST curves take ts-mls 50 ms a signature.
  const steps = suite => [2, 5, 7].includes(suite) ? 10 : 20;
  for (const suite of suiteNumbers)
    test(`${hex(suite)}: both in one group`, async () => {
      const played = await play({ build, suite, seed: 3, steps: steps(suite),
        members: 5 });
      assert.ok(played.messages > 50);
    });

  for (const suite of suiteNumbers)
    test(`${hex(suite)}: ours among themselves`, () =>
      play({ build, suite, seed: 4, steps: 60, members: 8, only: 'ours' }));

  for (const suite of [1, 0xf7f1])
    test(`${hex(suite)}: fifty members`, () =>
      play({ build, suite, seed: 5, steps: 3, members: 50 }));
});
