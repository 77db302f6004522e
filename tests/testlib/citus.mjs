// A database of its own in a Citus cluster that is there already, with the sessions spread
// over its workers (docs/scaling.md). HERMETIC_TEST_CITUS_URL leads its superuser to the
// coordinator, into a database in which it knows its workers; the nodes of the cluster trust
// each other and this machine. What wants a PostgreSQL of its own says so with `needsOwn`, and is
// skipped.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { asked, pgEnv } from './psql.mjs';

const exec = promisify(execFile);
const SHARDS = 8;
let made = 0;

/** Where the cluster is; undefined: there is none for tests. */
export const citusUrl = process.env.HERMETIC_TEST_CITUS_URL || undefined;

/** Why a test is skipped that sets, stops or looks into its PostgreSQL; undefined: it is not. */
export const needsOwn = citusUrl &&
  'it needs a PostgreSQL of its own, and HERMETIC_TEST_CITUS_URL is a cluster of all tests';

// Roles are the whole cluster's: what makes them, or gives them to a worker with a table, waits
// here for all other tests that do.
async function alone(what) {
  const child = spawn('psql', ['-X', '-q', '-A', '-t'],
    { env: { ...process.env, ...pgEnv(citusUrl) }, stdio: ['pipe', 'pipe', 'inherit'] });
  const over = once(child, 'close');
  child.stdin.write("SELECT 'alone' FROM pg_advisory_lock(1214606957);\n");
  try {
    await Promise.race([once(child.stdout, 'data'),
      over.then(() => { throw new Error('psql ended'); })]);
    return await what();
  } finally {
    child.stdin.end();
    await over;
  }
}

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
  const script = file => readFileSync(join(root, 'deploy', file), 'utf8')
    .replaceAll('DATABASE hermetic', `DATABASE ${name}`)
    .replace("WHERE 'hermetic'", `WHERE '${name}'`)
    .replace(/^\\getenv (\w+) .*/gm, "\\set $1 'hermetic'")
    .replace(/^\\set replication_password.*/m, '');
  const everywhere = (database, sql) => alone(async () => {
    for (const node of all) await on(node, database, sql);
  });
  const adminRole = () => everywhere('postgres', script('admin-role.sql'));
  await everywhere('postgres', script('roles.sql'));
  await adminRole();
  await everywhere(name, 'CREATE EXTENSION citus');
  const url = role => at(coordinator, role, name);
  const self = asked({ adminUrl: at(coordinator, superuser, name), ...urlsOf(url),
    passwords: {}, adminRole, env: { HERMETIC_DATABASE_BUCKETS: String(SHARDS) } });
  self.bucket = session => `'${session}'`;
  self.writers = 4;
  // a lock of any machine, by who waits for it on the coordinator
  self.waiting = `(SELECT pid, application_name, query FROM citus_lock_waits
    JOIN pg_stat_activity ON pid = waiting_gpid % 10000000000) AS waiting`;
  /** deploy/distribute.sql, which may run again. */
  self.distribute = () => alone(() => exec('psql', ['-X', '-q', '-v', `shards=${SHARDS}`,
    '-f', join(root, 'deploy/distribute.sql')],
  { env: { ...process.env, ...pgEnv(self.ownerUrl) } }));
  /** What each of its machines has. */
  self.dump = async () => (await Promise.all(all.map(node => exec('pg_dump', ['--inserts'],
    { maxBuffer: 1 << 30, env: { ...process.env, ...pgEnv(at(node, superuser, name)) } }))))
    .map(run => run.stdout).join('');
  const drop = async of => {
    for (const node of all)
      await on(node, 'postgres', `DROP DATABASE IF EXISTS ${of} WITH (FORCE)`);
  };
  self.stop = () => drop(name);
  // what a test left that was killed
  for (const { datname } of await cluster.rows(`SELECT datname FROM pg_database
    WHERE datname ~ '^hermetic_test_\\d+_'`))
    if (!existsSync(`/proc/${datname.split('_')[2]}`)) await drop(datname);
  if (migrate) {
    await migrateUp(self);
    // the superuser's part: what there is goes to the workers, with its owner and grants
    await alone(() => on(coordinator, name, `
      SELECT FROM citus_set_coordinator_host('${coordinator.host}', ${coordinator.port});
      ${workers.map(w => `SELECT FROM citus_add_node('${w.host}', ${w.port});`)
    .join('\n')}`));
    await self.distribute();
  }
  return self;
}
