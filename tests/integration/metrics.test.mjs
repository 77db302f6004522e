// What Prometheus is shown: of a whole node, whichever worker is asked, and
// nowhere that clients reach.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Session, newUsers, ok, refused } from '../testlib/api.mjs';
import { MqttClient, eventsOf } from '../testlib/mqtt.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { Socket } from '../testlib/socket.mjs';
import { freePort, startBroker, startNode, startPostgres, startRotation, until }
  from '../testlib/stack.mjs';

describe('metrics', { concurrency: false }, () => {
  let postgres, port, node, alice, bob, session;
  before(async () => {
    postgres = await startPostgres();
    port = await freePort();
    node = await startNode({ postgres, workers: 2,
      env: { HERMETIC_METRICS_PORT: String(port), HERMETIC_VERSION: '1.2.3"rc',
        HERMETIC_LOGINS_PER_MINUTE: '2' } });
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
    session = await Session.pair(alice, bob);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const sends = 'hermetic_requests_total{route="/session/{session_id}/send",' +
    'status="201"}';
  const get = async name => (await scrape(port)).get(name) ?? 0;
  // writers, queries and notifier of each worker; one of these listens, too
  const connections = () => 2 * (postgres.writers + 2);

  test('requests of all workers are added up', async () => {
    const before = await scrape(port);
    for (let i = 0; i < 24; i++) // connections of their own, on any worker
      ok(await session.send(alice, { headers: { connection: 'close' } }), 201);
    // whichever worker is asked says the same
    for (let i = 0; i < 8; i++)
      assert.equal((await get(sends)) - (before.get(sends) ?? 0), 24);
    const all = await scrape(port);
    const route = 'route="/session/{session_id}/send"';
    const count = all.get(`hermetic_request_seconds_count{${route}}`);
    assert.equal(all.get(`hermetic_request_seconds_bucket{${route},` +
      'le="+Inf"}'), count);
    assert.equal(count, [...all].filter(([k]) =>
      k.startsWith('hermetic_requests_total{') && k.includes(route))
      .reduce((sum, [, n]) => sum + n, 0));
    assert.ok(all.get(`hermetic_request_seconds_sum{${route}}`) > 0);
    assert.equal(all.get('hermetic_messages_stored_total'),
      all.get('hermetic_batch_messages_sum'));
    assert.equal(all.get('hermetic_commit_seconds_count'),
      all.get('hermetic_batch_messages_count'));
    assert.equal(all.get('hermetic_writer_queue'), 0);
    assert.equal(all.get('hermetic_database_connections'), connections());
  });

  test('WebSockets, deliveries and their lag', async () => {
    const before = await scrape(port);
    const sockets = await Promise.all(Array.from({ length: 5 }, () =>
      Socket.of(bob)));
    await Promise.all(sockets.map(s => s.subscribe(session)));
    const { seq } = ok(await session.send(alice), 201);
    await Promise.all(sockets.map(s => s.upTo(session, seq)));
    const all = await scrape(port);
    assert.equal(all.get('hermetic_websockets'), 5);
    assert.ok(all.get('hermetic_connections') >= 5);
    assert.equal(all.get('hermetic_delivered_total') -
      before.get('hermetic_delivered_total'), 5 * seq);
    assert.ok(all.get('hermetic_delivery_seconds_count') >
      before.get('hermetic_delivery_seconds_count'));
    await Promise.all(sockets.map(s => s.close()));
    await until(async () => await get('hermetic_websockets') === 0);
  });

  test('what is refused, and what breaks', async () => {
    const before = await scrape(port);
    const wrong = { username: alice.username, password: 'not this one' };
    for (let i = 0; i < 6; i++)
      await alice.post('/auth/login', wrong, { token: undefined });
    refused(await alice.get('/no/such/path'), 404, 'not-found');
    await postgres.killBackend('hermetic queries');
    await node.ready();
    const now = await scrape(port);
    const more = name => now.get(name) - (before.get(name) ?? 0);
    assert.ok(more('hermetic_rate_limited_total') >= 1);
    assert.equal(more('hermetic_requests_total{route="none",status="404"}'), 1);
    assert.ok(more('hermetic_database_breaks_total') >= 2);
    await until(async () => await get('hermetic_database_connections') === connections());
  });

  test('what PostgreSQL refuses, by the class of its SQLSTATE', async () => {
    const none = 'hermetic_database_refusals_total{class="53"}';
    assert.equal(await get(none), 0);
    await postgres.psql('ALTER ROLE hermetic_api CONNECTION LIMIT 0');
    await postgres.killBackend('hermetic queries');
    await until(async () => await get(none) >= 2, { name: '53300, too many connections' });
    await postgres.psql('ALTER ROLE hermetic_api CONNECTION LIMIT -1');
    await node.ready();
    assert.equal(await get('hermetic_database_refusals_total{class="other"}'), 0);
  });

  test('what it is a build of, and what each worker uses', async () => {
    const all = await scrape(port);
    assert.equal(all.get('hermetic_build_info{version="1.2.3_rc",revision="unknown"}'), 1);
    for (const worker of ['1', '2']) {
      const used = name => all.get(`process_${name}{worker="${worker}"}`);
      assert.ok(used('cpu_seconds_total') > 0);
      assert.ok(used('resident_memory_bytes') > 2 ** 20);
      assert.ok(used('open_fds') > 7);
      assert.ok(Math.abs(used('start_time_seconds') - Date.now() / 1000) < 600);
    }
    assert.equal(all.get('process_open_fds{worker="3"}'), undefined);
  });

  test('a worker that is killed: what it counted stays', async () => {
    const before = await get(sends);
    assert.ok(before > 0);
    for (const pid of node.pids().slice(1)) process.kill(pid, 'SIGKILL');
    await node.ready();
    assert.equal(await get(sends), before);
    ok(await session.send(alice), 201);
    assert.equal(await get(sends), before + 1);
    await until(async () => await get('hermetic_database_connections') === connections(),
      { name: 'its connections, counted anew' });
  });

  test('clients do not reach it; who dawdles there is let go', async () => {
    refused(await alice.get('/metrics'), 404, 'not-found');
    const other = await fetch(`http://127.0.0.1:${port}/sessions`,
      { headers: { connection: 'close' } });
    assert.equal(other.status, 404);
    const idle = Array.from({ length: 20 }, () =>
      connect(port, '127.0.0.1').on('error', () => {}));
    const closed = idle.map(s => new Promise(done => s.on('close', done)));
    for (const s of idle) s.resume();
    await Promise.all(closed);
    await scrape(port);
  });

  test('the rotation worker and the bridge have theirs', async () => {
    const [rotationPort, bridgePort] = await Promise.all(
      [freePort(), freePort()]);
    await alice.post('/key-packages', { key_packages: [1, 2].map(() =>
      alice.keysFor(session.algorithm).keyPackage().toString('base64')),
      last_resort: [] });
    await postgres.psql(`INSERT INTO hermetic.rotation
      (session_id, reason, hard_at) VALUES ('${session.id}', 'age',
      now() + interval '1 day')`);
    const rotation = startRotation(postgres, {
      HERMETIC_ROTATION_METRICS_PORT: String(rotationPort) });
    const shown = await until(async () => {
      const all = await scrape(rotationPort).catch(() => null);
      return all?.get('hermetic_rotations_due') === 1 && all;
    }, { name: 'what is due' });
    assert.equal(shown.get('hermetic_key_packages'), 2);
    assert.equal(shown.get('hermetic_devices_low_on_key_packages'), 1);
    assert.ok(shown.get('hermetic_rotation_runs_total') >= 1);
    await rotation.stop();
    const broker = await startBroker({ postgres,
      env: { HERMETIC_MQTT_METRICS_PORT: String(bridgePort) } });
    const client = await MqttClient.of(alice, broker);
    await client.subscribe(eventsOf(alice));
    ok({ status: 201, ...await client.send(session) }, 201);
    assert.equal((await scrape(bridgePort))
      .get('hermetic_messages_stored_total'), 1);
    await client.close();
    await broker.stop();
  });
});
