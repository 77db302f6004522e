// NATS with JetStream on files: as it comes, which acknowledges what the kernel has, and in a
// directory whose files are written synchronously, since this version has no setting for it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { start as startProcess } from '../../../tests/testlib/stack.mjs';
import { freePort, temporary, until } from '../../../tests/testlib/stack.mjs';
import { connect } from './client.mjs';
import { versionOf } from '../start.mjs';

async function startOne({ name, promise, isFlushed }) {
  const dir = temporary('node'), port = await freePort();
  const store = join(dir, 'store');
  mkdirSync(store);
  execFileSync('chown', ['--reference', dir, store]);
  if (isFlushed) execFileSync('chattr', ['+S', store]);
  writeFileSync(join(dir, 'conf'), `listen: "127.0.0.1:${port}"
jetstream { store_dir: "${store}", max_file_store: 20GB }
`, { mode: 0o644 });
  const child = startProcess('nats-server', ['-c', join(dir, 'conf')],
    { cwd: dir, lastSignal: 'KILL', env: { PATH: process.env.PATH } });
  const asked = await until(() => connect({ port }, { kind: 'admin' }).catch(() => null),
    { name: 'NATS' });
  await asked.ask('$JS.API.STREAM.CREATE.rooms', { name: 'rooms', subjects: ['room.*'],
    storage: 'file', retention: 'limits', discard: 'old', num_replicas: 1 });
  return { name, client: 'nats', promise, version: versionOf('nats-server'), hasPages: true,
    pids: () => [child.pid], target: { port }, stop: () => child.kill('SIGTERM') };
}

export const start = async () => [
  await startOne({ name: 'NATS, as it comes', isFlushed: false,
    promise: 'the kernel has it; it is flushed every two minutes' }),
  await startOne({ name: 'NATS, written synchronously', isFlushed: true,
    promise: 'written through to the disk' }),
];
