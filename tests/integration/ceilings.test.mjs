// What one process may take is what another one has: the ceilings of the compose files'
// profiles, against each other and against the programs that they are for. And what a
// node says that PostgreSQL has no place for.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';

import { writeCertificate } from '../testlib/balancer.mjs';
import { profiles, readCompose } from '../testlib/compose.mjs';
import { needsOwn, pgbin, root, startNode, startPostgres, temporary, until }
  from '../testlib/stack.mjs';
import { settings } from '../../tools/write-tables.mjs';

const exec = promisify(execFile);
const MB = 2 ** 20;
const bytes = text => {
  const [, n, unit] = /^(\d+)\s*([KMG])B?$/i.exec(text) ?? assert.fail(text);
  return n * 1024 ** ('KMG'.indexOf(unit.toUpperCase()) + 1);
};
const defaultOf = name => Number(settings().flatMap(g => g.settings)
  .find(s => s.name === name).otherwise);
const pg = service => Object.fromEntries(service.environment.PG_SETTINGS.trim()
  .split(/\s+/).map(s => s.split('=')));
const limits = service => service.deploy.resources.limits;

// Connections to PostgreSQL. A worker writes, asks, tells and, once there are files,
// moves these; the one that tells for a node's first worker listens, too.
const ofNode = workers => 4 * workers;
const OTHERS = {
  bridges: 2 * 4, // each writes, asks, tells, listens
  brokers: 2 * 2, // each asks, listens
  rotation: 2,
  itsHealth: 1, // hermetic-admin status
  admin: 1,
  migrate: 1,
  people: 4, // hermetic-admin, psql, pg_dump
  patroni: 3,
  reserved: 3, // superuser_reserved_connections
};
// A backend with all statements prepared, measured: 4 MB above the 2 of an empty one.
const BACKEND = 6 * MB;
// HAProxy's two buffers of 16 KiB, and as much again for TLS.
const PROXIED = 64 * 1024;

for (const [profile, files] of Object.entries(profiles)) {
  describe(`the ceilings of ${profile}`, () => {
    const { services } = readCompose(files);
    const { api, haproxy, postgres } = services;
    const workers = Number(api.environment.HERMETIC_WORKERS);
    const [connections, mqtt, nodes] = ['CONNECTIONS', 'MQTT_CONNECTIONS', 'NODES']
      .map(name => Number(haproxy.environment[`PROXY_${name}`]));
    const max = Number(postgres.environment.PG_MAX_CONNECTIONS);

    test('PostgreSQL has a place for whoever HAProxy sends to, and for all others', () => {
      const others = Object.values(OTHERS).reduce((a, b) => a + b);
      // one more while nodes are exchanged
      assert.ok(api.deploy.replicas + 1 <= nodes, 'no slot for the node in exchange');
      const needed = nodes * ofNode(workers) + others;
      assert.ok(needed <= max, `PG_MAX_CONNECTIONS ${max}, needed: ${needed}`);
      assert.ok(max < needed * 1.2, `${max} for ${needed}: these have memory, too`);
      assert.ok(limits(postgres).pids >= max + 64, 'a backend is a process');
    });

    test('both databases have the same', () => {
      if (profile === 'small') return; // one alone
      for (const name of ['PG_MAX_CONNECTIONS', 'PG_SETTINGS'])
        assert.equal(services.standby.environment[name], postgres.environment[name]);
      assert.deepEqual(limits(services.standby), limits(postgres));
    });

    test('PostgreSQL fits into its memory, its log onto its disk', () => {
      const has = pg(postgres);
      const needs = bytes(has.shared_buffers) + max * BACKEND + 64 * MB +
        3 * bytes(has.maintenance_work_mem); // autovacuum_max_workers
      assert.ok(needs <= bytes(limits(postgres).memory), `needs ${needs / MB} MB`);
      assert.ok(bytes(has.min_wal_size) < bytes(has.max_wal_size));
      if (has.wal_keep_size)
        assert.ok(bytes(has.max_slot_wal_keep_size) >= bytes(has.wal_keep_size));
    });

    test('HAProxy has files and memory for its connections', () => {
      assert.ok(2 * connections + 1000 <= haproxy.ulimits.nofile);
      assert.ok(connections * PROXIED <= bytes(limits(haproxy).memory));
      assert.ok(mqtt < connections);
    });

    test('nodes take what HAProxy lets in, also with one of them gone', () => {
      const each = Number(api.environment.HERMETIC_CONNECTIONS);
      const left = Math.max(1, api.deploy.replicas - 1);
      assert.ok(left * workers * each >= connections);
      assert.ok(each + 256 <= api.ulimits.nofile); // SPARE_FILES
      // ports of this side, for one address of the other
      assert.ok(connections / left <= 60999 - 32768);
      for (const of of ['', '-2']) {
        const bridge = services[`mqtt-bridge${of}`];
        assert.ok(mqtt <= (bridge.environment.HERMETIC_MQTT_CONNECTIONS ??
          defaultOf('HERMETIC_MQTT_CONNECTIONS')));
        assert.ok(2 * mqtt + 256 <= bridge.ulimits.nofile); // a client, and its broker
        assert.ok(mqtt + 1000 + 256 <= services[`mqtt${of}`].ulimits.nofile);
      }
      const logins = workers * defaultOf('HERMETIC_LOGIN_THREADS') * 128 * MB;
      assert.ok(logins + 128 * MB <= bytes(limits(api).memory));
    });

    test('the log of each container is bounded', () => {
      for (const [name, { logging }] of Object.entries(services)) {
        assert.equal(logging?.driver, 'json-file', name);
        assert.ok(bytes(logging.options['max-size']) *
          Number(logging.options['max-file']) <= 100 * MB, name);
      }
    });

    test('HAProxy takes its configuration', async () => {
      const dir = temporary('balancer');
      const file = join(dir, 'haproxy.cfg'), pem = join(dir, 'tls.pem');
      writeCertificate(pem);
      writeFileSync(file, readFileSync(join(root, 'deploy/haproxy.cfg'), 'utf8')
        .replaceAll('/run/tls/tls.pem', pem));
      await exec('/usr/sbin/haproxy', ['-c', '-f', file],
        { env: haproxy.environment });
    });

    test('Patroni is given what PostgreSQL is to have', async () => {
      const dir = temporary('pg');
      for (const name of postgres.secrets)
        writeFileSync(join(dir, name), "it's");
      const script = readFileSync(join(root, 'deploy/database/patroni-config.sh'), 'utf8')
        .replaceAll('/run/secrets', dir)
        .replaceAll('/usr/local/lib/hermetic', join(root, 'deploy/database'));
      const { stdout } = await exec('bash', ['-c', script], { env: { PATH: process.env.PATH,
        ...postgres.environment } });
      const given = parse(stdout);
      assert.equal(given.bootstrap.dcs.postgresql.parameters.max_connections, max);
      assert.deepEqual(given.postgresql.parameters,
        { unix_socket_directories: '/run/postgresql', ...pg(postgres) });
      assert.equal(given.postgresql.authentication.superuser.password, "it's");
    });
  });
}

describe('a PostgreSQL that is too small', { concurrency: false, skip: needsOwn }, () => {
  let postgres, first;
  before(async () => {
    // three are the superuser's: one node of one worker is full
    postgres = await startPostgres({ settings: { max_connections: '7' } });
    first = await startNode({ postgres, workers: 1 });
  });
  after(async () => {
    await first?.stop();
    await postgres?.stop();
  });

  test('takes the settings of each profile', async () => {
    for (const files of Object.values(profiles)) {
      const has = pg(readCompose(files).services.postgres);
      for (const name of Object.keys(has))
        await exec(`${pgbin}/postgres`, ['-C', name, '-D', join(postgres.dir, 'data'),
          ...Object.entries(has).flatMap(([k, v]) => ['-c', `${k}=${v}`])]);
    }
  });

  test('a node says which setting it is, and goes on when there is room', async () => {
    const second = await startNode({ postgres, workers: 1, ready: false });
    const [line] = await second.logged(/^\{.*"database connection lost".*\}$/m);
    assert.match(JSON.parse(line).reason,
      /^PostgreSQL has no place .*max_connections.* FATAL: +53300: /);
    const { detail } = await until(async () => {
      const answer = await fetch(`${second.url}/readyz`).catch(() => null);
      const said = await answer?.json();
      return /max_connections/.test(said?.detail) && said;
    }, { name: 'the setting in /readyz' });
    assert.match(detail, /CONNECTION LIMIT/);
    await first.stop();
    first = undefined;
    await second.ready();
    await second.stop();
  });
});
