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

/** What a test asks of the database of `self.adminUrl`. */
export function asked(self) {
  /** Runs psql; returns its standard output without the last newline. */
  self.psql = async (sql, { url: at = self.adminUrl } = {}) => {
    const run = exec('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1',
      '-f', '-'], { maxBuffer: 1 << 28, env: { ...process.env, ...pgEnv(at) } });
    run.child.stdin.end(sql);
    return (await run).stdout.replace(/\n$/, '');
  };

  /** The rows of one query, as objects. */
  self.rows = async (query, options) => JSON.parse(await self.psql(
    `SELECT coalesce(json_agg(t), '[]') FROM (${query}) AS t`, options));

  /** Ends the backends that call themselves so; returns how many. */
  self.killBackend = async name => Number(await self.psql(
    `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE application_name = '${name.replaceAll("'", "''")}'`));
  return self;
}
