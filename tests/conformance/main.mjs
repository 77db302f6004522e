// The conformance program against a node of its own:
//
//   HERMETIC_BUILD=build/release node tests/conformance/main.mjs [--write]
//
// prints each case that fails, and the table; --write puts the table into
// docs/websocket-conformance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { newUser } from '../testlib/api.mjs';
import { root, startNode, startPostgres } from '../testlib/stack.mjs';
import { conform, table } from './websocket.mjs';

const postgres = await startPostgres();
const node = await startNode({ postgres });
try {
  const user = await newUser(node.url, 'conform');
  const results = await conform(
    { host: '127.0.0.1', port: node.port, token: user.access });
  for (const { family, name, error } of results.filter(r => r.error))
    console.error(`${family}: ${name}: ${error}`);
  console.log(table(results));
  if (process.argv.includes('--write')) {
    const page = join(root, 'docs/websocket-conformance.md');
    const [before] = readFileSync(page, 'utf8').split('| family |', 1);
    writeFileSync(page, `${before}${table(results)}\n`);
  }
  process.exitCode = results.some(r => r.error) ? 1 : 0;
} finally {
  await node.stop();
  await postgres.stop();
}
