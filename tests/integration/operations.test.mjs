// docs/operations.md is commands that were run: each of its blocks of commands is one that a
// test runs, and here it says which one, or why none does.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { root } from '../testlib/stack.mjs';

const read = file => readFileSync(join(root, file), 'utf8');
const compose = readdirSync(join(root, 'tests/compose'))
  .filter(n => n.endsWith('.sh')).map(n => `tests/compose/${n}`);

// What a file does, and not what it says about it.
const code = file => read(file).split('\n').filter(l => !/^\s*(#|\/\/)/.test(l)).join('\n');

/** Lines of blocks, without what stands behind them for a person; \ at an end goes on. */
function commands() {
  const blocks = read('docs/operations.md').split('\n\n').filter(b => /^ {4}\S/.test(b));
  return blocks.flatMap(block => block.replace(/\s*\\\n\s*/g, ' ').split('\n'))
    .map(l => l.trim().replace(/\s+# .*| {2,}\S.*$/, ''))
    .filter(l => l && !l.startsWith('#'));
}

// Commands by how they stand in the tests of compose, where options are put before.
const up = 'compose "${up[@]}"';
const runs = {
  'deploy/make-secrets.sh': 'deploy/make-secrets.sh',
  'docker compose up --detach --wait': up,
  'docker compose up --detach --wait --no-deps --scale api=4 api':
    `${up} --no-deps \\\n  --scale api=$((nodes + 1)) api`,
  'deploy/certificate.sh fullchain.pem privkey.pem':
    'deploy/certificate.sh "$file.pem" "$file.key"',
  'COMPOSE_FILE=docker-compose.yml:deploy/backup.yml': 'compose_files deploy/backup.yml',
  'deploy/switchover.sh restart': 'deploy/switchover.sh restart',
  'deploy/backup.sh': 'deploy/backup.sh &&',
  'deploy/backup.sh list': 'deploy/backup.sh list',
  'deploy/backup.sh check': 'deploy/backup.sh check',
  'COMPOSE_FILE=docker-compose.yml:deploy/backup-s3.yml': 'compose_files deploy/backup-s3.yml',
  'HERMETIC_BACKUP_S3_ENDPOINT=s3.example': 'HERMETIC_BACKUP_S3_ENDPOINT=store.example:9443',
  'HERMETIC_BACKUP_S3_BUCKET=backups': 'HERMETIC_BACKUP_S3_BUCKET=backups',
  'HERMETIC_BACKUP_S3_REGION=us-east-1': 'HERMETIC_BACKUP_S3_REGION=eu-test-1',
  'HERMETIC_BACKUP_S3_ACCESS_KEY=KEY': 'HERMETIC_BACKUP_S3_ACCESS_KEY=AKIATEST',
  'deploy/restore.sh': 'deploy/restore.sh "$@"',
  "deploy/restore.sh '2026-11-23 12:00:00+00'": 'restored_to "$n" "$early"',
  "deploy/restore.sh '2026-11-23 12:00:00+00' 1":
    'restored_to $((n + 1)) "$late" "$timeline"',
  'deploy/restore.sh clean': 'deploy/restore.sh clean',
  'docker compose exec -T postgres pg_dump -h /run/postgresql -U postgres hermetic >hermetic.sql':
    'pg_dump -h /run/postgresql -U postgres \\\n  hermetic >"$WORK/dump.sql"',
  'docker compose up --detach --wait postgres standby': `${up} postgres standby`,
  ['docker compose exec -T postgres psql -h /run/postgresql -U postgres -v ON_ERROR_STOP=1 ' +
    'hermetic <hermetic.sql']: 'compose exec -T postgres psql -h /run/postgresql -U postgres ' +
    '\\\n    -v ON_ERROR_STOP=1 hermetic <"$WORK/dump.sql"',
  'deploy/switchover.sh set max_connections=450': 'deploy/switchover.sh set "max_connections=$1"',
  ['docker compose run --rm --no-deps --entrypoint cat migrate ' +
    '/usr/local/lib/hermetic/sbom.json']: 'cat /usr/local/lib/hermetic/sbom.json',
  'deploy/switchover.sh': 'quiet deploy/switchover.sh\n',
  'deploy/switchover.sh status': 'deploy/switchover.sh status',
  'deploy/switchover.sh renew standby': 'deploy/switchover.sh renew',
  'docker compose -f docker-compose.yml -f deploy/small.yml up --detach --wait':
    'small "${up[@]}"',
  'docker compose stop standby && docker compose down': 'compose stop "$2"',
  'docker compose -f docker-compose.yml -f deploy/small.yml down': 'small down',
  'docker volume rm --force hermetic_database-2 hermetic_etcd hermetic_etcd-2 hermetic_etcd-3':
    'docker volume rm ${PROJECT}_database-2',
  'deploy/password.sh api': 'deploy/password.sh "${roles[@]}"',
  'deploy/rekey.sh': 'deploy/rekey.sh',
  'deploy/password.sh admin': 'deploy/password.sh admin',
  'docker compose --profile admin up --detach --wait admin':
    'compose --profile admin "${up[@]}" --no-deps admin',
  'docker compose exec rotation hermetic-admin api-token reports read 30':
    'hermetic-admin api-token "$1" "$2" 1',
  'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8002/admin/statistics':
    '-H "Authorization: Bearer $token"',
  'deploy/upgrade.sh back': 'deploy/upgrade.sh back',
  'deploy/upgrade.sh back schema': 'deploy/upgrade.sh back schema',
};

// By what they begin with, where no run of compose meets them: another test, or the reason.
const elsewhere = {
  'Package:': 'tests/package/run.sh', 'Pin:': 'tests/package/run.sh',
  'Pin-Priority:': 'tests/package/run.sh',
  'HERMETIC_VERSION=': 'its labels alone differ from the build of tests/compose/run.sh',
  'HERMETIC_BASE=': 'a digest takes a registry; deploy.test.mjs reads the file',
  'docker buildx build --platform':
    'it takes a registry; deploy.test.mjs reads that no platform is meant',
  'export PGHOST=': 'tests/integration/managed.test.mjs',
  'psql -d': 'tests/integration/managed.test.mjs',
  'HERMETIC_ADMIN_PASSWORD=$(cat': 'tests/package/life.sh',
  'systemctl enable --now hermetic-admin-api': 'tests/package/life.sh starts it, without systemd',
  'hermetic-admin ': 'tests/integration/administration.test.mjs',
  'tests/chaos/run ': 'tests/chaos/chaos.test.mjs',
  'deploy/make-secrets.sh secrets db.example': 'tests/integration/secrets.test.mjs',
  'kubectl ': 'there is no cluster to be had here, and the page says so',
  'for name in api rotation; do': 'there is no cluster to be had here, and the page says so',
  done: 'there is no cluster to be had here, and the page says so',
  '(umask 022; cat >deploy/secrets/objects_secret_key)':
    'a store of objects for files is tried without compose (objects.test.mjs)',
  'export HERMETIC_OBJECTS_URL=':
    'a store of objects for files is tried without compose (objects.test.mjs)',
  'docker compose -f docker-compose.yml -f deploy/objects.yml':
    'a store of objects for files is tried without compose (objects.test.mjs)',
};

describe('the commands of docs/operations.md', () => {
  const all = commands();
  const tried = compose.map(code).join('\n');
  const other = command => Object.keys(elsewhere).find(k => command.startsWith(k));

  test('each says what runs it', () => {
    assert.ok(all.length > 60, `${all.length} commands`);
    for (const command of all)
      assert.ok(command in runs || other(command), `nothing is known to run: ${command}`);
  });

  test('and that stands there', () => {
    for (const [command, text] of Object.entries(runs)) {
      assert.ok(all.includes(command), `the page has no: ${command}`);
      assert.ok(tried.includes(text), `no test of compose has: ${text}`);
    }
    for (const [start, where] of Object.entries(elsewhere)) {
      assert.ok(all.some(c => c.startsWith(start)), `the page has no: ${start}`);
      if (/^tests\/\S+$/.test(where)) read(where);
    }
  });

  test('each verb of hermetic-admin is run by a test', () => {
    const at = 'tests/integration';
    const tests = readdirSync(join(root, at)).filter(f => /\.test\.mjs$/.test(f))
      .map(f => code(`${at}/${f}`)).join('\n');
    for (const [, verb] of all.join('\n').matchAll(/^hermetic-admin ([\w-]+)/gm))
      assert.ok(tests.includes(`'${verb}'`), verb);
  });

  test('each command of deploy/ that is tried is on the page, with its word', () => {
    const page = read('docs/operations.md');
    for (const [, name, word] of tried.matchAll(
      /\bdeploy\/(?!healthcheck)([\w-]+)\.sh(?: (back schema|back|list|check|full|clean|status|renew|restart|set))?/g))
      assert.ok(page.includes(`deploy/${name}.sh${word ? ` ${word}` : ''}`),
        `deploy/${name}.sh ${word}`);
  });
});
