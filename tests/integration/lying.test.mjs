// A server that lies in its answers, between the real command and a real node:
// what it says is a hint, so it changes no keys, no members, nothing that is
// kept, and it brings no word of success. tests/sim has all its kinds; here some
// of them are seen with real processes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { firstHead, nextHead } from '../testlib/api.mjs';
import { conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';

const problem = (status, slug) => ({ status, json: {
  type: `urn:hermetic:problem:${slug}`, title: slug, status, detail: slug } });

describe('a server that lies in its answers', { concurrency: false }, () => {
  let scene, postgres, node, proxy, alice, bob, id, seen;
  before(async () => {
    scene = await startScene({ fooled: 'alice' });
    ({ postgres, node, proxy, alice, bob } = scene);
  });
  after(() => scene?.stop());

  const rows = () => postgres.rows(`SELECT seq, kind, sender FROM
    hermetic.message WHERE session_id = '${id}' ORDER BY seq`);
  const members = async who => (await who.does('members', id))
    .map(m => m.device_id).sort();

  /** A session of both that has said something; the server is honest. */
  async function talk() {
    proxy.hooks = {};
    id = await conversation(alice, bob);
    await alice.does('send', id, 'one');
    await bob.does('send', id, 'two');
    assert.deepEqual(await alice.texts(id), ['one', 'two']);
  }

  /** From now on the server lies; what is asked of it is noted. */
  function lie(hooks) {
    seen = [];
    proxy.hooks = { ...hooks, request: async asked => {
      seen.push(`${asked.method} ${asked.path}`);
      return hooks.request?.(asked);
    } };
  }

  /** With an honest server all is as if nothing had been. */
  async function goesOn(...kept) {
    proxy.hooks = {};
    await alice.does('outbox', '--flush');
    await alice.does('send', id, 'still here');
    await bob.does('send', id, 'so am I');
    const texts = ['one', 'two', ...kept, 'still here', 'so am I'];
    assert.deepEqual(await alice.texts(id), texts);
    assert.deepEqual(await bob.texts(id), texts);
    assert.deepEqual(await members(alice), await members(bob));
  }

  test('a forged 410 makes nobody join another group', async () => {
    await talk();
    const ghost = await conversation(bob, alice);
    const [{ group_info: info }] = await postgres.rows(`SELECT
      translate(encode(group_info, 'base64'), E'\\n', '') AS group_info
      FROM hermetic.group_info WHERE session_id = '${ghost}'`);
    lie({
      request: ({ path }) => /\/messages\?/.test(path) &&
        !/handshake/.test(path) ? problem(410, 'history-expired') : undefined,
      answer: ({ path, json }) => path.includes('/group-info') ?
        { json: { ...json, group_info: info } } : undefined,
    });
    await alice.keeps('history-expired', 'send', id, 'for nobody else');
    assert.ok(!seen.some(asked => /POST .*(join|send|commit)/.test(asked)),
      seen.join('\n'));
    await goesOn('for nobody else');
  });

  test('an old GroupInfo, genuine as it is, leads nowhere', async () => {
    await talk();
    const old = await postgres.rows(`SELECT
      translate(encode(group_info, 'base64'), E'\\n', '') AS group_info, seq,
      encode(head, 'hex') AS head FROM hermetic.group_info
      WHERE session_id = '${id}'`);
    await bob.does('rotate', id);
    await bob.does('rotate', id);
    await alice.texts(id);
    // she comes in anew, on a place that she has verified
    lie({ answer: ({ path, json }) => path.includes('/group-info') ?
      { json: { ...json, ...old[0] } } : undefined });
    const before = (await rows()).length;
    const { code } = await alice.run('resolve', id, '--yes');
    assert.notEqual(code, 0);
    assert.equal((await rows()).length, before);
    await goesOn();
  });

  test('other places than the signed root names let nobody in', async () => {
    await talk();
    const shown = [];
    lie({ answer: ({ path, json }) => {
      if (!path.includes('/group-info')) return undefined;
      const places = Buffer.from(json.places, 'base64');
      shown.push(places.length);
      places[places.length - 1] ^= 1;
      return { json: { ...json, places: places.toString('base64') } };
    } });
    const before = (await rows()).length;
    await alice.cannot('bad-places', 'resolve', id, '--yes');
    assert.ok(shown.length > 0 && shown.every(n => n === 2 * 72), `${shown}`);
    assert.equal((await rows()).length, before);
    await goesOn();
  });

  test('a forged 403 ends no session', async () => {
    await talk();
    lie({ request: ({ path }) => path.includes(`/session/${id}/`) ?
      problem(403, 'not-a-member') : undefined });
    await alice.keeps('not-served', 'send', id, 'I am one');
    assert.equal((await alice.does('sessions')).find(
      s => s.session_id === id).state, 'member');
    await goesOn('I am one');
  });

  test('a token that is none stays with nobody', async () => {
    for (const lies of [{ access_token: 'x'.repeat(100000) },
      { access_token: 'two\nlines' }, { refresh_token: '' },
      { expires_in: 4e9 }]) {
      await talk();
      lie({ request: ({ path }) => path.startsWith('/session/') ?
        problem(401, 'unauthorized') : path === '/auth/refresh' ?
        { status: 200, json: { access_token: 'a.b.c', refresh_token: 'd',
          token_type: 'Bearer', expires_in: 900, ...lies } } : undefined });
      await alice.run('send', id, 'as ever');
      await goesOn('as ever');
    }
  });

  test('an answer places nothing, and is no success', async () => {
    await talk();
    const [{ seq }] = (await alice.does('read', id)).filter(
      m => m.text === 'one');
    lie({ request: ({ method, path }) => method === 'POST' &&
      path.endsWith('/send') ? { status: 201, json: { seq,
        head: '00'.repeat(32), sent_at: Date.now() } } : undefined });
    await alice.keeps('not-in-log', 'send', id, 'never stored');
    assert.equal((await alice.does('read', id)).find(m => m.seq === seq).text,
      'one');
    await goesOn('never stored');
  });

  test('a page that is never the last one ends the reading', async () => {
    await talk();
    const endless = ({ path, json }) => /\/messages\?/.test(path) ?
      { json: { ...json, next: 1 } } : undefined;
    lie({ answer: endless });
    const kept = await alice.keeps('no-end', 'send', id, 'and then?');
    assert.match(kept.detail, /shows nothing new/);
    assert.ok(seen.length < 5, seen.join('\n'));
    lie({ answer: endless });
    await alice.cannot('no-end', 'resolve', id, '--yes');
    assert.ok(seen.length < 8, seen.join('\n'));
    lie({ answer: ({ path, json }) => path.startsWith('/sessions?') ?
      { json: { ...json, next: '00000000-0000-0000-0000-000000000000' } } : undefined });
    await alice.cannot('no-end', 'sessions');
    assert.ok(seen.length < 5, seen.join('\n'));
    await goesOn('and then?');
  });

  test('a Welcome stands where the commit does that made its group',
    async () => {
      proxy.hooks = {};
      [{ session_id: id }] = await bob.does('create', '--invite', alice.name);
      await bob.does('send', id, 'after the commit');
      const log = await postgres.rows(`SELECT seq, encode(head, 'hex') AS head
        FROM hermetic.message WHERE session_id = '${id}' ORDER BY seq`);
      lie({ answer: ({ path, json }) => path === '/welcomes' ? { json: {
        welcomes: json.welcomes.map(w => w.session_id === id ?
          { ...w, ...log.at(-1) } : w) } } : undefined });
      await alice.cannot('history-differs', 'join', id);
      proxy.hooks = {};
      await alice.keeps('history-differs', 'send', id, 'not there');
    });

  test('a change that the log does not show is none', async () => {
    for (const change of [['rotate'], ['remove', bob.name],
      ['role', bob.name, 'admin'], ['algorithm', 'chacha20-poly1305']]) {
      await talk();
      const epoch = (await alice.does('safety', id))[0].epoch;
      lie({ request: ({ method, path }) => method === 'POST' &&
        /\/(commit|move)$/.test(path) ? { status: 201, json: { seq: 99,
          head: '00'.repeat(32), epoch: 99 } } : undefined });
      await alice.cannot('not-in-log', change[0], id, ...change.slice(1));
      proxy.hooks = {};
      assert.equal((await bob.does('safety', id))[0].epoch, epoch);
    }
  });

  test('who asks for new keys without end gets few', async () => {
    await talk();
    lie({ answer: ({ path, json }) => path.endsWith('/send') ?
      { json: { ...json, rotation_due: true } } : undefined });
    for (let i = 0; i < 20; i++) await alice.does('send', id, `word ${i}`);
    const commits = (await rows()).filter(row => row.kind === 2).length;
    assert.ok(commits <= 1 + 12, `${commits} commits`);
  });

  test('requests end, whatever is answered', async () => {
    await talk();
    for (const [slug, status] of [['epoch-changed', 409],
      ['rotation-required', 409], ['view-differs', 409],
      ['nonce-expired', 422], ['internal', 500]]) {
      lie({ request: ({ method, path }) => method === 'POST' &&
        /\/(send|commit)$/.test(path) ? problem(status, slug) : undefined });
      const { code } = await alice.run('send', id, `against ${slug}`);
      assert.equal(code, 4, slug);
      assert.ok(seen.length < 60, `${slug}: ${seen.length} requests`);
    }
  });

  /** The server stores it all the same, behind all that there is. */
  async function store(envelope, of) {
    const [last] = await postgres.rows(`SELECT seq, encode(head, 'hex') AS head
      FROM hermetic.message WHERE session_id = '${id}'
      ORDER BY seq DESC LIMIT 1`);
    const entry = { seq: Number(last.seq) + 1, kind: 1, envelope };
    const head = `'\\x${nextHead(last.head, entry)}'`;
    const bytes = `'\\x${Buffer.from(envelope, 'base64').toString('hex')}'::bytea`;
    await postgres.psql(`INSERT INTO hermetic.message (session_id, seq, kind, epoch,
        sender, nonce, envelope, head, hash, sent_at) SELECT session_id, ${entry.seq},
        1, ${of.epoch}, sender, substr(${bytes}, 26, 16), ${bytes}, ${head},
        sha256(${bytes}), now() FROM hermetic.message
        WHERE session_id = '${id}' AND seq = ${of.seq};
      UPDATE hermetic.session SET last_seq = ${entry.seq}, head = ${head}
        WHERE session_id = '${id}'`);
  }

  test('what is stored behind a change of keys is not sent', async () => {
    proxy.hooks = {};
    id = await conversation(bob, alice);
    let envelope;
    lie({ request: ({ path, body }) => {
      if (!path.endsWith('/send')) return undefined;
      envelope = body.envelope;
      return { drop: true };
    } });
    await alice.keeps('unreachable', 'send', id, 'for all to read', '--id', 'a');
    proxy.hooks = {};
    const [of] = await postgres.rows(`SELECT seq, epoch FROM hermetic.message
      WHERE session_id = '${id}'`);
    await bob.does('remove', id, alice.name);
    await store(envelope, of);
    await bob.does('invite', id, alice.name);
    await alice.does('join', id);
    await alice.does('send', id, 'for all to read', '--id', 'a');
    assert.deepEqual(await bob.texts(id), ['for all to read']);
    assert.deepEqual(await alice.texts(id), ['for all to read']);
  });

  test('a Welcome to a place that is far away ends no reading', async t => {
    for (const place of [{ seq: 2 ** 50 }, { seq: 0 }]) {
      proxy.hooks = {};
      [{ session_id: id }] = await bob.does('create', '--invite', alice.name);
      await bob.does('send', id, 'after the commit');
      if (place.seq === 0) place.head = firstHead(id);
      lie({ answer: ({ path, json }) => path === '/welcomes' ? { json: {
        welcomes: json.welcomes.map(w => w.session_id === id ?
          { ...w, ...place } : w) } } : undefined });
      assert.equal((await alice.run('join', id)).code, 1, `${place.seq}`);
      proxy.hooks = {};
      const reading = alice.start('read', id);
      t.after(() => reading.child.kill('SIGKILL'));
      const ended = await Promise.race([reading.ended,
        new Promise(done => setTimeout(done, 10000))]);
      assert.equal(ended?.code, 1, ended?.err);
      await alice.does('resolve', id, '--yes');
      await alice.does('members', id);
      await alice.does('send', id, 'in');
      assert.deepEqual(await alice.texts(id), ['in']);
    }
  });
});
