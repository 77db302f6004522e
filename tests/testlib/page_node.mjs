// A node that serves the page of this tree.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { root, startNode, startPostgres, temporary } from './stack.mjs';

/** { postgres, node }, which the caller stops. `env` adds to the node's configuration. */
export async function startPageNode(env = {}) {
  const directory = join(temporary('web'), 'page');
  execFileSync('node', [join(root, 'tools/web.mjs'), directory]);
  const postgres = await startPostgres();
  const node = await startNode({ postgres,
    env: { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: directory, ...env } });
  return { postgres, node };
}
