// A PostgreSQL that somebody else runs: reached over TLS alone, with a certificate that is
// checked, and without a superuser. Roles are made by one who may make roles and databases.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Session, newUsers, ok } from '../testlib/api.mjs';
import { writeCertificate } from '../testlib/balancer.mjs';
import { needsOwn, root, runMigrate, startAdminApi, startNode, startPostgres,
  startRotation, temporary, until } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const ROLES = ['owner', 'api', 'rotation', 'mqtt', 'mqtt_bridge', 'admin'];

describe('a PostgreSQL of somebody else', { concurrency: false, skip: needsOwn }, () => {
  let cluster, postgres, ca, otherCa;
  // of its own, since the port is everybody's
  const address = `127.${process.pid >> 16 & 127 | 128}.${process.pid >> 8 & 255}.` +
    `${process.pid & 255 || 1}`;
  const urlOf = (role, { host = 'localhost', root: rootCert = ca } = {}) =>
    `postgresql://${role}:${cluster.passwords[role]}@${host}/hermetic` +
    `?hostaddr=${address}&sslmode=verify-full&sslrootcert=${rootCert}`;
  // psql as this one, over TLS, with the passwords of the roles in its environment
  const psql = (user, password, database, ...args) => exec('psql',
    ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...args], { env: {
      PATH: process.env.PATH, PGHOST: 'localhost', PGHOSTADDR: address, PGUSER: user,
      PGPASSWORD: password, PGDATABASE: database, PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: ca, ...Object.fromEntries(ROLES.map(r =>
        [`HERMETIC_${r.toUpperCase()}_PASSWORD`, cluster.passwords[`hermetic_${r}`]])) } });
  const clerk = (database, ...args) => psql('clerk', 'of the office', database, ...args);

  before(async () => {
    const dir = temporary('pg');
    [ca, otherCa] = ['ca.pem', 'other.pem'].map(f => join(dir, f));
    writeCertificate(ca);
    writeCertificate(otherCa);
    cluster = await startPostgres({ migrate: false, admin: false,
      settings: { listen_addresses: address } });
    const own = join(cluster.dir, 'data');
    const pem = join(own, 'server.pem'), { uid, gid } = statSync(own);
    copyFileSync(ca, pem);
    chmodSync(pem, 0o600); // the key is the server's alone
    chownSync(pem, uid, gid);
    writeFileSync(join(own, 'pg_hba.conf'), 'local all all scram-sha-256\n' +
      'hostssl all all 127.0.0.0/8 scram-sha-256\n');
    const drop = ROLES.map(r => `DROP ROLE IF EXISTS hermetic_${r};`).join('\n');
    await cluster.psql(`ALTER SYSTEM SET ssl_cert_file = 'server.pem';
      ALTER SYSTEM SET ssl_key_file = 'server.pem'; ALTER SYSTEM SET ssl = on;
      DROP DATABASE hermetic; ${drop}
      CREATE ROLE clerk LOGIN CREATEROLE CREATEDB PASSWORD 'of the office';
      SELECT pg_reload_conf()`, { url: cluster.adminUrl.replace('/hermetic?', '/postgres?') });
    await until(() => clerk('postgres', '-c', 'SELECT 1').catch(() => false));
    postgres = { ...cluster, ownerUrl: urlOf('hermetic_owner'), apiUrl: urlOf('hermetic_api'),
      rotationUrl: urlOf('hermetic_rotation'), adminApiUrl: urlOf('hermetic_admin') };
  });
  after(() => cluster?.stop());

  test('its roles are made without a superuser, and again changes nothing', async () => {
    const roles = join(root, 'deploy/roles.sql');
    await clerk('postgres', '-f', roles);
    await clerk('postgres', '-f', roles);
    await runMigrate(postgres, 'up');
    await clerk('hermetic', '-f', join(root, 'deploy/admin-role.sql'));
    const { stdout } = await clerk('hermetic', '-c', `SELECT count(*) FROM pg_roles
      WHERE rolsuper AND rolname LIKE 'hermetic%'`);
    assert.equal(stdout.trim(), '0');
    for (const role of ROLES) // each by its own password
      await psql(`hermetic_${role}`, cluster.passwords[`hermetic_${role}`], 'hermetic',
        '-c', 'SELECT 1');
  });

  test('all of it works over TLS', async () => {
    const node = await startNode({ postgres, workers: 1 });
    const rotation = startRotation(postgres);
    const admin = await startAdminApi({ postgres });
    const [alice, bob] = await newUsers(node.url, 'alice', 'bob');
    const session = await Session.pair(alice, bob);
    const sent = ok(await session.send(alice), 201);
    assert.equal((await session.history(bob, '?limit=500')).length, sent.seq);
    const users = await until(async () => {
      const rows = await cluster.rows(`SELECT usename, bool_and(ssl) AS ssl
        FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE usename LIKE 'hermetic%' GROUP BY usename ORDER BY usename`);
      return rows.length >= 3 && rows;
    });
    assert.deepEqual(users, ['hermetic_admin', 'hermetic_api', 'hermetic_rotation']
      .map(usename => ({ usename, ssl: true })));
    await Promise.all([node.stop(), rotation.stop(), admin.stop()]);
  });

  test('one whose certificate is another\'s, or for another name, is not believed', async () => {
    for (const other of [{ root: otherCa }, { host: 'elsewhere.example' }]) {
      const url = urlOf('hermetic_owner', other);
      await assert.rejects(runMigrate({ ownerUrl: url }, 'status'),
        e => /certificate verify failed|does not match host name/.test(e.stderr));
    }
    const node = await startNode({ ready: false, workers: 1,
      postgres: { apiUrl: urlOf('hermetic_api', { root: otherCa }) } });
    await node.logged(/database connection lost.*certificate verify failed/);
    await node.stop();
  });
});
