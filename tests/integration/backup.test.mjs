// docs/operations.md, "Backups": a dump, and pgBackRest with the configuration of
// deploy/database, into a bucket and back to a moment. Nothing that was acknowledged before
// is missing. What the commands make of it in compose is seen by tests/compose/run.sh.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Session, newUsers, ok } from '../testlib/api.mjs';
import { writeCertificate } from '../testlib/balancer.mjs';
import { startS3 } from '../testlib/s3.mjs';
import { needsOwn, root, start, startNode, startPostgres, temporary, until }
  from '../testlib/stack.mjs';

const exec = promisify(execFile);

describe('backup and restore', { concurrency: false, skip: needsOwn }, () => {
  let postgres, node, alice, bob, session, s3, conf;
  const archiver = () => ['pgbackrest', `--config=${conf}`, '--stanza=hermetic'];
  before(async () => {
    const dir = temporary('balancer'), BACKUP_S3_CA = join(dir, 'store.pem');
    const pem = writeCertificate(BACKUP_S3_CA);
    s3 = await startS3({ tls: { key: pem, cert: pem } });
    conf = join(temporary('pg'), 'pgbackrest.conf');
    writeFileSync(join(dir, 'backup_password'), 'what the bucket may not know');
    writeFileSync(join(dir, 'backup_s3_secret_key'), s3.keys.secretKey);
    postgres = await startPostgres({ settings: { archive_mode: 'on',
      archive_command: [...archiver(), 'archive-push', '%p'].join(' ') } });
    const { stdout } = await exec('bash', [join(root, 'deploy/database/backup-config.sh')],
      { env: { PATH: process.env.PATH, SECRETS: dir, PGHOST: postgres.dir,
        PGDATA: join(postgres.dir, 'data'), BACKUP: 's3', BACKUP_S3_CA,
        BACKUP_S3_ENDPOINT: `localhost:${s3.port}`, BACKUP_S3_BUCKET: 'backups',
        BACKUP_S3_REGION: s3.keys.region, BACKUP_S3_ACCESS_KEY: s3.keys.accessKey } });
    writeFileSync(conf, stdout.replaceAll('/tmp/pgbackrest', `${conf}.d`));
    node = await startNode({ postgres, workers: 1 });
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
    session = await Session.pair(alice, bob);
    for (let i = 0; i < 20; i++) ok(await session.send(alice), 201);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
    await s3?.stop();
  });

  // The restored database serves: tokens are good, the log goes on.
  async function serves(restored, expected) {
    const again = await startNode({ postgres: restored, workers: 1 });
    bob.url = again.url;
    const found = await session.history(bob, '?limit=500');
    assert.deepEqual(found, expected);
    const sent = ok(await session.send(alice, { url: again.url }), 201);
    assert.equal(sent.seq, expected.length + 1);
    bob.url = node.url;
    await again.stop();
  }

  test('pg_dump into a new cluster', async () => {
    const expected = await session.history(bob, '?limit=500');
    const dump = await postgres.dump();
    // where nobody has asked for the administration's API yet
    const restored = await startPostgres({ migrate: false, admin: false });
    await restored.psql(dump);
    await serves(restored, expected);
    await restored.stop();
  });

  // As the databases' user, who has the passwords.
  async function pgbackrest(...args) {
    const [command, ...rest] = [...archiver(), ...args];
    const child = start(command, rest, { lastSignal: 'TERM',
      env: { PATH: process.env.PATH, PGPASSWORD: postgres.passwords.postgres } });
    for (const handle of [child, child.stdout, child.stderr]) handle.ref();
    assert.equal((await child.ended).code, 0, child.output);
    return child.output;
  }

  test('pgBackRest into a bucket, and back to a moment before a mishap', async () => {
    await pgbackrest('stanza-create');
    await pgbackrest('--type=full', 'backup');
    for (let i = 0; i < 20; i++) ok(await session.send(bob), 201);
    const expected = await session.history(bob, '?limit=500');
    const moment = await postgres.psql('SELECT clock_timestamp()');
    await postgres.psql('DELETE FROM hermetic.message');
    await pgbackrest('check'); // waits until the log so far is in the archive
    assert.deepEqual(s3.faults, []);
    for (const bytes of s3.objects.values()) // not even names of files
      assert.equal(bytes.subarray(0, 8).toString('latin1'), 'Salted__');

    const data = join(temporary('pg'), 'data');
    await pgbackrest(`--pg1-path=${data}`, '--type=time', `--target=${moment}`,
      '--target-action=promote', 'restore');
    const restored = await startPostgres({ from: { data, passwords: postgres.passwords },
      // which lies elsewhere than it was restored
      settings: { restore_command: [...archiver(), 'archive-get %f "$PWD/%p"'].join(' ') } });
    await until(async () => await restored.psql(
      'SELECT pg_is_in_recovery()') === 'f', { name: 'the end of recovery' });
    await serves(restored, expected);
    await restored.stop();
  });
});
