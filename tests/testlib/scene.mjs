// What most tests of lies begin with: PostgreSQL, a node, a proxy in front of it, and
// two people who are registered at the node.
import { startProxy } from './proxy.mjs';
import { twoPeople } from './people.mjs';
import { startNode, startPostgres } from './stack.mjs';

/** `fooled`: whose commands go by the proxy, 'alice' or 'bob'; nobody's unless it is
 * given. { postgres, node, proxy, alice, bob, stop() } */
export async function startScene({ fooled } = {}) {
  const postgres = await startPostgres();
  const node = await startNode({ postgres });
  const proxy = await startProxy(node.url);
  const [alice, bob] = await twoPeople(node.url);
  const scene = { postgres, node, proxy, alice, bob };
  if (fooled) scene[fooled].server = proxy.url;
  scene.stop = async () => {
    await proxy.stop();
    await node.stop();
    await postgres.stop();
  };
  return scene;
}
