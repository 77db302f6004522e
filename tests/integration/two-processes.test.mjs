// Several processes on one home at the same time, where the way to the server loses
// requests and answers and delays others: what was reported as sent stands in the log,
// once, in the order in which each process said it, and no process hangs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Person, conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';
import { sleep, until } from '../testlib/stack.mjs';

describe('several processes on one home', { concurrency: false }, () => {
  let scene, postgres, node, proxy, alice, bob;
  before(async () => {
    scene = await startScene({ fooled: 'alice' });
    ({ postgres, node, proxy, alice, bob } = scene);
    alice.ms = 150_000;
  });
  after(() => scene?.stop());

  /** Of what is posted one in five is lost, the answer to one in four, and one in
   * three is late; of what is read one in nine is lost. */
  function unreliable() {
    let posted = 0, answered = 0, read = 0;
    proxy.hooks = {
      request: async ({ method }) => {
        if (method === 'GET')
          return ++read % 9 === 0 ? { drop: true } : undefined;
        if (++posted % 3 === 0) await sleep(100);
        return posted % 5 === 0 ? { drop: true } : undefined;
      },
      answer: ({ method }) => method !== 'GET' && ++answered % 4 === 0 ?
        { drop: true } : undefined,
    };
  }

  const logged = id => postgres.rows(`SELECT seq, kind FROM hermetic.message
    WHERE session_id = '${id}' ORDER BY seq`);

  /** A process that says so many texts: what was reported of each. */
  async function says(id, who, count, told) {
    for (let i = 0; i < count; i++) {
      const text = `${who}/${i}`;
      const { code, json, err } = await alice.run('send', id, text);
      assert.ok(code === 0 || code === 4, `${code}: ${err}`);
      told.set(text, code === 0 ? json[0].seq : undefined);
    }
  }

  /** What was said, as Bob has it: { seq, text }. */
  const heard = async id => (await bob.does('read', id))
    .filter(m => m.kind === 'text').map(({ seq, text }) => ({ seq, text }));

  /** Each text that was told stands there once, and where it was told. */
  async function allIsThere(id, told) {
    const log = await heard(id);
    const texts = log.map(m => m.text);
    assert.equal(new Set(texts).size, texts.length, `twice: ${texts}`);
    for (const [text, seq] of told) {
      assert.ok(texts.includes(text), `${text} is lost`);
      if (seq !== undefined)
        assert.equal(log.find(m => m.text === text).seq, seq, text);
    }
    assert.deepEqual(await alice.texts(id), texts);
    const last = {};
    for (const text of texts) {
      const [who, n] = text.split('/');
      assert.ok(Number(n) > (last[who] ?? -1), `${text} before its turn`);
      last[who] = Number(n);
    }
    return texts;
  }

  test('a chat, and send, outbox, rotate and invite beside it', async () => {
    const id = await conversation(alice, bob);
    const carol = await new Person('carol', node.url).register();
    const chat = alice.start();
    chat.child.stdin.write(`/open ${id}\n`);
    await chat.line(m => m.session_id === id && m.members);
    unreliable();
    const told = new Map(), lines = Array.from({ length: 8 },
      (_, i) => `chat/${i}`);
    const epochs = [];
    let busy = true;
    const beside = async (...args) => {
      const run = await alice.run(...args);
      assert.ok([0, 1, 3, 4].includes(run.code), `${run.code}: ${run.err}`);
      return run;
    };
    const others = async () => {
      for (let i = 0; i < 3; i++) {
        const { code, json } = await beside('rotate', id);
        if (code === 0) epochs.push(json[0].epoch);
        if (i === 0) await beside('invite', id, carol.name);
      }
    };
    const flushes = async () => {
      while (busy) await beside('outbox', '--flush');
    };
    // what one line shows lets the next one be said; now and then it is cut off
    const talks = async () => {
      for (const [i, line] of lines.entries()) {
        chat.child.stdin.write(`${line}\n`);
        await until(() => chat.lines().some(m => m.text === line || m.kept &&
          m.session_id === id), { ms: 150_000, name: line });
        told.set(line, undefined);
        if (i % 3 === 2) proxy.cut();
      }
    };
    const flushing = flushes();
    await Promise.all([says(id, 'one', 5, told), says(id, 'two', 5, told),
      says(id, 'three', 5, told), others(), talks()]);
    busy = false;
    await flushing;

    proxy.hooks = {};
    await alice.does('outbox', '--flush');
    assert.deepEqual(await alice.does('outbox', id), []);
    chat.child.stdin.end('/quit\n');
    const { code, out, err } = await chat.ended;
    assert.equal(code, 0, err);
    const texts = await allIsThere(id, told);
    // what the chat called sent stands there, too
    for (const { state, seq } of out.split('\n').slice(0, -1).map(l =>
      JSON.parse(l)).filter(m => m.state === 'sent' && m.session_id === id))
      assert.ok((await heard(id)).some(m => m.seq === seq), `${state} ${seq}`);
    assert.ok(texts.length >= lines.length, `${texts.length} texts`);
    const commits = (await logged(id)).filter(m => m.kind === 2).length;
    assert.ok(Math.max(0, ...epochs) <= commits);
    const [hers] = await alice.does('safety', id);
    const [his] = await bob.does('safety', id);
    assert.equal(hers.epoch_authenticator, his.epoch_authenticator);
  });

  test('one text under one key by several of them is said once', async () => {
    const id = await conversation(alice, bob);
    unreliable();
    const runs = await Promise.all(Array.from({ length: 5 }, () =>
      alice.run('send', id, 'once/0', '--id', 'key')));
    proxy.hooks = {};
    await alice.does('outbox', '--flush');
    const told = new Map();
    for (const { code, json, err } of runs) {
      assert.ok(code === 0 || code === 4, `${code}: ${err}`);
      if (code === 0) told.set('once/0', json[0].seq);
    }
    assert.deepEqual(await allIsThere(id, told), ['once/0']);
  });

  test('create with --invite in several of them', async () => {
    const known = async () => new Set((await alice.does('sessions'))
      .map(s => s.session_id));
    const before = await known();
    unreliable();
    const runs = await Promise.all(Array.from({ length: 6 }, (_, i) =>
      alice.run('create', '--name', `number ${i}`, '--invite', bob.name)));
    proxy.hooks = {};
    const made = runs.filter(r => r.code === 0).map(r => r.json[0].session_id);
    for (const { code, err } of runs)
      assert.ok([0, 1, 3].includes(code), `${code}: ${err}`);
    assert.equal(new Set(made).size, made.length);
    const there = [...await known()].filter(id => !before.has(id));
    for (const id of made) assert.ok(there.includes(id), `${id} is not there`);
    for (const id of there) { // those that were not reported, too
      await alice.does('send', id, 'is it whole?');
      await bob.does('join', id);
      await alice.does('send', id, 'for Bob/0');
      assert.equal((await bob.texts(id)).at(-1), 'for Bob/0');
      assert.match((await bob.does('safety', id))[0].name, /^number \d$/);
    }
  });

  test('register in several of them makes one account', async () => {
    const carol = new Person('carol', node.url);
    const runs = await Promise.all(Array.from({ length: 4 }, () =>
      carol.run('register', '--username', carol.name)));
    assert.equal(runs.filter(r => r.code === 0).length, 1,
      runs.map(r => r.err).join(''));
    await carol.does('create', '--invite', bob.name);
  });
});
