// The simulator's model of the server beside a real node (tests/sim/compare): the
// same requests of the same devices, honest ones and a member that lies, get the
// same answers and make the same logs. And that a difference is found.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { build, startNode, startPostgres } from '../testlib/stack.mjs';

describe('the model of the server', { concurrency: false }, () => {
  let postgres, node;
  before(async () => {
    postgres = await startPostgres();
    // the limits of the model (tests/sim/server.h)
    node = await startNode({ postgres, env: {
      HERMETIC_LOGINS_PER_MINUTE: '10000', HERMETIC_CLAIMS_PER_MINUTE: '100000',
      HERMETIC_ROTATION_MESSAGES: '24', HERMETIC_ROTATION_GRACE_MESSAGES: '56',
    } });
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  function compare(...args) {
    return new Promise(done => {
      execFile(join(build, 'tests/sim/compare/compare'), [node.url, ...args],
        (error, stdout, stderr) =>
          done({ code: error ? error.code : 0, out: stdout + stderr }));
    });
  }

  test('answers as a node does, and keeps the same logs', async () => {
    const { code, out } = await compare('--seeds', '2', '--steps', '250');
    assert.equal(code, 0, out);
    const [, requests, refused] =
      out.match(/(\d+) requests \((\d+) refused\)/).map(Number);
    assert.ok(requests >= 800 && refused > 20, out);
  });

  for (const [wrong, seed, what] of [
    ['views', 3, /outcome of a send .* view-differs/],
    ['welcomes', 1, /number of Welcomes/],
  ])
    test(`${wrong}: a model that is wrong is found out`, async () => {
      const { code, out } = await compare('--wrong', wrong,
        '--from', `${seed}`, '--seeds', '1', '--steps', '150');
      assert.equal(code, 1, out);
      assert.match(out, what);
    });
});
