// psql for tests: what a database is asked and told by a connection string.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export function pgEnv(url) {
  const u = new URL(url.replace('@/', '@localhost/'));
  return { PGHOST: u.searchParams.get('host'), PGUSER: u.username,
    PGPASSWORD: u.password, PGDATABASE: u.pathname.slice(1),
    ...u.searchParams.has('port') && { PGPORT: u.searchParams.get('port') } };
}

/** In an UPDATE: what `column`, a timestamptz, is `interval` before. Citus takes no other such
 * subtraction there: this one does not depend on the session's time zone. */
export const earlier = (column, interval) =>
  `((${column} AT TIME ZONE 'UTC') - interval '${interval}') AT TIME ZONE 'UTC'`;

/** What a test asks of the database of `self.adminUrl`. */
export function asked(self) {
  /** Runs psql; returns its standard output without the last newline. */
  self.psql = async (sql, { url: at = self.adminUrl } = {}) => {
    const run = exec('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1',
      '-f', '-'], { maxBuffer: 1 << 28, env: { ...process.env, ...pgEnv(at) } });
    run.child.stdin.end(sql);
    return (await run).stdout.replace(/\n$/, '');
  };

  /** The rows of one query, as objects. Without the CTE Citus would lose the columns' names. */
  self.rows = async (query, options) => JSON.parse(await self.psql(
    `WITH t AS MATERIALIZED (${query}) SELECT coalesce(json_agg(t), '[]') FROM t`, options));

  /** In a FROM: who waits for a lock of the database, as (pid, application_name, query). */
  self.waiting = `(SELECT pid, application_name, query FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()) AS waiting`;

  /** In a FROM: the backends of the database, as pg_stat_activity has them: the server may have
   * other tests' databases, too. */
  self.activity = `(SELECT * FROM pg_stat_activity
    WHERE datname = current_database()) AS activity`;

  /** The pids of the backends that call themselves so, by LIKE, in order. */
  self.backends = async name => (await self.rows(`SELECT pid FROM ${self.activity}
    WHERE application_name LIKE '${name}' ORDER BY pid`)).map(r => r.pid);

  /** Ends them; returns how many. */
  self.killBackend = async name => Number(await self.psql(
    `SELECT count(pg_terminate_backend(pid)) FROM ${self.activity}
      WHERE application_name LIKE '${name}'`));

  /** The bucket of a session in a statement over several, as store/bucket.h puts it. */
  self.bucket = () => 'NULL';

  /** So many connections of a worker write. */
  self.writers = 1;
  return self;
}
