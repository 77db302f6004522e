// ejabberd with its archive (mod_mam) in a PostgreSQL that flushes.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, start as startProcess, temporary, until }
  from '../../../tests/testlib/stack.mjs';
import { startDatabase, versionOf } from '../start.mjs';
import { connect } from './client.mjs';

const USERS = 8;

// ejabberd cannot reach PostgreSQL by a Unix socket. The cluster has the usual port, so it gets an
// address of its own.
const ADDRESS = `127.73.${process.pid >> 8 & 255}.${process.pid & 255 || 1}`;

const config = ({ port, postgres }) => `hosts: ["localhost"]
loglevel: error
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 65536, access: c2s}
access_rules:
  c2s: {allow: all}
auth_method: [sql]
auth_password_format: plain
default_db: sql
sql_type: pgsql
sql_server: "${ADDRESS}"
sql_database: "hermetic"
sql_username: "postgres"
sql_password: "${postgres.passwords.postgres}"
sql_pool_size: 16
sql_prepared_statements: true
certfiles: []
acme: {auto: false}
modules:
  mod_mam: {default: always, assume_mam_usage: true}
  mod_stream_mgmt: {max_ack_queue: 100000, queue_type: ram}
`;

export async function start() {
  const postgres = await startDatabase({ listen_addresses: ADDRESS });
  appendFileSync(join(postgres.dir, 'data/pg_hba.conf'),
    `host all all ${ADDRESS}/32 scram-sha-256\n`);
  await postgres.psql('SELECT pg_reload_conf()');
  await postgres.psql(readFileSync('/usr/share/ejabberd/sql/pg.sql', 'utf8'));
  for (const kind of ['sender', 'receiver', 'idle'])
    for (let k = 0; k < USERS; k++)
      await postgres.psql(`INSERT INTO users (username, password) VALUES ('${kind}${k}', 'x')`);
  const dir = temporary('node'), port = await freePort();
  writeFileSync(join(dir, 'conf.yml'), config({ port, postgres }), { mode: 0o644 });
  const child = startProcess('erl', ['+K', 'true', '+P', '250000', '-noinput', '-mnesia', 'dir',
    `"${join(dir, 'mnesia')}"`, '-s', 'ejabberd'], { cwd: dir, lastSignal: 'KILL',
    env: { PATH: process.env.PATH, HOME: dir, ERL_LIBS: '/usr/lib/x86_64-linux-gnu',
      EJABBERD_CONFIG_PATH: join(dir, 'conf.yml'), EJABBERD_LOG_PATH: join(dir, 'log'),
      ERL_MAX_PORTS: '32000' } });
  await until(() => connect({ port }, { kind: 'idle', k: 0 }).catch(() => null),
    { name: `ejabberd (${dir}/log)` });
  return [{ name: 'ejabberd', version: versionOf('ejabberd'), hasPages: true,
    promise: 'committed and flushed in the archives of both', target: { port },
    pids: () => [child.pid, postgres.pid],
    stop: async () => {
      child.kill('SIGKILL');
      await postgres.stop();
    } }];
}
