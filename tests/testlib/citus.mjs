// A database of its own in a Citus cluster that is there already, with the sessions spread
// over its workers (docs/scaling.md). HERMETIC_TEST_CITUS_URL leads its superuser to the
// coordinator, into a database in which it knows its workers; the nodes of the cluster trust
// each other and this machine. What wants a cluster of its own, to set or to stop it, gets
// PostgreSQL instead.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { asked, pgEnv } from './psql.mjs';

const exec = promisify(execFile);
const SHARDS = 8;
let made = 0;

/** Where the cluster is; undefined: there is none for tests. */
export const citusUrl = process.env.HERMETIC_TEST_CITUS_URL || undefined;

/** As startPostgres(), without what starts and stops a server. */
export async function startSpread({ root, migrate, migrateUp, urlsOf }) {
  const name = `hermetic_test_${process.pid}_${++made}`;
  const at = ({ host, port }, role, database) =>
    `postgresql://${role}:hermetic@/${database}?host=${host}&port=${port}`;
  const cluster = asked({ adminUrl: citusUrl });
  const all = await cluster.rows(`SELECT nodename AS host, nodeport AS port
    FROM pg_dist_node ORDER BY groupid`);
  const [coordinator, ...workers] = all;
  const superuser = pgEnv(citusUrl).PGUSER;
  const on = (node, database, sql) => cluster.psql(sql,
    { url: at(node, superuser, database) });
  // roles are the whole cluster's, so other tests may be about to make them
  const script = file => `SELECT FROM pg_advisory_lock(1214606957, 0);\n${
    readFileSync(join(root, 'deploy', file), 'utf8')
      .replaceAll('DATABASE hermetic', `DATABASE ${name}`)
      .replace("WHERE 'hermetic'", `WHERE '${name}'`)
      .replace(/^\\getenv (\w+) .*/gm, "\\set $1 'hermetic'")
      .replace(/^\\set replication_password.*/m, '')}`;
  const adminRole = async () => {
    for (const node of all) await on(node, 'template1', script('admin-role.sql'));
  };
  for (const node of all) await on(node, 'template1', script('roles.sql'));
  await adminRole();
  for (const node of all) await on(node, name, 'CREATE EXTENSION citus');
  const url = role => at(coordinator, role, name);
  const self = asked({ adminUrl: at(coordinator, superuser, name), ...urlsOf(url),
    passwords: {}, adminRole, env: { HERMETIC_DATABASE_BUCKETS: String(SHARDS) } });
  /** deploy/distribute.sql, which may run again. */
  self.distribute = () => exec('psql', ['-X', '-q', '-v', `shards=${SHARDS}`, '-f',
    join(root, 'deploy/distribute.sql')],
  { env: { ...process.env, ...pgEnv(self.ownerUrl) } });
  /** What each of its machines has. */
  self.dump = async () => (await Promise.all(all.map(node => exec('pg_dump', ['--inserts'],
    { maxBuffer: 1 << 30, env: { ...process.env, ...pgEnv(at(node, superuser, name)) } }))))
    .map(run => run.stdout).join('');
  self.stop = async () => {
    for (const node of all)
      await on(node, 'template1', `DROP DATABASE ${name} WITH (FORCE)`);
  };
  if (migrate) {
    await migrateUp(self);
    // the superuser's part: what there is goes to the workers, with its owner and grants
    await on(coordinator, name, `
      SELECT FROM citus_set_coordinator_host('${coordinator.host}', ${coordinator.port});
      ${workers.map(w => `SELECT FROM citus_add_node('${w.host}', ${w.port});`)
    .join('\n')}`);
    await self.distribute();
  }
  return self;
}
