// A PostgreSQL cluster of a test's own, in a temporary directory, reached by a socket.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { citusUrl, needsOwn, startSpread } from './citus.mjs';
import {
  build, end, ended, hold, killGroup, own, remove, root, sleep, start, temporary, until, user,
} from './processes.mjs';
import { asked, pgEnv } from './psql.mjs';

const exec = promisify(execFile);

/** Of Debian 12, or of 13. */
export const pgbin = ['15', '17'].map(v => `/usr/lib/postgresql/${v}/bin`)
  .find(existsSync);

/**
 * A cluster of its own with the roles of deploy/roles.sql, migrated unless
 * `migrate` is false. `settings` go to the server as `-c name=value`. `from` is
 * a copy of another's data with its passwords: { data, passwords }. `wal` is
 * where its log lies, in small segments.
 *
 * ownerUrl, apiUrl, adminUrl (the superuser's), adminApiUrl: connection strings; dir:
 * its directory; env: what a node has to be told of it. Where there is a Citus cluster for
 * tests it is a database there (citus.mjs).
 */
export async function startPostgres({
  migrate = true, admin = true, settings = {}, from, wal,
} = {}) {
  if (needsOwn && (from || wal || Object.keys(settings).length > 0)) throw new Error(needsOwn);
  if (citusUrl)
    return startSpread({ root, migrate, migrateUp, urlsOf });
  const dir = temporary('pg');
  const secret = () => randomBytes(18).toString('hex');
  const passwords = from?.passwords ?? { postgres: secret(),
    hermetic_owner: secret(), hermetic_api: secret(),
    hermetic_rotation: secret(), hermetic_mqtt: secret(),
    hermetic_mqtt_bridge: secret(), hermetic_admin: secret() };

  const file = join(dir, 'password');
  writeFileSync(file, `${passwords.postgres}\n`);
  own(file, 0o600);
  if (from) await exec('cp', ['-a', from.data, join(dir, 'data')]);
  else await exec(`${pgbin}/initdb`, ['-D', 'data', '-U', 'postgres',
    '--pwfile=password', '--auth=scram-sha-256', '--encoding=UTF8',
    '--locale=C.UTF-8', '--no-sync',
    ...(wal ? ['--waldir', wal, '--wal-segsize=1'] : [])],
  { cwd: dir, ...user, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
  rmSync(file);

  const url = (role, database = 'hermetic') =>
    `postgresql://${role}:${passwords[role]}@/${database}?host=${dir}`;
  // A machine that falls over is not what these tests are about, so nothing
  // waits for the disk; a killed process loses nothing by it.
  const all = { listen_addresses: '', unix_socket_directories: dir,
    unix_socket_permissions: '0700', fsync: 'off', max_connections: '60',
    shared_buffers: '32MB', ...settings };
  const args = ['-D', join(dir, 'data'), ...settingsOf(all)];

  const self = asked({ dir, adminUrl: url('postgres'), passwords,
    ...urlsOf(url) });

  let child;
  let before = '';
  const up = async () => {
    if (child) before += child.output;
    child = await startCluster(dir, args);
    self.pid = child.pid;
  };

  /** What the server has written to its log. */
  self.log = () => before + child.output;

  /** A plain-text dump of everything in the database. */
  self.dump = async () => (await exec(`${pgbin}/pg_dump`, ['--inserts'],
    { maxBuffer: 1 << 30, env: { ...process.env, ...pgEnv(self.adminUrl) } }))
    .stdout;

  /** Stops: 'fast', or 'immediate' as if the power had gone. */
  self.stop = async (mode = 'fast') => {
    await end(child, mode === 'immediate' ? 'SIGQUIT' : 'SIGINT');
    if (mode === 'fast') {
      remove(dir);
    }
  };

  /** Stops it as if the power had gone, and starts it again. */
  self.restart = async ({ downFor = 0 } = {}) => {
    await end(child, 'SIGQUIT');
    await sleep(downFor);
    await up();
  };

  /** As a supervisor does: starts it if it has ended; whether it had. */
  self.supervise = async () => {
    const over = ended(child);
    if (over) await up();
    return over;
  };

  /**
   * Another cluster that follows this one, each commit waiting for it if
   * `synchronous`: { dir, apiUrl, …, promote(), kill() }. The connection
   * strings name both, and find the one that writes.
   */
  self.standby = async ({ synchronous = false } = {}) => {
    const other = temporary('pg');
    await exec(`${pgbin}/pg_basebackup`, ['-D', 'data', '-X', 'stream', '-R',
      '-c', 'fast', '-C', '-S', 'standby', '-d',
      `host=${dir} user=postgres application_name=standby`], { cwd: other,
      ...user, env: { PATH: process.env.PATH,
        PGPASSWORD: passwords.postgres } });
    const standby = await startCluster(other, ['-D', join(other, 'data'),
      ...settingsOf({ ...all, unix_socket_directories: other })]);
    if (synchronous) {
      await self.psql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
      await self.psql('SELECT pg_reload_conf()');
      await until(async () => await self.psql(`SELECT count(*)
        FROM pg_stat_replication WHERE sync_state = 'sync'`) === '1');
    }
    const both = role => `${url(role)},${other}` +
      '&target_session_attrs=read-write';
    const adminUrl = url('postgres').replace(dir, other);
    return { dir: other, adminUrl, passwords, ...urlsOf(both),
      psql: (sql, options) => self.psql(sql, { url: adminUrl, ...options }),
      /** It waits for no other one then. */
      promote: () => exec(`${pgbin}/psql`, ['-X', '-q', '-c',
        'SELECT pg_promote()', '-c',
        'ALTER SYSTEM RESET synchronous_standby_names', '-c',
        'SELECT pg_reload_conf()'],
      { env: { ...process.env, ...pgEnv(adminUrl) } }),
      stop: async () => {
        await end(standby, 'SIGINT');
        remove(other);
      } };
  };

  /** As if its machine had gone. */
  self.kill = () => {
    hold(child);
    killGroup(child, 'SIGKILL');
    return child.ended;
  };

  /** pg_basebackup into a new directory of a name of its own. */
  self.baseBackup = async () => {
    const to = temporary('pg');
    await exec(`${pgbin}/pg_basebackup`, ['-D', 'data', '-X', 'none', '-c',
      'fast', '-h', dir, '-U', 'postgres'], { cwd: to, ...user,
      env: { PATH: process.env.PATH, PGPASSWORD: passwords.postgres } });
    return { data: join(to, 'data'), passwords };
  };

  /** deploy/admin-role.sql, which may run before and after the migrations. */
  self.adminRole = () => exec('psql', ['-X', '-q', '-f',
    join(root, 'deploy/admin-role.sql')], { env: { ...process.env,
    ...pgEnv(url('postgres')), HERMETIC_ADMIN_PASSWORD: passwords.hermetic_admin } });

  await up();
  if (from) return self;
  await exec('psql', ['-X', '-q', '-f', join(root, 'deploy/roles.sql')], {
    env: { ...process.env, ...pgEnv(url('postgres', 'postgres')),
      HERMETIC_OWNER_PASSWORD: passwords.hermetic_owner,
      HERMETIC_API_PASSWORD: passwords.hermetic_api,
      HERMETIC_ROTATION_PASSWORD: passwords.hermetic_rotation,
      HERMETIC_MQTT_PASSWORD: passwords.hermetic_mqtt,
      HERMETIC_MQTT_BRIDGE_PASSWORD: passwords.hermetic_mqtt_bridge },
  });
  if (admin) await self.adminRole();
  if (migrate) await migrateUp(self);
  return self;
}

const settingsOf = all =>
  Object.entries(all).flatMap(([k, v]) => ['-c', `${k}=${v}`]);

const urlsOf = url => ({ ownerUrl: url('hermetic_owner'),
  apiUrl: url('hermetic_api'), rotationUrl: url('hermetic_rotation'),
  adminApiUrl: url('hermetic_admin'),
  mqttUrl: url('hermetic_mqtt'), bridgeUrl: url('hermetic_mqtt_bridge') });

/** PostgreSQL on a directory whose socket is there, once it answers. */
async function startCluster(dir, args) {
  const child = start(`${pgbin}/postgres`, args, { cwd: dir,
    lastSignal: 'QUIT', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
  await until(async () => {
    if (ended(child)) throw new Error(`PostgreSQL ended:\n${child.output}`);
    return exec(`${pgbin}/pg_isready`, ['-q', '-h', dir])
      .then(() => true, () => false);
  }, { name: 'PostgreSQL' });
  return child;
}

/**
 * PgBouncer in transaction mode in front of a cluster, with so few connections
 * to it: { apiUrl, stop() }.
 */
export async function startPool({ postgres, connections = 2 }) {
  const dir = temporary('pool');
  const users = join(dir, 'users');
  const conf = join(dir, 'pgbouncer.ini');
  const to = pgEnv(postgres.apiUrl);
  writeFileSync(users, `"${to.PGUSER}" "${to.PGPASSWORD}"\n`);
  writeFileSync(conf, `[databases]
* = host=${to.PGHOST} port=${to.PGPORT ?? 5432}
[pgbouncer]
listen_port = 5432
unix_socket_dir = ${dir}
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${connections}
`);
  own(users, 0o600);
  own(conf, 0o600);
  const child = start('/usr/sbin/pgbouncer', [conf], { cwd: dir,
    lastSignal: 'INT', env: { PATH: process.env.PATH } });
  await until(() => {
    if (ended(child)) throw new Error(`PgBouncer ended:\n${child.output}`);
    return existsSync(join(dir, '.s.PGSQL.5432'));
  }, { name: 'PgBouncer' });
  return { apiUrl: postgres.apiUrl.replace(/\?.*/, `?host=${dir}`),
    log: () => child.output,
    stop: async () => {
      await end(child, 'SIGINT');
      remove(dir);
    } };
}

/** hermetic-migrate with its arguments, as the owner of the schema. */
export async function runMigrate(postgres, ...args) {
  return exec(join(build, 'hermetic-migrate'), args, {
    cwd: root,
    env: { ...process.env, HERMETIC_DATABASE_URL: postgres.ownerUrl },
  });
}

function migrateUp(postgres) {
  return runMigrate(postgres, 'up');
}
