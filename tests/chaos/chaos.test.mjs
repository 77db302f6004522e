// A short run of tests/chaos/run, and that it can fail: a server that
// acknowledges before a commit is durable is found out.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { build, needsOwn } from '../testlib/stack.mjs';
import { chaos, isWhole, summary } from './chaos.mjs';

const seed = process.env.HERMETIC_CHAOS_SEED ?? '7';
const crashes = { only: ['crash'], standby: false, mqtt: false, talk: false,
  seed };

test('nothing acknowledged is lost, doubled or out of order', { skip: needsOwn }, async t => {
  const result = await chaos({ seconds: 25, seed,
    say: text => t.diagnostic(text) });
  t.diagnostic(summary(result));
  assert.ok(isWhole(result), summary(result));
  assert.ok(result.faults >= 5 && result.acknowledged > 200 &&
    result.opened > 20, summary(result));
});

test('a planted bug is found: acknowledged before it is durable', { skip: needsOwn },
  async () => {
    const result = await chaos({ ...crashes, seconds: 20,
      module: join(build, 'planted/hermetic.so'), recoverBy: 4000 });
    assert.ok(result.lost > 0, summary(result));
  });

test('without it the same crashes cost nothing', { skip: needsOwn }, async () => {
  const result = await chaos({ ...crashes, seconds: 5 });
  assert.ok(isWhole(result), summary(result));
  assert.ok(result.faults > 0);
});
