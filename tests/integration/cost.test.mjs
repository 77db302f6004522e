// What an order costs a device: it loads its session once, and `send` and
// `rotate` make three transactions (bench/device/cost.c counts).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { build } from '../testlib/stack.mjs';

test('an order loads its session once, in few transactions', async () => {
  const { code, stdout } = await new Promise(done => {
    execFile(join(build, 'bench/device/cost'), [],
      (error, out) => done({ code: error?.code ?? 0, stdout: out }));
  });
  assert.equal(code, 0, stdout);
  for (const order of ['create', 'join', 'send', 'rotate', 'read'])
    assert.match(stdout, new RegExp(`^${order} `, 'm'));
});
