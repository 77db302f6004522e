// History from a standby: who says what he has seen is never shown less, be
// the standby behind, gone or promoted.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Session, newUser, ok } from '../testlib/api.mjs';
import { needsOwn, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('history from a standby', { concurrency: false, skip: needsOwn }, () => {
  let primary, standby, node, alice, session;
  before(async () => {
    primary = await startPostgres();
    standby = await primary.standby();
    node = await startNode({ postgres: primary, env: {
      HERMETIC_DATABASE_READ_URL:
        primary.apiUrl.replace(primary.dir, standby.dir) } });
    alice = await newUser(node.url, 'alice');
    session = await Session.create(alice);
    await until(async () => await standby.psql(`SELECT count(*)
      FROM pg_stat_activity WHERE application_name = 'hermetic reads'
        AND query <> ''`) === '2');
  });
  after(async () => {
    await node?.stop();
    await standby?.stop();
    await primary?.stop();
  });

  const position = answer => answer.headers.get('hermetic-position');
  async function send() {
    const answer = await session.send(alice);
    return { seq: ok(answer, 201).seq, position: position(answer) };
  }
  async function read(at, query = '') {
    const answer = await alice.get(session.path(`/messages${query}`),
      { headers: at ? { 'hermetic-position': at } : {} });
    return { seqs: ok(answer).messages.map(m => m.seq),
      position: position(answer) };
  }
  const replayed = at => until(async () => await standby.psql(`SELECT
    pg_last_wal_replay_lsn() - '0/0' >= ${at}`) === 't');

  test('an acknowledgement and a page say where they are', async () => {
    const sent = await send();
    assert.match(sent.position, /^[1-9]\d*$/);
    const page = await read(sent.position);
    assert.deepEqual(page.seqs, [1]);
    assert.ok(BigInt(page.position) >= BigInt(sent.position));
  });

  test('a standby that is behind shows no stale page', async () => {
    const old = await send();
    await replayed(old.position);
    await standby.psql('SELECT pg_wal_replay_pause()');
    try {
      const fresh = await send();
      assert.ok(BigInt(fresh.position) > BigInt(old.position));
      for (const query of ['', `?before=${fresh.seq + 1}`])
        assert.ok((await read(fresh.position, query)).seqs
          .includes(fresh.seq), 'a stale page');
      // it is the standby that answers who has seen no more than it has
      const behind = await read(old.position);
      assert.ok(behind.seqs.includes(old.seq));
      assert.ok(!behind.seqs.includes(fresh.seq), 'not from the standby');
      // who says nothing, or nonsense, is answered by the primary
      for (const at of [undefined, 'nonsense', '-1', '99999999999999999999'])
        assert.ok((await read(at)).seqs.includes(fresh.seq));
      // from page to page nothing is taken back
      const page = await read(fresh.position);
      assert.deepEqual((await read(page.position)).seqs, page.seqs);
    } finally {
      await standby.psql('SELECT pg_wal_replay_resume()');
    }
    await replayed(old.position);
  });

  test('many write and read their own while it is now ahead, now behind',
    async () => {
      let goOn = true;
      const pauses = (async () => {
        while (goOn) {
          await standby.psql('SELECT pg_wal_replay_pause()');
          await send();
          await standby.psql('SELECT pg_wal_replay_resume()');
          await send();
        }
      })();
      await Promise.all([1, 2, 3, 4].map(async () => {
        for (let i = 0; i < 25; i++) {
          const sent = await send();
          const { seqs } = await read(sent.position,
            `?after=${sent.seq - 1}&limit=1`);
          assert.deepEqual(seqs, [sent.seq]);
        }
      }));
      goOn = false;
      await pauses;
    });

  test('a standby that is gone is not missed', async () => {
    const sent = await send();
    await replayed(sent.position);
    await standby.stop();
    const [one, two] = await Promise.all(
      [1, 2].map(() => read(sent.position, `?after=${sent.seq - 1}`)));
    assert.deepEqual(one.seqs, [sent.seq]);
    assert.deepEqual(two.seqs, [sent.seq]);
    const more = await send();
    assert.deepEqual((await read(more.position, `?after=${sent.seq}`)).seqs,
      [more.seq]);
  });
});
