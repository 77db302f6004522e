// docs/operations.md, "Back up": what it says is done here, and nothing that was
// acknowledged before the backup is missing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync }
  from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Session, newUser, ok } from '../testlib/api.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

const exec = promisify(execFile);

describe('backup and restore', { concurrency: false }, () => {
  let postgres, node, alice, bob, session, archive;
  before(async () => {
    archive = mkdtempSync(join(tmpdir(), 'hermetic-pg-archive-'));
    await exec('chmod', ['0777', archive]);
    postgres = await startPostgres({ settings: { archive_mode: 'on',
      archive_command: `cp %p ${archive}/%f` } });
    node = await startNode({ postgres, workers: 1 });
    [alice, bob] = await Promise.all(
      ['alice', 'bob'].map(n => newUser(node.url, n)));
    session = await Session.create(alice);
    await session.add(alice, bob);
    for (let i = 0; i < 20; i++) ok(await session.send(alice), 201);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
    rmSync(archive, { recursive: true, force: true });
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

  test('base backup and archive, up to a moment before a mishap', async () => {
    const base = await postgres.baseBackup();
    for (let i = 0; i < 20; i++) ok(await session.send(bob), 201);
    const expected = await session.history(bob, '?limit=500');
    await postgres.psql("SELECT pg_create_restore_point('good')");
    await postgres.psql('DELETE FROM hermetic.message');
    const last = await postgres.psql(
      'SELECT pg_walfile_name(pg_switch_wal())');
    await until(() => existsSync(join(archive, last)),
      { name: `${last} in the archive` });
    writeFileSync(join(base.data, 'recovery.signal'), '');
    appendFileSync(join(base.data, 'postgresql.auto.conf'),
      `restore_command = 'cp ${archive}/%f %p'\n` +
      "recovery_target_name = 'good'\nrecovery_target_action = promote\n");
    const restored = await startPostgres({ from: base });
    await until(async () => await restored.psql(
      'SELECT pg_is_in_recovery()') === 'f', { name: 'the end of recovery' });
    await serves(restored, expected);
    await restored.stop();
  });
});
