// Who listens is probed, and a primary that was replaced is not listened to:
// after a silent failure a node hears again within seconds, and says why it
// did not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Session, newUser, newUsers, ok } from '../testlib/api.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { Socket } from '../testlib/socket.mjs';
import { freePort, needsOwn, startBroker, startNode, startPostgres, temporary, until }
  from '../testlib/stack.mjs';

/** A process and all that it has forked. */
function family(pid) {
  const threads = `/proc/${pid}/task/${pid}/children`;
  return [pid, ...readFileSync(threads, 'utf8').trim().split(' ')
    .filter(Boolean).map(Number)];
}

describe('the listener', { concurrency: false }, () => {
  let postgres, port, nodes, broker, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    port = await freePort();
    nodes = [await startNode({ postgres, workers: 1 }),
      await startNode({ postgres, workers: 1,
        env: { HERMETIC_METRICS_PORT: String(port) } })];
    broker = await startBroker({ postgres });
    [alice, bob] = await newUsers(nodes[0].url, 'alice', 'bob');
  });
  after(async () => {
    await broker?.stop();
    await Promise.all((nodes ?? []).map(n => n.stop()));
    await postgres?.stop();
  });

  const get = async name => (await scrape(port)).get(name);
  const backends = name => postgres.backends(name);

  test('hears its own probes, and nobody else is woken', async () => {
    await until(async () => await get('hermetic_listeners') === 1,
      { name: 'a probe that is heard' });
    assert.equal(await get('hermetic_notices_total'), 0);
    assert.equal(await get('hermetic_listener_deaf_total'), 0);
  });

  test('that is deaf is cut, and hears again', async () => {
    const session = await Session.pair(alice, bob);
    const socket = await Socket.of(bob, { url: nodes[1].url });
    await socket.subscribe(session);
    const old = [...await backends('hermetic listener'),
      ...await backends('hermetic bridge listener'),
      ...await backends('hermetic mqtt listener')];
    assert.equal(old.length, 4);
    for (const pid of old) process.kill(pid, 'SIGSTOP');
    try {
      await Promise.all([
        nodes[0].logged(/"listener is deaf","connection":"hermetic listener"/,
          15_000),
        nodes[1].logged(/"reason":"it does not hear its probe"/, 15_000),
        until(() => ['bridge', 'mqtt'].every(n => new RegExp(
          `"listener is deaf","connection":"hermetic ${n} listener"`)
          .test(broker.log())), { ms: 15_000, name: 'the deaf of MQTT' })]);
      await until(async () => await get('hermetic_listeners') === 1,
        { name: 'another listener' });
    } finally {
      for (const pid of old) process.kill(pid, 'SIGCONT');
    }
    assert.ok(await get('hermetic_listener_deaf_total') >= 1);
    const { seq } = ok(await session.send(alice), 201);
    await socket.upTo(session, seq);
    await socket.close();
  });
});

describe('a primary that was replaced', { concurrency: false, skip: needsOwn }, () => {
  let primary, standby, seen, port, node, alice, session;
  before(async () => {
    primary = await startPostgres();
    standby = await primary.standby({ synchronous: true });
    seen = join(temporary('node'), 'seen');
    port = await freePort();
    node = await startNode({ postgres: standby, workers: 2, env: {
      HERMETIC_DATABASE_SEEN_FILE: seen,
      HERMETIC_METRICS_PORT: String(port) } });
    alice = await newUser(node.url, 'alice');
    session = await Session.create(alice);
  });
  after(async () => {
    await node?.stop();
    await standby?.stop();
    await primary?.stop();
  });

  const identities = () => node.log().split('\n').filter(l =>
    l.includes('"database connected"')).map(l => JSON.parse(l).timeline);
  const send = (ms = 30_000) => until(async () => {
    const answer = await session.send(alice).catch(() => null);
    return answer?.status === 201;
  }, { ms, name: 'an acknowledgement' });

  test('and was paused meanwhile keeps no connection', async () => {
    assert.deepEqual(new Set(identities()), new Set([1]));
    await send();
    const paused = family(primary.pid);
    for (const pid of paused) process.kill(pid, 'SIGSTOP');
    try {
      await standby.promote();
      await send();
      // writer, queries and notifier of each worker; one of these listens, too
      await until(async () => await standby.psql(`SELECT count(*)
        FROM pg_stat_activity WHERE application_name LIKE 'hermetic %'`) ===
        '6', { name: 'all connections' });
    } finally {
      for (const pid of paused) process.kill(pid, 'SIGCONT');
    }
    await node.ready();
    assert.match(node.log(), /"timeline":2/);
  });

  test('is refused by a node that starts, by the file', async () => {
    await node.kill();
    await node.start(); // the old primary answers, and is the first named
    alice.url = node.url;
    await node.logged(/"reason":"the database that answers was replaced/);
    await send();
    assert.ok((await scrape(port)).get('hermetic_database_refused_total') > 0);
  });

  test('and is all that answers: not ready, and why', async () => {
    await standby.stop();
    const problem = await until(async () => {
      const answer = await fetch(`${node.url}/readyz`,
        { headers: { connection: 'close' } });
      const { detail } = await answer.json();
      return answer.status === 503 && /timeline is older/.test(detail) &&
        detail;
    }, { name: 'a reason' });
    assert.ok(problem);
  });

  test('another cluster is refused as well', async () => {
    const other = await startPostgres();
    const stray = await startNode({ postgres: other, ready: false,
      env: { HERMETIC_DATABASE_SEEN_FILE: seen } });
    await stray.logged(/"reason":"the database that answers is of another/);
    await stray.stop();
    await other.stop();
  });
});
