// What a WebSocket brings that no honest server says: another address, nothing at all,
// ends without end, names that are made for a terminal, and pushes that are none.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { WebSocketServer } from 'ws';

import { firstHead, nextHead } from '../testlib/api.mjs';
import { conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';
import { until } from '../testlib/stack.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function accept(req, socket) {
  const key = createHash('sha1').update(req.headers['sec-websocket-key'] + GUID)
    .digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
    'Connection: Upgrade\r\nSec-WebSocket-Protocol: hermetic.v1\r\n' +
    `Sec-WebSocket-Accept: ${key}\r\n\r\n`);
}
function frame(opcode, payload) {
  const head = payload.length < 126 ? [payload.length] :
    [126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), payload]);
}
const push = object => frame(1, Buffer.from(JSON.stringify(object)));
const close = reason => frame(8, Buffer.concat([Buffer.from([0x0f, 0xa0]),
  Buffer.from(reason)]));
/** Takes the WebSocket and what is asked first, and says `frames`. */
const saying = (...frames) => (req, socket) => {
  accept(req, socket);
  socket.once('data', () => {
    socket.write(push({ id: 1, type: 'subscribed' }));
    for (const f of frames) socket.write(f);
  });
};

describe('a WebSocket that lies', { concurrency: false }, () => {
  let scene, proxy, alice, bob, id, upgrades;
  before(async () => {
    scene = await startScene({ fooled: 'alice' });
    ({ proxy, alice, bob } = scene);
    id = await conversation(alice, bob);
    await bob.does('send', id, 'one');
    await alice.texts(id);
  });
  after(() => scene?.stop());

  function lie(upgrade) {
    upgrades = 0;
    proxy.hooks = { upgrade: (req, socket) => {
      upgrades++;
      upgrade(req, socket);
    } };
  }
  /** As a push has them, but for their heads. */
  const logOf = session => scene.postgres.rows(`SELECT session_id, seq, kind, epoch, sender,
    translate(encode(envelope, 'base64'), E'\\n', '') AS envelope,
    (extract(epoch FROM sent_at) * 1000)::bigint AS sent_at
    FROM hermetic.message WHERE session_id = '${session}' ORDER BY seq`);
  const follow = (...under) => Object.assign(Object.create(alice), { under })
    .start('read', id, '--follow');

  test('a token goes to no other server', async () => {
    const asked = [];
    const note = (req, answer) => { asked.push(req.headers); answer.destroy(); };
    const other = createServer(note).on('upgrade', note);
    await new Promise(done => other.listen(0, '127.0.0.1', done));
    lie((req, socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: http://' +
      `127.0.0.1:${other.address().port}/ws\r\nContent-Length: 0\r\n\r\n`));
    const { code, err } = await follow().ended;
    await new Promise(done => other.close(done));
    assert.deepEqual(asked, []);
    assert.equal(code, 1, err);
    assert.match(err, /ws-refused/);
  });

  test('a server that says nothing is given up', async () => {
    lie(() => {});
    const { code, err } = await follow().ended;
    assert.equal(code, 3, err);
    assert.match(err, /no answer/);
  });

  test('a connection that always ends is tried less and less', async () => {
    lie(saying(close('later')));
    const reading = follow();
    await reading.line(l => l.text === 'one');
    const begun = Date.now();
    await until(() => upgrades === 5, { name: 'the fifth time' });
    assert.ok(Date.now() - begun > 2000, `${Date.now() - begun} ms`);
    await reading.stop();
  });

  test('a connection that is refused is tried less and less', async () => {
    const refuse = (socket, status) =>
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    lie((req, socket) => upgrades > 3 ? refuse(socket, '403 Forbidden') :
      upgrades > 1 ? refuse(socket, '503 Service Unavailable') :
        saying(close('later'))(req, socket));
    const chat = alice.starts();
    await until(() => /refused the WebSocket/.test(chat.out),
      { name: 'a refusal' });
    await new Promise(done => setTimeout(done, 3000));
    assert.ok(upgrades < 16, `${upgrades} tries`);
    proxy.hooks = {};
    await until(() => /Connected again/.test(chat.out), { name: 'a connection' });
    chat.child.stdin.end('/quit\n');
    const { code, out, err } = await chat.ended;
    assert.equal(code, 0, err);
    assert.equal(out.match(/Connection lost/g).length, 1, out); // each try is none
    assert.match(out, /refused the WebSocket \(HTTP 403\)/);
  });

  test('a push that is none is called so', async () => {
    for (const seq of ['x', -1, 1e300, null]) {
      lie(saying(push({ type: 'message', session_id: id, seq, kind: 1 })));
      const { code, err } = await follow().ended;
      assert.equal(code, 1);
      assert.equal(JSON.parse(err).error, 'bad-answer');
    }
  });

  test('no push and no reason writes to the terminal', async () => {
    const hostile = '\u001b[2J\u0007ab';
    const once = saying(
      ...['welcome', 'rotation_due', 'message'].map(type =>
        push({ type, session_id: hostile })),
      push({ type: 'welcome', session_id: `${hostile}${id}` }),
      close('\u001b[31mgone\r\n* bob: hi'));
    lie((req, socket) => upgrades > 1 ? saying()(req, socket) :
      once(req, socket));
    const chat = alice.starts();
    await until(() => /Connected again/.test(chat.out), { name: 'a chat' });
    chat.child.stdin.end('/quit\n');
    const { code, out, err } = await chat.ended;
    assert.equal(code, 0, err);
    assert.match(out, /Connection lost/);
    assert.doesNotMatch(out + err, /[\u001b\u0007\r]|^\* bob/m);
    assert.doesNotMatch(out, /invited/);
  });

  /** Alice says `text` in a chat whose server answers `said` when it is sent; after
   * seven tries the server is honest, and Bob hears it. */
  async function saysUntilHeard(text, said) {
    const server = new WebSocketServer({ noServer: true,
      handleProtocols: () => 'hermetic.v1' });
    let tries = 0;
    lie((req, socket) => server.handleUpgrade(req, socket, Buffer.alloc(0), ws =>
      ws.on('message', data => {
        const { id: number, type } = JSON.parse(data);
        if (type !== 'send')
          return ws.send(JSON.stringify({ id: number, type: 'subscribed' }));
        tries++;
        ws.send(JSON.stringify({ id: number, ...said }));
      })));
    const chat = alice.starts();
    await until(() => /You are alice/.test(chat.out), { name: 'a chat' });
    chat.child.stdin.write(`${text}\n`);
    await until(() => tries > 6, { name: 'the seventh try' });
    proxy.hooks = {};
    server.clients.forEach(ws => ws.terminate());
    await until(async () => (await bob.texts(id)).includes(text),
      { name: 'what was said' });
    chat.child.stdin.end('/quit\n');
    const { code, err } = await chat.ended;
    assert.equal(code, 0, err);
  }

  test('what waits in a chat is tried until it is sent', () =>
    saysUntilHeard('again and again', { type: 'problem', problem: {
      type: 'about:blank', status: 502, title: 'Bad Gateway' } }));

  test('what a server took and does not show is tried until its log has it', () =>
    saysUntilHeard('taken, it says', { type: 'sent', seq: 9, head: firstHead(id),
      sent_at: Date.now() }));

  /** A push of Bob's that comes after one that is missing. */
  const gap = async () => {
    const [last] = (await logOf(id)).slice(-1);
    return saying(push({ type: 'message', ...last, seq: last.seq + 2,
      head: firstHead(id) }));
  };

  for (const [what, answer, tries] of [
    ['could not be read', { status: 503, json: { status: 503 } }, 5],
    ['came as a page of something between', { status: 200, json: 'a page' }, 1],
  ])
    test(`who follows goes on when the log ${what}`, async () => {
      proxy.hooks = {};
      await alice.texts(id);
      lie(await gap());
      let refused = 0;
      proxy.hooks.request = ({ method, path }) => {
        if (method !== 'GET' || !/\/messages\?/.test(path) || upgrades === 0)
          return undefined;
        proxy.hooks.upgrade = undefined;
        // all tries of one request
        return refused++ < tries ? answer : undefined;
      };
      const again = follow();
      await until(() => refused > tries - 1, { name: 'the last refusal' });
      await bob.does('send', id, `after it: ${what}`);
      await again.line(l => l.text === `after it: ${what}`);
      await again.stop();
    });

  /** A disk that is full: no file can be written, and then something comes. */
  const followsOnFullDisk = async come => {
    const reading = follow('sh', '-c', 'trap "" XFSZ; exec "$0" "$@"');
    await reading.line(l => l.text === 'one');
    await promisify(execFile)('prlimit', ['--pid', String(reading.child.pid),
      '--fsize=0']);
    await come();
    const { code, err } = await Promise.race([reading.ended, new Promise(done =>
      setTimeout(done, 10000, { err: 'it goes on' }))]);
    await reading.stop();
    assert.equal(code, 1, err);
    assert.equal(JSON.parse(err).error, 'state');
  };

  test('who follows ends where what comes cannot be stored', async () => {
    proxy.hooks = {};
    await alice.texts(id);
    await followsOnFullDisk(() => bob.does('send', id, 'not to be stored'));
    assert.ok((await alice.texts(id)).includes('not to be stored'));
  });

  test('who follows ends where another token cannot be stored', async () => {
    let last;
    lie((req, socket) => {
      saying()(req, socket);
      last = socket;
    });
    await followsOnFullDisk(() => last.write(frame(8, Buffer.from([0x11, 0x31]))));
    proxy.hooks = {};
    await alice.does('login', '--username', alice.name); // the old one is used up
    await alice.texts(id);
  });

  test('who follows goes on after a change that could not be followed',
    async () => {
      proxy.hooks = {};
      const other = await conversation(alice, bob);
      const reading = bob.start('read', other, '--follow');
      await until(async () => (await bob.texts(other)).length === 0);
      await alice.does('send', other, 'before');
      await reading.line(l => l.text === 'before');
      // nobody has signed what brings the members along
      proxy.hooks = { request: ({ path, body }) => {
        if (!path.endsWith('/move')) return undefined;
        const welcome = Buffer.from(body.welcome, 'base64');
        welcome[welcome.length - 10] ^= 1;
        return { body: { ...body, welcome: welcome.toString('base64') } };
      } };
      await alice.does('algorithm', other, 'chacha20-poly1305');
      proxy.hooks = {};
      await reading.line(l => l.kind === 'refused');
      await until(async () => {
        await alice.does('members', other);
        await alice.run('send', other, 'behind it');
        return reading.lines().some(l => l.text === 'behind it');
      }, { name: 'a text behind the change' });
      await reading.stop();
    });

  test('who follows is told that histories differ', async () => {
    proxy.hooks = {};
    const other = await conversation(alice, bob);
    for (const text of ['one', 'two', 'three'])
      await bob.does('send', other, text);
    const log = await logOf(other);
    let head = firstHead(other);
    const told = log.filter(m => m.seq !== 2).map((m, i) => {
      const one = { ...m, seq: i + 1 };
      head = nextHead(head, one);
      return { ...one, head };
    });
    lie(saying(...told.slice(1).map(m => push({ type: 'message', ...m }))));
    proxy.hooks.answer = ({ path }) => /\/messages\?/.test(path) ? { json: {
      messages: told.slice(0, 1) } } : undefined;
    const reading = alice.start('read', other, '--follow');
    const { code, err } = await Promise.race([reading.ended, new Promise(done =>
      setTimeout(done, 10000, { err: 'it goes on' }))]);
    await reading.stop();
    assert.equal(code, 1, err);
    assert.equal(JSON.parse(err).error, 'history-differs');
  });

  test('the truth is believed afterwards', async () => {
    proxy.hooks = {};
    const reading = follow();
    await bob.does('send', id, 'two');
    await reading.line(l => l.text === 'two');
    await reading.stop();
  });
});
