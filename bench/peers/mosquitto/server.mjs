// mosquitto alone, as it comes: what it acknowledges is in its memory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, start as startProcess, temporary, until }
  from '../../../tests/testlib/stack.mjs';
import { connect } from './client.mjs';
import { versionOf } from '../start.mjs';

export async function start() {
  const dir = temporary('mqtt'), port = await freePort();
  writeFileSync(join(dir, 'conf'), `listener ${port} 127.0.0.1
allow_anonymous true
log_type error
persistence true
persistence_location ${dir}/
max_inflight_messages 0
max_queued_messages 0
`, { mode: 0o644 });
  const child = startProcess('mosquitto', ['-c', join(dir, 'conf')],
    { cwd: dir, lastSignal: 'KILL', env: { PATH: process.env.PATH } });
  await until(() => connect({ port }, { kind: 'idle', k: 0 }).catch(() => null),
    { name: 'mosquitto' });
  return [{ name: 'mosquitto', version: versionOf('mosquitto'), hasPages: false,
    promise: 'it is in the broker’s memory (QoS 1); written every half hour',
    pids: () => [child.pid], target: { port }, stop: () => child.kill('SIGTERM') }];
}
