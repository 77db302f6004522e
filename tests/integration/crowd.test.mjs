// Crowds that would hurt others: what they cost is bounded, and somebody who
// behaves is served meanwhile. bench/crowd.mjs gives the figures.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, base64, newUsers, ok } from '../testlib/api.mjs';
import { drips, flood, memoryOf, mutes, probe } from '../testlib/crowd.mjs';
import { Socket, problem } from '../testlib/socket.mjs';
import { scrape } from '../testlib/metrics.mjs';
import { freePort, startNode, startPostgres } from '../testlib/stack.mjs';

const MUTES = 100, DRIPS = 300, BUDGET = 65_536;

describe('crowds', { concurrency: false }, () => {
  let postgres, node, alice, bob, calm, loud, metrics;
  before(async () => {
    metrics = await freePort();
    postgres = await startPostgres();
    node = await startNode({ postgres, env: { HERMETIC_HEAD_SECONDS: '2',
      HERMETIC_METRICS_PORT: String(metrics),
      HERMETIC_QUEUE_MESSAGES: '16', HERMETIC_WEBSOCKETS: '1000',
      HERMETIC_ROTATION_MESSAGES: '1000000',
      HERMETIC_WEBSOCKET_BYTES: String(BUDGET),
      // what is freed counts as free
      ASAN_OPTIONS: 'detect_leaks=0:exitcode=99:quarantine_size_mb=1' } });
    [alice, bob] = await newUsers(node.url, 'alice', 'bob');
    [calm, loud] = await Promise.all([1, 2].map(async () => {
      return Session.pair(alice, bob);
    }));
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  /** All that was sent meanwhile was stored and heard. */
  async function served(meanwhile) {
    const calmly = await probe(alice, bob, calm);
    const result = await meanwhile();
    const { ms, statuses } = await calmly.stop();
    assert.ok(ms.length > 0 && ms.length === statuses.length);
    for (const status of statuses) assert.equal(status, 201);
    return result;
  }

  test('subscribers that never read are let go, at no cost', async () => {
    await served(async () => {
      const before = memoryOf(node);
      const crowd = await mutes(node, bob, loud, MUTES);
      const ready = memoryOf(node);
      let most = ready, sent = 1;
      const letGo = async () =>
        (await scrape(metrics)).get('hermetic_websockets_slow_total') === MUTES;
      // the kernel holds megabytes for each, and then they are let go at about one time;
      // who has not read on a while after that has no word of it
      while (!await letGo()) {
        assert.ok(sent < 600, 'nobody is let go');
        ok(await alice.post(loud.path('/send'),
          { envelope: base64(loud.envelope({ length: 60_000 })) }), 201);
        sent++;
        most = Math.max(most, memoryOf(node));
      }
      const held = most - ready;
      assert.ok(held < MUTES * BUDGET + (64 << 20),
        `${held} bytes more than ${ready}, before ${before}`);
      for (const { code, reason } of await crowd.ends()) {
        assert.equal(code, 1013);
        const [, id, seq] = reason.match(/^resume (\S+) (\d+)$/);
        assert.ok(id === loud.id && seq > 1 && seq <= sent, reason);
      }
    });
  });

  test('requests that drip end, others do not wait for them', async () => {
    const statuses = await served(() => drips(node, DRIPS));
    assert.deepEqual([...new Set(statuses)], [408]);
  });

  test('connections that come and go', async () => {
    await served(async () => {
      const crowd = flood(node);
      for (let i = 0; i < 50; i++)
        assert.equal((await fetch(`${node.url}/healthz`)).status, 200);
      await crowd.stop();
      assert.ok(crowd.count > 0);
    });
  });

  test('who reads stays, however much comes at once', async () => {
    const other = await startNode({ postgres });
    const session = await Session.pair(alice, bob);
    const socket = await Socket.of(bob);
    await socket.subscribe(session);
    const workers = node.pids().slice(1);
    for (const pid of workers) process.kill(pid, 'SIGSTOP');
    let sent = 0;
    try {
      for (let bytes = 0; bytes < 3 * BUDGET; bytes += 3000)
        sent = ok(await session.send(alice, { url: other.url, length: 3000 }), 201).seq;
    } finally {
      for (const pid of workers) process.kill(pid, 'SIGCONT');
    }
    await socket.upTo(session, sent);
    await socket.close();
    await other.stop();
  });

  test('more than it can take: refused, and taken later', async () => {
    const socket = await Socket.of(alice);
    let waiting = Array.from({ length: 500 }, (_, id) => ({ type: 'send', id,
      envelope: base64(loud.envelope()) }));
    let shed = 0;
    while (waiting.length > 0) {
      const asked = waiting, from = socket.frames.length;
      for (const frame of asked) socket.send(frame); // in one go
      await socket.until(() =>
        socket.frames.length - from === asked.length, 20_000, 'the answers');
      const answers = new Map(socket.frames.slice(from).map(f => [f.id, f]));
      waiting = asked.filter(({ id }) => answers.get(id).type !== 'sent');
      for (const { id } of waiting) problem(answers.get(id), 503, 'unavailable');
      shed += waiting.length;
    }
    assert.ok(shed > 0, 'it took all of them');
    ok(await loud.send(alice), 201);
    await socket.close();
  });
});
