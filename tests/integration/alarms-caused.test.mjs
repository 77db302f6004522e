// The faults make the numbers that the alarms look at: alarms.test.mjs shows that an alarm fires
// by its numbers, and here a process that has the fault shows them. What another program shows
// (HAProxy, Patroni, the probers) is in balancer.test.mjs, in tests/compose, and below by name.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Session, base64, call, newUser, ok } from '../testlib/api.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { Socket } from '../testlib/socket.mjs';
import { freePort, needsOwn, root, startNode, startPostgres, startRotation, until }
  from '../testlib/stack.mjs';

const rules = readFileSync(join(root, 'deploy/monitoring/alerts.yml'), 'utf8');
/** The number that an alarm compares with, so that a test speaks of the rule that there is. */
const bound = (alarm, pattern) => Number(rules.match(
  new RegExp(`alert: ${alarm}\n[^]*?expr: .*?${pattern} > (\\d+)`))[1]);

describe('alarms', { concurrency: false, skip: needsOwn }, () => {
  let postgres, port, node, alice, session;
  before(async () => {
    postgres = await startPostgres({ settings: { archive_mode: 'on', archive_command: 'false' } });
    port = await freePort();
    node = await startNode({ postgres, workers: 1, env: { HERMETIC_METRICS_PORT: String(port),
      HERMETIC_LOGIN_THREADS: '1', HERMETIC_LOGIN_QUEUE: '1', HERMETIC_LOGINS_PER_MINUTE: '0' } });
    alice = await newUser(node.url, 'alice');
    session = await Session.create(alice);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });
  const get = async name => (await scrape(port)).get(name) ?? 0;

  /** Does `what` while these backends stand still. */
  async function stopped(pids, what) {
    assert.ok(pids.length > 0);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      return await what();
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
  }

  test('HermeticWriterBehind, HermeticSlowCommit: the writer waits for PostgreSQL', async () => {
    const many = bound('HermeticWriterBehind', 'hermetic_writer_queue') + 200;
    const slow = async () => await get('hermetic_commit_seconds_count') -
      await get('hermetic_commit_seconds_bucket{le="1.000000"}');
    assert.equal(await slow(), 0);
    const socket = await Socket.of(alice);
    await stopped(await postgres.backends('hermetic writer'), async () => {
      for (let i = 0; i < many; i++)
        socket.send({ type: 'send', id: i, envelope: base64(session.envelope()) });
      await until(async () => await get('hermetic_writer_queue') > many - 200,
        { name: 'a queue' });
      const from = performance.now();
      await until(() => performance.now() - from > 1100);
    });
    await socket.until(() => socket.frames.filter(f => f.type === 'sent').length === many, 30_000,
      'all answers');
    assert.ok(await slow() >= 1);
    await until(async () => await get('hermetic_writer_queue') === 0);
    await socket.close();
  });

  test('HermeticSlowDelivery: the listener hears late', async () => {
    // nor by the sweep
    const hers = [...await postgres.backends('hermetic listener'),
      ...await postgres.backends('hermetic queries')];
    const other = await startNode({ postgres, workers: 1 });
    const socket = await Socket.of(alice);
    await socket.subscribe(session);
    const slow = async () => await get('hermetic_delivery_seconds_count') -
      await get('hermetic_delivery_seconds_bucket{le="1.000000"}');
    const before = await slow();
    const [sent] = await stopped(hers, async () => {
      const answer = ok(await session.send(alice, { url: other.url }), 201);
      const from = performance.now();
      await until(() => performance.now() - from > 1100);
      return [answer];
    });
    await socket.upTo(session, sent.seq);
    assert.ok(await slow() > before);
    await socket.close();
    await other.stop();
  });

  test('HermeticLoginsRefused, HermeticUnavailable: more passwords than threads', async () => {
    const refused = 'hermetic_logins_refused_total';
    const enough = bound('HermeticLoginsRefused', 'increase\\(hermetic_logins_refused_total\\[10m\\]\\)');
    const json = { username: alice.username, password: alice.password, device_id: alice.id };
    await until(async () => {
      await Promise.all(Array.from({ length: 20 },
        () => call(node.url, 'POST', '/auth/login', { json })));
      return await get(refused) > enough;
    }, { name: 'refused logins' });
    const shown = await scrape(port);
    assert.equal(shown.get('hermetic_requests_total{route="/auth/login",status="503"}'),
      shown.get(refused));
  });

  test('HermeticDatabaseAway: connections that break again and again', async () => {
    const many = bound('HermeticDatabaseAway', 'increase\\(hermetic_database_breaks_total\\[5m\\]\\)');
    const breaks = () => get('hermetic_database_breaks_total');
    const from = await breaks();
    await postgres.psql('ALTER ROLE hermetic_api NOLOGIN');
    await postgres.killBackend('hermetic %');
    await until(async () => await breaks() - from > many, { name: 'breaks' });
    await postgres.psql('ALTER ROLE hermetic_api LOGIN');
    await node.ready();
    // why: HermeticDatabaseRefuses
    assert.ok(await get('hermetic_database_refusals_total{class="28"}') > 0);
  });

  test('HermeticArchiveFails: the log does not get into the archive', async () => {
    const metrics = await freePort();
    await postgres.psql('SELECT pg_switch_wal()');
    const rotation = startRotation(postgres, { HERMETIC_ROTATION_METRICS_PORT: String(metrics) });
    await until(async () => (await scrape(metrics).catch(() => new Map()))
      .get('hermetic_archive_failing') === 1, { name: 'its word' });
    await rotation.stop();
  });
});

const patroni = '/usr/lib/python3/dist-packages/patroni/api.py';
test('Patroni shows what its alarms are about', {
  skip: !existsSync(patroni) && 'Debian\'s patroni is not installed' }, () => {
  const shown = readFileSync(patroni, 'utf8');
  const names = new Set(rules.match(/\bpatroni_\w+/g));
  assert.ok(names.size >= 8);
  for (const name of names) assert.ok(shown.includes(`# TYPE ${name} `), name);
});
