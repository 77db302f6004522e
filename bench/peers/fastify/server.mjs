// The usual stack: Fastify, its WebSocket, node-postgres with a pool, PostgreSQL that flushes.
import { fileURLToPath } from 'node:url';

import { freePort, start as startProcess, until } from '../../../tests/testlib/stack.mjs';
import { startDatabase } from '../start.mjs';
import { createRequire } from 'node:module';

const program = fileURLToPath(new URL('app.mjs', import.meta.url));
const { version } = createRequire(program)('fastify/package.json');

export async function start() {
  const postgres = await startDatabase();
  await postgres.psql(`CREATE TABLE message (room integer, seq bigserial, text text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (room, seq))`);
  const port = await freePort();
  const child = startProcess(process.execPath, [program], { lastSignal: 'KILL', asUs: true,
    env: { PATH: process.env.PATH, PORT: String(port), PGHOST: postgres.dir,
      PGUSER: 'postgres', PGPASSWORD: postgres.passwords.postgres, PGDATABASE: 'hermetic' } });
  await until(() => fetch(`http://127.0.0.1:${port}/rooms/0/messages?after=0`)
    .then(() => true, () => false), { name: 'Fastify' });
  return [{ name: 'Fastify, ws, pg', version, hasPages: true,
    promise: 'committed and flushed', pids: () => [child.pid, postgres.pid], target: { port },
    stop: async () => {
      child.kill('SIGKILL');
      await postgres.stop();
    } }];
}
