// `hermetic --transport mqtt` against a real broker, API and PostgreSQL.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer } from 'node:tls';

import { conversation, Person, twoPeople } from '../testlib/people.mjs';
import { freePort, newHome, rotateOnce, startBroker, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

const byMqtt = ['--transport', 'mqtt'];

describe('the command by MQTT', { concurrency: false }, () => {
  let postgres, node, broker, alice, bob, carol;
  before(async () => {
    postgres = await startPostgres();
    [node, broker] = await Promise.all([
      startNode({ postgres, env: { HERMETIC_ROTATION_MESSAGES: '20' } }),
      startBroker({ postgres, env: { HERMETIC_ROTATION_MESSAGES: '20' } })]);
    [alice, bob] = await twoPeople(node.url);
    carol = await new Person('carol', node.url).register();
    for (const person of [alice, bob, carol])
      person.env.HERMETIC_MQTT = `127.0.0.1:${broker.port}`;
  });
  after(async () => {
    await broker?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  const seen = reader => reader.lines().filter(m => m.kind === 'text')
    .map(({ seq, text, sender }) => ({ seq, text, sender }));

  test('Alice by MQTT, Bob by WebSocket, Carol polls: the same messages',
    async () => {
      const id = await conversation(alice, bob);
      await alice.does('invite', id, carol.name);
      await carol.does('join', id);
      const readers = [
        alice.start('read', id, '--follow', ...byMqtt),
        bob.start('read', id, '--follow', '--transport', 'ws'),
        carol.start('read', id, '--follow', '--transport', 'rest')];
      const texts = [];
      for (let round = 0; round < 3; round++)
        for (const [person, ...way] of [[alice, ...byMqtt],
          [bob, '--transport', 'ws'], [carol, '--transport', 'rest']]) {
          texts.push(`${person.name} in round ${round}`);
          await person.does('send', id, texts.at(-1), ...way);
        }
      for (const reader of readers)
        await reader.line(m => m.text === texts.at(-1));
      const [hers, his, polled] = readers.map(seen);
      assert.deepEqual(hers.map(m => m.text), texts);
      assert.deepEqual(his, hers);
      assert.deepEqual(polled, hers);
      await Promise.all(readers.map(r => r.stop()));
    });

  test('two people with all that can be said, by each of the three ways',
    async () => {
      const id = await conversation(alice, bob);
      const path = join(newHome(), 'tides.txt');
      writeFileSync(path, 'the tide table');
      const ways = [['rest', alice, bob], ['ws', bob, alice],
        ['mqtt', alice, bob]];
      for (const [way, from, to] of ways) {
        const by = ['--transport', way];
        const reader = to.start('read', id, '--follow', '--last', '1', ...by);
        const says = async (...args) => String((await from.does('send', id,
          ...args, ...by)).at(-1).seq);
        const text = await says(`by ${way}`);
        await says('--reply', text, 'a reply');
        await says('--edit', text, 'another text');
        await says('--topic', 'boats', `@${to.name}, in a topic`);
        await says('--expires', '1h', 'for an hour');
        await from.does('react', id, text, '👍', ...by);
        const file = await says('--file', path, '--caption', 'a file');
        const gone = await says('for nobody');
        await reader.line(m => m.seq === Number(gone)); // before it goes
        await from.does('delete', id, gone, ...by);
        await reader.line(m => m.kind === 'delete' && m.of === Number(gone));
        const heard = reader.lines()
          .filter(m => m.seq >= Number(text) && m.kind !== 'commit')
          .map(m => ({ kind: m.kind, text: m.text, to: m.reply_to ?? m.of,
            topic: m.topic, mentioned: m.mentioned, ends: m.expires_at > 0,
            file: m.file?.name }));
        const about = Number(text);
        const all = { to: undefined, topic: undefined, mentioned: undefined,
          ends: false, file: undefined };
        assert.deepEqual(heard, [
          { ...all, kind: 'text', text: `by ${way}` },
          { ...all, kind: 'text', text: 'a reply', to: about },
          { ...all, kind: 'edit', text: 'another text', to: about },
          { ...all, kind: 'text', text: `@${to.name}, in a topic`,
            topic: 'boats', mentioned: true },
          { ...all, kind: 'text', text: 'for an hour', ends: true },
          { ...all, kind: 'reaction', text: '👍', to: about },
          { ...all, kind: 'text', text: 'a file', file: 'tides.txt' },
          { ...all, kind: 'text', text: 'for nobody' },
          { ...all, kind: 'delete', text: undefined, to: Number(gone) }]);
        await to.does('save', id, file, newHome());
        await reader.stop();
      }
      for (const person of [alice, bob]) {
        const kept = await person.does('read', id);
        assert.deepEqual(kept.filter(m => m.edited).map(m => [m.text,
          m.edited_text, m.reactions]), ways.map(([way, from]) => [
          `by ${way}`, 'another text', { '👍': [from.name] }]));
      }
    });

  test('what was sent while the bridge was away is read', async () => {
    const id = await conversation(alice, bob);
    const reader = alice.start('read', id, '--follow', ...byMqtt);
    await bob.does('send', id, 'before');
    await reader.line(m => m.text === 'before');
    await broker.killBridge();
    await bob.does('send', id, 'during');
    await broker.startBridge();
    await reader.line(m => m.text === 'during');
    await bob.does('send', id, 'after', ...byMqtt);
    await reader.line(m => m.text === 'after');
    assert.deepEqual(seen(reader).map(m => m.text),
      ['before', 'during', 'after']);
    await reader.stop();
  });

  test('the chat', async () => {
    const id = await conversation(alice, bob);
    const chat = alice.start(...byMqtt);
    chat.child.stdin.write(`/open ${id}\nhello by MQTT\n`);
    await until(async () => (await bob.texts(id)).includes('hello by MQTT'));
    await bob.does('send', id, 'hello back');
    await chat.line(m => m.text === 'hello back');
    // a Welcome comes by the device's topic
    const [{ session_id: other }] = await bob.does('create', '--invite',
      alice.name);
    chat.child.stdin.write(`/join ${other}\nin the second\n`);
    await until(async () => (await bob.texts(other)).includes('in the second'));
    chat.child.stdin.end();
    assert.equal((await chat.ended).code, 0);
  });

  test('who listens by MQTT only is asked to renew the keys', async () => {
    const id = await conversation(alice, bob);
    const [{ epoch }] = await alice.does('safety', id);
    const reader = alice.start('read', id, '--follow', ...byMqtt);
    await bob.does('send', id, 'are you there?');
    await reader.line(m => m.text === 'are you there?');
    await postgres.psql(`INSERT INTO hermetic.rotation (session_id, reason,
      hard_at) VALUES ('${id}', 'age', now() + interval '1 hour')`);
    await until(async () => {
      await rotateOnce(postgres);
      const [now] = await bob.does('safety', id);
      return now.epoch > epoch;
    }, { name: 'another epoch' });
    await reader.stop();
  });

  test('TLS under a certificate of one\'s own, by all three ways', async () => {
    const key = readFileSync(join(broker.dir, 'key.pem'));
    const server = createServer({ key, cert: readFileSync(broker.ca) },
      socket => {
        const to = connect(node.port, '127.0.0.1');
        socket.pipe(to).pipe(socket);
        for (const end of [socket, to])
          end.on('error', () => { socket.destroy(); to.destroy(); });
      });
    await new Promise(done => server.listen(0, '127.0.0.1', done));
    const safe = new Person('safe', `https://localhost:${server.address().port}`);
    const refused = await safe.run('register', '--username', safe.name);
    assert.equal(refused.code, 3);
    assert.equal(refused.error.error, 'not-trusted');
    await safe.register('--ca', broker.ca);
    // the certificate is remembered, as the server is
    const id = await conversation(safe, bob);
    const reader = safe.start('read', id, '--follow', '--transport', 'ws');
    const other = safe.start('read', id, '--follow', ...byMqtt, '--mqtt',
      `mqtts://localhost:${broker.tlsPort}`);
    await bob.does('send', id, 'over TLS');
    await Promise.all([reader, other].map(r =>
      r.line(m => m.text === 'over TLS')));
    await Promise.all([reader, other].map(r => r.stop()));
    assert.deepEqual(await safe.texts(id), ['over TLS']);
    server.close();
  });

  test('a broker at the second address of its name', async t => {
    const [hosts, ca] = ['hosts', 'ca.pem'].map(name => join(alice.home, name));
    copyFileSync(broker.ca, ca);
    writeFileSync(hosts, '::1 localhost\n127.0.0.1 localhost\n');
    const within = ['unshare', '--mount', '--map-root-user', 'sh', '-c',
      'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
    const { stdout } = spawnSync(within[0],
      [...within.slice(1), 'getent', 'ahosts', 'localhost']);
    if (!/^::1 [^]*^127/m.test(stdout))
      return t.skip('no file of hosts can be put in the place of /etc/hosts');
    const id = await conversation(alice, bob);
    alice.within = within;
    await alice.does('send', id, 'plain', ...byMqtt, '--mqtt',
      `mqtt://localhost:${broker.port}`);
    // this listener takes no QoS 1, but it is reached
    const kept = await alice.keeps('unreachable', 'send', id, 'by TLS',
      ...byMqtt, '--ca', ca, '--mqtt', `mqtts://localhost:${broker.tlsPort}`);
    assert.match(kept.detail, /QoS not supported/);
    alice.within = [];
    assert.deepEqual(await bob.texts(id), ['plain']);
  });

  test('a broker that is not there, or no broker', async () => {
    const id = await conversation(alice, bob);
    const port = await freePort();
    const gone = await alice.run('send', id, 'x', ...byMqtt, '--mqtt',
      `127.0.0.1:${port}`);
    assert.equal(gone.code, 3);
    assert.equal(gone.error.error, 'unreachable');
    assert.match(gone.error.detail, new RegExp(`127\\.0\\.0\\.1:${port}`));
    for (const bad of ['http://localhost', 'mqtt://', 'a b', 'mqtt://u@h'])
      assert.equal((await alice.run('send', id, 'x', ...byMqtt, '--mqtt', bad))
        .code, 2, bad);
    const plain = await alice.run('send', id, 'x', ...byMqtt, '--mqtt',
      new URL(node.url).host);
    assert.equal(plain.code, 3);
    // it was kept, and is sent once with the next
    await alice.does('send', id, 'y', ...byMqtt);
    assert.equal((await bob.texts(id)).at(-1), 'y');
  });
});
