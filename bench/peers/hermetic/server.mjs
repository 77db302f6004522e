// Hermetic: one node, and two nodes of which the other one has the receivers.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { openWorld, templateText } from '../../lib/world.mjs';
import { build } from '../../../tests/testlib/stack.mjs';

const PAIRS = 8;

export async function start() {
  const world = await openWorld();
  const other = await world.nodeAt(1);
  const rooms = world.sessions.slice(0, PAIRS);
  const of = (name, nodes, receivers) => ({ name, nodes,
    version: execFileSync(join(build, 'hermetic'), ['--version'], { encoding: 'utf8' })
      .match(/\d+\.\d+\S*/)?.[0],
    promise: 'committed and flushed, in the order of the log that members verify',
    hasPages: true,
    pids: () => [...nodes.flatMap(n => n.pids()), world.postgres.pid],
    target: { senders: world.node.port, receivers: receivers.port,
      senderToken: world.sender.access, receiverToken: world.receiver.access,
      rooms: rooms.map(s => ({ id: s.id, template: templateText(s) })) },
    stop: async () => {} });
  return [of('Hermetic', [world.node], world.node),
    { ...of('Hermetic, two nodes', [world.node, other], other),
      stop: () => world.close() }];
}
