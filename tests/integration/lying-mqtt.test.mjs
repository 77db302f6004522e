// A broker that lies, or somebody between it and the command: answers and messages are
// held back, repeated, put in another order, changed and invented. What is shown stands
// in the verified log, what is sent is sent once, and requests end.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { nextHead } from '../testlib/api.mjs';
import { startMqttProxy } from '../testlib/mqtt_proxy.mjs';
import { conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';
import { startBroker, until } from '../testlib/stack.mjs';

const byMqtt = ['--transport', 'mqtt'];
const problem = (status, slug) => ({ type: 'problem', problem: { status,
  type: `urn:hermetic:problem:${slug}`, title: slug, detail: slug } });

describe('a broker that lies', { concurrency: false }, () => {
  let scene, proxy, postgres, broker, way, alice, bob, id, seen;
  before(async () => {
    scene = await startScene({ fooled: 'alice' });
    ({ postgres, proxy, alice, bob } = scene);
    broker = await startBroker({ postgres });
    way = await startMqttProxy(broker.port);
    alice.env.HERMETIC_MQTT = `127.0.0.1:${way.port}`;
    proxy.hooks = { request: ({ method, path }) => {
      seen.push(`${method} ${path}`);
    } };
  });
  after(async () => {
    await way?.stop();
    await broker?.stop();
    await scene?.stop();
  });

  const isSend = topic => topic.endsWith('/send');
  const isLog = topic => topic.endsWith('/messages');
  const events = () => `hermetic/v1/device/${alice.device}/events`;
  const messages = () => `hermetic/v1/session/${id}/messages`;
  const log = () => postgres.rows(`SELECT session_id, seq, kind, epoch, sender,
    translate(encode(envelope, 'base64'), E'\\n', '') AS envelope,
    encode(head, 'hex') AS head,
    (extract(epoch FROM sent_at) * 1000)::bigint AS sent_at
    FROM hermetic.message WHERE session_id = '${id}' ORDER BY seq`);

  async function talk() {
    way.hooks = {};
    seen = [];
    id = await conversation(alice, bob);
    await bob.does('send', id, 'first');
    await alice.texts(id);
  }

  /** A chat of Alice's in this session that hears what is said. */
  async function chat() {
    const self = alice.start(...byMqtt);
    self.say = text => self.child.stdin.write(`${text}\n`);
    self.say(`/open ${id}`);
    await self.line(m => m.session_id === id && m.members);
    self.texts = () => self.lines().filter(m => m.session_id === id &&
      m.kind === 'text' && m.text !== 'first').map(m => m.text);
    self.quit = async () => {
      self.child.stdin.end('/quit\n');
      const { code, err } = await self.ended;
      assert.equal(code, 0, err);
    };
    seen = [];
    return self;
  }

  /** What is published to `to` is answered by `make`, and goes nowhere. */
  const answering = make => ({ said: ({ topic, json }) => isSend(topic) ?
    [{ topic: events(), json: { id: json.id, session_id: id, ...make } }] :
    undefined });

  /** The other way round all is as the log has it. */
  async function goesOn(...kept) {
    way.hooks = {};
    await alice.does('outbox', '--flush');
    await alice.does('send', id, 'still here', ...byMqtt);
    const texts = ['first', ...kept, 'still here'];
    assert.deepEqual(await bob.texts(id), texts);
    assert.deepEqual(await alice.texts(id), texts);
  }

  test('an answer places nothing, and is no success', async () => {
    await talk();
    way.hooks = answering({ type: 'sent', seq: 2, head: '00'.repeat(32),
      sent_at: Date.now() });
    await alice.keeps('not-in-log', 'send', id, 'never stored', ...byMqtt);
    assert.ok(seen.length < 20, seen.join('\n'));
    await goesOn('never stored');
  });

  test('in a chat it is none either, and /flush sends it once', async () => {
    await talk();
    const talking = await chat();
    way.hooks = answering({ type: 'sent', seq: 2 });
    talking.say('never stored');
    await talking.line(m => m.kept && m.error === 'not-in-log');
    assert.ok(seen.length < 20, seen.join('\n'));
    assert.ok(!talking.lines().some(m => m.state === 'sent'));
    way.hooks = {};
    talking.say('/flush');
    await talking.line(m => m.state === 'sent');
    await talking.line(m => m.text === 'never stored');
    await talking.quit();
    await goesOn('never stored');
  });

  test('what was taken, but not answered, is sent once', async () => {
    await talk();
    const talking = await chat();
    let held = 0;
    way.hooks = { told: ({ topic, json }) => {
      if (!isLog(topic) && json.type !== 'sent') return undefined;
      if (held++ === 0) setImmediate(way.cut);
      return [];
    } };
    talking.say('into the dark');
    await until(() => held > 0, { name: 'an answer' });
    way.hooks = {};
    await talking.line(m => m.text === 'into the dark');
    await talking.line(m => m.state === 'sent');
    await talking.quit();
    await goesOn('into the dark');
  });

  test('a problem ends nothing, and requests end', async () => {
    await talk();
    const [{ epoch }] = await alice.does('safety', id);
    const kept = [];
    for (const [slug, status] of [['epoch-changed', 409],
      ['rotation-required', 409], ['view-differs', 409],
      ['nonce-expired', 422], ['not-a-member', 403], ['not-found', 404],
      ['session-ended', 410], ['internal', 500], ['\u001b[2J', 500]]) {
      way.hooks = answering(problem(status, slug));
      seen = [];
      kept.push(`against ${slug}`);
      const { code } = await alice.run('send', id, kept.at(-1), ...byMqtt);
      assert.equal(code, 4, slug);
      assert.ok(seen.length < 60, `${slug}: ${seen.length} requests`);
    }
    assert.equal((await alice.does('sessions')).find(
      s => s.session_id === id).state, 'member');
    const [now] = await alice.does('safety', id);
    assert.ok(now.epoch - epoch <= 12, `${now.epoch - epoch} commits`);
    await goesOn(...kept);
  });

  const bytes = (json, change) => {
    const envelope = Buffer.from(json.envelope, 'base64');
    change(envelope);
    return { ...json, envelope: envelope.toString('base64') };
  };
  const lies = {
    'held back': () => () => [],
    'told three times': () => json => [json, json, json],
    'told in another order': () => {
      let first;
      return json => {
        const list = first && [json, first];
        first = first ? undefined : json;
        return list ?? [];
      };
    },
    'changed': () => json => [bytes(json, b => { b[b.length - 60] ^= 1; })],
    'told under other numbers': () => json => [{ ...json, seq: json.seq + 1 }],
    'told with another head': () => json =>
      [{ ...json, head: '11'.repeat(32) }],
    'told without its bytes': () => ({ envelope, ...json }) =>
      [{ ...json, expired: true }],
    'told as a commit': () => json => [{ ...json, kind: 2 }],
    'no message': () => json => [{ ...json, seq: 'x' }, { ...json,
      envelope: 5 }, { ...json, kind: -1 }, { ...json, head: '\u001b[2J' }],
    'of another session': () => json => [{ ...json,
      session_id: '00000000-0000-4000-8000-000000000000' }],
  };
  describe('messages are', { concurrency: false }, () => {
    const kept = [];
    let talking;
    before(async () => {
      await talk();
      talking = await chat();
    });
    for (const [what, lie] of Object.entries(lies))
      test(`${what}: what is shown is the log`, async () => {
        const change = lie();
        let told = 0;
        seen = [];
        way.hooks = { told: ({ topic, json }) => isLog(topic) ?
          (told++, change(json).map(j => ({ json: j }))) : undefined };
        for (const n of ['one', 'two', 'three', 'four']) {
          kept.push(`${n} ${what}`);
          await bob.does('send', id, kept.at(-1));
        }
        await until(() => told >= 4, { name: 'four messages' });
        way.hooks = {};
        kept.push(`end of ${what}`);
        await bob.does('send', id, kept.at(-1));
        await talking.line(m => m.text === kept.at(-1));
        assert.deepEqual(talking.texts(), kept);
        assert.ok(seen.length < 40, seen.join('\n'));
      });
    test('like that, and it goes on', async () => {
      await talking.quit();
      await goesOn(...kept);
    });
  });

  test('what is invented, and chained to the log, is found out', async () => {
    await talk();
    const talking = await chat();
    const last = (await log()).at(-1);
    const one = { ...last, type: 'message', seq: last.seq + 1,
      envelope: bytes(last, e => randomBytes(64).copy(e, e.length - 64)).envelope };
    way.tell(messages(), { json: { ...one, head: nextHead(last.head, one) } });
    for (const text of ['true', 'as well']) await bob.does('send', id, text);
    await talking.line(m => m.error === 'history-differs');
    assert.deepEqual(talking.texts(), []);
    talking.say('not into that history');
    await talking.line(m => m.kept);
    await talking.quit();
    assert.ok(seen.length < 20, seen.join('\n'));
    // another chat begins all the same, and brings the person back
    const again = alice.start(...byMqtt);
    await again.line(m => m.error === 'history-differs');
    again.child.stdin.write(`/open ${id}\n/flush\n`);
    again.child.stdin.end('/quit\n');
    assert.equal((await again.ended).code, 0);
    await alice.does('resolve', id, '--yes');
    assert.ok(seen.length < 60, seen.join('\n'));
    await alice.does('outbox', '--flush');
    await bob.does('send', id, 'are you there?');
    const after = ['not into that history', 'are you there?'];
    assert.deepEqual(await bob.texts(id), ['first', 'true', 'as well', ...after]);
    // who joins again has no keys of before
    assert.deepEqual(await alice.texts(id), ['first', ...after]);
  });

  test('events by the hundred: few commits, and requests that end', async () => {
    await talk();
    const talking = await chat();
    const [{ epoch }] = await bob.does('safety', id);
    const hundred = json => Array(100).fill({ json });
    const other = '00000000-0000-4000-8000-000000000000';
    const entry = { type: 'message', kind: 1, envelope: 'AAAA',
      head: '00'.repeat(32) };
    way.tell(events(), ...hundred({ type: 'rotation_due', session_id: id }),
      ...hundred({ type: 'key_packages_low' }),
      ...hundred({ type: 'welcome', session_id: other }),
      ...hundred({ type: 'rotation_due', session_id: other }),
      ...hundred({ type: 'sent', id: 1, session_id: id, seq: 3 }),
      ...hundred({ ...entry, session_id: other, seq: 9 }));
    way.tell(messages(), ...hundred({ ...entry, session_id: id, seq: 1e6 }),
      { json: { ...entry, session_id: other, seq: 'the end' } });
    await talking.line(m => m.error === 'bad-answer');
    await bob.does('send', id, 'after all that');
    await talking.line(m => m.text === 'after all that');
    const [now] = await bob.does('safety', id);
    assert.ok(now.epoch - epoch <= 12, `${now.epoch - epoch} commits`);
    assert.ok(seen.length < 500, `${seen.length} requests`);
    await talking.quit();
    await goesOn('after all that');
  });

  test('what is no JSON ends the connection, and another is made', async () => {
    await talk();
    const talking = await chat();
    const before = way.connections;
    way.tell(events(), { bytes: Buffer.from('[') });
    await until(() => way.connections > before, { name: 'another one' });
    await bob.does('send', id, 'heard');
    await talking.line(m => m.text === 'heard');
    await talking.quit();
    await goesOn('heard');
  });
});
