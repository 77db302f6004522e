// What comes back and is no answer of the API: too much, too little, another
// protocol's, somebody else's page, or a problem whose words are made to look like
// something else. Nothing is refused by that, and what is said of it is right.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';

/** Writes an answer as it is, and ends the connection. */
const bytes = (head, body = '') => socket => {
  socket.on('error', () => {});
  socket.write(`HTTP/1.1 ${head}\r\n\r\n`);
  socket.end(body);
};
const json = text => bytes(`200 OK\r\ncontent-length: ${text.length}`, text);
const problem = members => {
  const body = Buffer.from(JSON.stringify(members));
  return bytes('422 X\r\ncontent-type: application/problem+json\r\n' +
    `content-length: ${body.length}`, body);
};
function endless(socket) {
  const piece = Buffer.alloc(1 << 20, ' ');
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('error', () => {}).on('drain', more);
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  more();
}

describe('answers that are none', { concurrency: false }, () => {
  let scene, proxy, alice, bob, id;
  before(async () => {
    scene = await startScene({ fooled: 'alice' });
    ({ proxy, alice, bob } = scene);
    id = await conversation(alice, bob);
  });
  after(() => scene?.stop());

  const lie = (path, raw) => {
    proxy.hooks = { request: asked => path.test(asked.path) ? { raw } :
      undefined };
  };

  test('what is no answer refuses nothing for good', async () => {
    const answers = { endless, html: json('<html>'), deep: json('['.repeat(9999)),
      list: json('[]'), number: json('{"seq":1e999}'),
      large: json('{"seq":99999999999999999999}'),
      negative: json('{"seq":-1}'), twice: json('{"seq":1,"seq":1}') };
    for (const [name, raw] of Object.entries(answers)) {
      lie(/\/send$/, raw);
      const { code, json: lines } = await alice.run('send', id, name);
      assert.equal(code, 4, name);
      assert.equal(lines.at(-1).kept, true, name);
      assert.doesNotMatch(lines.at(-1).detail, /refuse|Cannot reach|disk/, name);
    }
    proxy.hooks = {};
    await alice.does('outbox', '--flush');
    assert.deepEqual(await bob.texts(id), Object.keys(answers));
  });

  test('what is wrong with an answer is said as it is', async () => {
    lie(/\/messages/, endless);
    assert.match(await alice.cannot('bad-answer', 'read', id), /too much/);
    lie(/\/messages/, socket => socket.end('220 mail.example ESMTP\r\n'));
    assert.match(await alice.cannot('bad-answer', 'read', id),
      /does not answer like/);
    lie(/\/messages/, bytes('302 Found\r\nlocation: http://127.0.0.1:1/\r\n' +
      'content-length: 0'));
    assert.match(await alice.cannot('http-302', 'read', id), /elsewhere/);
  });

  test('the words of a problem cannot break what is printed', async () => {
    const type = 'urn:hermetic:problem:invalid';
    for (const detail of ['x' + 'ä'.repeat(400), '\u{1f600}'.repeat(400),
      '\u001b[2J\u202e\r\n']) {
      lie(/\/messages|\/send/, problem({ type, detail }));
      assert.ok((await alice.cannot('invalid', 'read', id)).length > 5);
      proxy.hooks = {};
      lie(/\/send$/, problem({ type, detail }));
      const { code, json: lines } = await alice.run('send', id, 'refused');
      assert.equal(code, 4);
      assert.equal(lines.at(-1).error, 'invalid');
    }
    proxy.hooks = {};
    const refused = await alice.does('outbox');
    assert.equal(refused.length, 3);
    assert.ok(refused.every(r => r.detail));
    await alice.does('outbox', id, '--drop', 'all');
  });

  test('a problem has no name that is none', async () => {
    for (const slug of ['ä'.repeat(60), '\u001b[31m', 'a b', '', 'usage']) {
      lie(/\/messages/, problem({ type: `urn:hermetic:problem:${slug}` }));
      await alice.cannot('http-422', 'read', id);
    }
  });
});
