// A server that lies about a session's history: it drops, reorders, rewrites,
// repeats or forks it, with a hash chain made anew so that each lie is whole in
// itself. The members' own view of the log, which they sign, tells; and the
// person is told.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { firstHead, nextHead } from '../testlib/api.mjs';
import { conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';

describe('a server that lies about history', { concurrency: false }, () => {
  let scene, postgres, proxy, alice, bob, id;
  before(async () => {
    scene = await startScene({ fooled: 'bob' });
    ({ postgres, proxy, alice, bob } = scene);
  });
  after(() => scene?.stop());

  const log = () => postgres.rows(`SELECT session_id, seq, kind, epoch, sender,
    translate(encode(envelope, 'base64'), E'\\n', '') AS envelope,
    encode(head, 'hex') AS head,
    (extract(epoch FROM sent_at) * 1000)::bigint AS sent_at
    FROM hermetic.message WHERE session_id = '${id}' ORDER BY seq`);

  // Numbers and heads of a log that begins as the true one does.
  function chained(messages) {
    let head = firstHead(id);
    return messages.map((m, i) => {
      const one = { ...m, seq: i + 1 };
      head = nextHead(head, one);
      return { ...one, head };
    });
  }

  /** From now on Bob is shown what `lie` makes of the log. */
  function lying(lie, { rechained = true } = {}) {
    proxy.hooks = { answer: async ({ method, path }) => {
      const after = path.match(/\/messages\?after=(\d+)/)?.[1];
      if (method !== 'GET' || after === undefined) return undefined;
      const told = lie(await log());
      return { json: { messages: (rechained ? chained(told) : told)
        .filter(m => m.seq > Number(after)) } };
    } };
  }

  /** A session in which Bob has seen all so far; Alice then says more. */
  async function talk(...texts) {
    proxy.hooks = {};
    id = await conversation(alice, bob, '--algorithm', 'chacha20-poly1305');
    await bob.does('send', id, 'hello');
    await alice.texts(id);
    for (const text of texts) await alice.does('send', id, text);
  }

  const seq = async text => (await alice.does('read', id))
    .find(m => m.text === text).seq;

  async function caught(lie, slug = 'history-differs') {
    const { code, json } = await bob.run('send', id, 'do you read me?');
    assert.equal(code, 4, `${lie}: nothing was noticed`);
    assert.equal(json.at(-1).error, slug, `${lie}: ${json.at(-1).detail}`);
    return json.at(-1).detail;
  }

  test('a message is dropped, and the rest moved up', async () => {
    await talk('one', 'two', 'three');
    const dropped = await seq('one');
    lying(all => all.filter(m => m.seq !== dropped));
    assert.match(await caught('dropped'), /different histories/);
    // and from then on, also when the server is honest again
    proxy.hooks = {};
    await caught('remembered');
    await bob.does('resolve', id, '--yes'); // which a person decides
    await bob.does('send', id, 'once more');
  });

  test('a message is dropped, and a hole left', async () => {
    await talk('one', 'two');
    const dropped = await seq('one');
    lying(all => all.filter(m => m.seq !== dropped), { rechained: false });
    assert.match(await caught('a hole'), /left something out/);
  });

  test('two messages change places', async () => {
    await talk('one', 'two', 'three');
    const first = await seq('one');
    lying(all => all.map(m => m.seq === first ? all[first] :
      m.seq === first + 1 ? all[first - 1] : m));
    await caught('reordered');
  });

  test('a message is rewritten', async () => {
    await talk('one', 'two');
    const at = await seq('one');
    lying(all => all.map(m => {
      if (m.seq !== at) return m;
      const bytes = Buffer.from(m.envelope, 'base64');
      bytes[bytes.length - 60] ^= 1;
      return { ...m, envelope: bytes.toString('base64') };
    }));
    await caught('rewritten');
    const read = await bob.run('read', id);
    const entry = read.json.find(m => m.seq === at);
    assert.equal(entry.kind, 'refused');
  });

  test('a message is said twice', async () => {
    await talk('one', 'two', 'three');
    const at = await seq('one');
    lying(all => all.flatMap(m => m.seq === at ? [m, m] : [m]));
    await caught('repeated');
    const read = await bob.run('read', id);
    assert.equal(read.json.filter(m => m.text === 'one').length, 1);
  });

  test('the past is not what it was', async () => {
    await talk('one');
    await bob.texts(id);
    await alice.does('send', id, 'two');
    lying(all => all.map(m => m.kind === 2 ? { ...m, envelope:
      Buffer.concat([Buffer.from(m.envelope, 'base64'), Buffer.alloc(1)])
        .toString('base64') } : m));
    await caught('another past');
  });

  test('a fork: each sees only himself', async () => {
    await talk();
    const from = (await log()).length;
    lying(all => all.filter(m => m.seq <= from || m.sender === bob.device));
    await bob.does('send', id, 'mine');
    await alice.does('send', id, 'hers');
    await bob.does('send', id, 'mine again');
    // once he sees the others, he knows; nothing of his false view has come
    // to them, since the node takes no view that is not in its log
    proxy.hooks = {};
    await caught('forked');
    await alice.does('send', id, 'and mine');
  });

  test('many entries of its own hide nothing', async () => {
    await talk('one', 'two', 'three');
    // only hashes, as of what is not kept any more: bob's last heads are all of them
    const filler = Array.from({ length: 300 }, () => ({
      hash: randomBytes(32).toString('hex'), kind: 1 }));
    const at = await seq('one');
    const [, two, three] = (await log()).slice(at - 1);
    lying(all => [...all.slice(0, at - 1), ...filler.map(f => ({
      ...all[at - 1], envelope: undefined, ...f })), three, two]);
    assert.match(await caught('filled up'), /different histories/);
    const { json } = await bob.run('read', id);
    assert.deepEqual(json.filter(m => m.kind === 'text').map(m => m.text), ['hello']);
  });

  test('the truth is believed', async () => {
    await talk('one', 'two');
    lying(all => all);
    await bob.does('send', id, 'three');
    assert.deepEqual(await bob.texts(id), ['hello', 'one', 'two', 'three']);
  });
});
