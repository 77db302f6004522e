// Twenty members on three nodes who all renew the keys and talk at once. One
// commit wins each epoch, the losers go on by themselves, and no message is
// lost or shown twice. HERMETIC_RACE_SECONDS: how long.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Person } from '../testlib/people.mjs';
import { startNode, startPostgres, until } from '../testlib/stack.mjs';

const seconds = Number(process.env.HERMETIC_RACE_SECONDS ?? 30);
const MEMBERS = Number(process.env.HERMETIC_RACE_MEMBERS ?? 20);

let postgres;
const nodes = [];
before(async () => {
  postgres = await startPostgres();
  for (let i = 0; i < 3; i++) nodes.push(await startNode({ postgres }));
});
after(async () => {
  for (const node of nodes) await node.stop();
  await postgres?.stop();
});

/** Waits for what a chat shows, or for its end; a failure says what it showed last. */
async function shows(chat, is, name) {
  try {
    await until(() => chat.lines().some(is) || chat.child.exitCode !== null,
      { ms: 240_000, name });
  } catch (e) {
    const last = chat.lines().slice(-8).map(l => JSON.stringify(l)).join('\n');
    throw new Error(`${e.message}; the last lines:\n${last}\n${chat.err}`);
  }
}

test('twenty members commit at once, and nothing is lost', async t => {
  const people = [];
  for (let i = 0; i < MEMBERS; i += 4)
    people.push(...await Promise.all(Array.from({ length: 4 }, (_, k) =>
      new Person(`p${i + k}`, nodes[(i + k) % 3].url).register())));
  const [first, ...others] = people;
  const [{ session_id: id }] = await first.does('create', '--algorithm',
    'chacha20-poly1305', ...others.flatMap(p => ['--invite', p.name]));
  for (let i = 0; i < others.length; i += 4)
    await Promise.all(others.slice(i, i + 4).map(p => p.does('join', id)));

  const chats = people.map(p => p.start());
  t.after(() => chats.forEach(c => c.child.kill('SIGKILL')));
  await Promise.all(chats.map(c => {
    c.child.stdin.write(`/open ${id}\n`);
    return c.line(m => m.kind === 'commit' || m.kind === 'text' || m.state);
  }));
  const end = Date.now() + seconds * 1000;
  let said = 0;
  // what one of them shows lets it say the next thing
  await Promise.all(chats.map(async (chat, i) => {
    for (let n = 0; Date.now() < end; n++) {
      const text = `${i}/${n}`;
      chat.child.stdin.write(`/rotate\n${text}\n`);
      said++;
      await shows(chat, m => m.text === text, `${text} shown`);
    }
  }));
  const last = Number(await postgres.psql(`SELECT last_seq FROM
    hermetic.session WHERE session_id = '${id}'`));
  await Promise.all(chats.map(c =>
    shows(c, m => m.seq === last, 'all caught up')));
  for (const chat of chats) chat.child.stdin.end('/quit\n');
  const ended = await Promise.all(chats.map(c => c.ended));
  ended.forEach(e => assert.equal(e.code, 0, e.err));

  // every epoch has one commit
  const commits = await postgres.rows(`SELECT epoch, count(*) AS n
    FROM hermetic.message WHERE session_id = '${id}' AND kind = 2
    GROUP BY epoch ORDER BY epoch`);
  commits.forEach((c, i) => assert.deepEqual(c, { epoch: i, n: 1 }));
  // no message was lost or shown twice, all in one order
  const shown = ended.map(e => e.out.split('\n').slice(0, -1)
    .map(l => JSON.parse(l)).filter(m => m.kind === 'text').map(m => m.text));
  assert.equal(shown[0].length, said);
  for (const texts of shown) {
    assert.equal(new Set(texts).size, texts.length, 'shown twice');
    assert.deepEqual(texts, shown[0]);
  }
  // one epoch, one secret
  const states = [];
  for (const p of people) states.push((await p.does('safety', id))[0]);
  for (const s of states) {
    assert.equal(s.epoch, commits.length);
    assert.equal(s.epoch_authenticator, states[0].epoch_authenticator);
    assert.equal(s.forked, false);
  }
  t.diagnostic(`${commits.length} epochs, ${said} messages, ${seconds} s`);
});
