// bench/mls has a floor for each suite, by whichever OpenSSL is here: what the floor does
// by OpenSSL itself works, and an operation costs some multiple of it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { build } from '../testlib/stack.mjs';

const run = promisify(execFile);
const FIRST = ['0x0001', '0x0002', '0x0003', '0x0004', '0x0005', '0x0006', '0x0007', '0xf7f1'];
const X_WING = ['0xf7f2', '0xf7f3', '0xf7f4'];

// An add seals and signs, a join opens and verifies.
for (const operation of ['add', 'join'])
  test(`each suite has a floor of ${operation}`, async () => {
    const { stdout } = await run(join(build, 'bench/mls/bench-mls'),
      ['-o', operation, '0', '2']);
    const rows = stdout.split('\n').map(line => line.trim().split(/\s+/))
      .filter(row => row[2] === operation);
    const suites = rows.map(row => row[0]);
    assert.deepEqual(suites, suites.includes(X_WING[0]) ? [...FIRST, ...X_WING] : FIRST);
    for (const row of rows) assert.ok(Number(row.at(-1)) > 0.5, row.join(' '));
  });
