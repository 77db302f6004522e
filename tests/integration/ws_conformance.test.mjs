// RFC 6455, case by case, against a node; and docs/websocket-conformance.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { conform, families, table } from '../conformance/websocket.mjs';
import { newUser } from '../testlib/api.mjs';
import { root, startNode, startPostgres } from '../testlib/stack.mjs';

describe('RFC 6455', { concurrency: false }, () => {
  let postgres, node, results;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, workers: 1 });
    const { access } = await newUser(node.url, 'conform');
    results = await conform({ host: '127.0.0.1', port: node.port,
      token: access });
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  for (const family of Object.keys(families))
    test(family, () => assert.deepEqual(
      results.filter(r => r.family === family && r.error), []));

  test('at least 250 cases, and the table in docs/ is of them', () => {
    assert.ok(results.length >= 250);
    assert.ok(readFileSync(join(root, 'docs/websocket-conformance.md'), 'utf8')
      .includes(table(results)), `the table is:\n${table(results)}`);
  });
});
