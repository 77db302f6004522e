// A server that lies about what waits: the lists of invitations and of devices that a device asks
// for with each connection. What is on them is told once and is the server's word: it makes
// nobody a member, fills no memory, and keeps nothing else from being heard.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { sanitizer } from '../testlib/sanitizer.mjs';
import { startScene } from '../testlib/scene.mjs';
import { build, hermetic, newHome, root, until } from '../testlib/stack.mjs';

const INVITED_MOST = 500, WAITS_MOST = 64;
const library = join(build, 'lib/libhermetic.so.0');
const turned = '\u202Ecod.exe';

const isInvitations = ({ method, path }) => method === 'GET' && path === '/invitations';
const isDevices = ({ method, path }) => method === 'GET' && path === '/devices/requests';
const invitation = (more = {}) => ({ session_id: randomUUID(), algorithm: 'aes-256-gcm',
  inviter: 'nobody', added: false, invited_at: 1, ...more });
const waiting = (more = {}) => ({ device_id: randomUUID(), name: turned, created_at: 1,
  request: 'AAAA', ...more });
const problem = (status, slug) => ({ status, json: {
  type: `urn:hermetic:problem:${slug}`, title: slug, status, detail: slug } });

describe('a server that lies about what waits', { concurrency: false }, () => {
  let scene, proxy, alice, bob, id, child, ended, told = [], asked = 0, marks = 0, read = 0;

  const said = is => until(() => {
    if (child.exitCode !== null) throw new Error(`it ended: ${told.join('\n')}`);
    return told.find(is);
  }, { name: `what is told, after ${JSON.stringify(told.slice(-5))}`, ms: 60_000 });

  before(async () => {
    scene = await startScene();
    ({ proxy, alice, bob } = scene);
    child = spawn('python3', [join(root, 'tests/embedding/lied_to.py'), newHome(), proxy.url,
      `carol-${alice.name.slice(-8)}`], { env: { PATH: process.env.PATH,
      PASSPHRASE: 'snakes have one, too', PYTHONPATH: join(root, 'sdk/python'),
      PYTHONDONTWRITEBYTECODE: '1', HERMETIC_LIBRARY: library, ...sanitizer(library) },
    stdio: ['pipe', 'pipe', 'inherit'] });
    ended = new Promise(done => child.on('close', done));
    let out = '';
    child.stdout.setEncoding('utf8').on('data', piece => {
      out += piece;
      const lines = out.split('\n');
      out = lines.pop();
      told.push(...lines.map(l => JSON.parse(l)));
    });
    await said(([kind]) => kind === 'registered');
    [{ session_id: id }] = await alice.does('create', '--invite', carol());
    child.stdin.write(`${id}\n`);
    await said(([kind]) => kind === 'joined');
    await alice.does('members', id);
    proxy.hooks = counting({});
    child.stdin.write('listen\n');
    await said(([kind]) => kind === 'listens');
  });
  after(async () => {
    child?.kill();
    await ended;
    await scene?.stop();
  });

  const carol = () => `carol-${alice.name.slice(-8)}`;

  /** Hooks that also count how often both lists were answered. */
  const counting = ({ invitations, devices }) => ({
    request: seen => isInvitations(seen) ? invitations?.(seen)
      : isDevices(seen) ? devices?.(seen) : undefined,
    answer: seen => { asked += isDevices(seen); },
  });

  /** What is told from here on to a text that comes behind both lists of a new connection; with
   * `lists` the server says these. */
  async function hears({ invitations, devices, text = `mark ${++marks}` } = {}) {
    const answers = how => how && (seen => {
      if (isDevices(seen)) asked++;
      return Array.isArray(how) ? { status: 200, json: isDevices(seen) ? { requests: how }
        : { invitations: how } } : how;
    });
    proxy.hooks = counting({ invitations: answers(invitations),
      devices: answers(devices) });
    const before = asked;
    read = told.length;
    proxy.cut();
    await until(() => asked > before, { name: 'both lists to be asked for', ms: 60_000 });
    await alice.does('send', id, text);
    await until(() => {
      if (child.exitCode !== null) throw new Error('it ended');
      return told.slice(read).find(([kind, , it]) => kind === 'TEXT' && it === text);
    }, { name: text, ms: 60_000 });
    return told.slice(read);
  }
  const of = (kind, list) => list.filter(([it]) => it === kind);
  const ids = list => of('INVITED', list).map(([, session]) => session).sort();

  test('what is invented is told once, and is no session', async () => {
    const [one, two] = [invitation(), invitation()], device = waiting();
    const invitations = [one, two, one, one, two], devices = [device, device];
    const first = await hears({ invitations, devices });
    assert.deepEqual(ids(first), [one.session_id, two.session_id].sort());
    assert.equal(of('DEVICE_WAITS', first).length, 1);
    const again = await hears({ invitations, devices });
    assert.deepEqual([...ids(again), ...of('DEVICE_WAITS', again)], []);
    const joins = await hears({ invitations, devices, text: `join ${one.session_id}` });
    assert.deepEqual(ids(joins), []);
    const [, slug, why] = await said(([kind], i) => kind === 'failed' && i >= read);
    assert.equal(slug, 'not-found', why);
    assert.ok(!told.some(([kind]) => kind === 'done'));
  });

  test('a flood of them is cut where a list of the server ends', async () => {
    const many = make => Array.from({ length: 10_000 }, () => make());
    const lists = { invitations: many(invitation), devices: many(waiting) };
    const first = await hears(lists);
    assert.deepEqual(ids(first),
      lists.invitations.slice(0, INVITED_MOST).map(i => i.session_id).sort());
    assert.equal(of('DEVICE_WAITS', first).length, WAITS_MOST);
    const again = await hears(lists);
    assert.deepEqual([...ids(again), ...of('DEVICE_WAITS', again)], []);
  });

  test('rows that are none hide no other, and are told by nobody', async () => {
    const good = invitation(), bad = [null, 5, 'x', [], {}, { session_id: 7 },
      invitation({ session_id: 'x'.repeat(1 << 20) }), invitation({ session_id: '../me' }),
      invitation({ inviter: { a: 1 } }), invitation({ inviter: undefined })];
    const wait = waiting();
    const list = await hears({ invitations: [...bad, good], devices: [null, 5, {}, [],
      { device_id: 'no id' }, waiting({ device_id: 'x'.repeat(1 << 20) }), wait, wait] });
    assert.deepEqual(ids(list), [good.session_id]);
    assert.equal(of('DEVICE_WAITS', list).length, 1);
    assert.deepEqual(of('failed', list), []);
  });

  test('a list that is none is told as that, and what is said is heard', async () => {
    for (const json of [{}, { invitations: 5 }, { invitations: { 0: invitation() } }, []]) {
      const list = await hears({ invitations: { status: 200, json }, devices: [waiting()] });
      assert.deepEqual(ids(list), []);
      assert.equal(of('failed', list).length, 1, JSON.stringify(list));
      assert.equal(of('failed', list)[0][1], 'bad-answer');
      assert.match(of('failed', list)[0][2], /server/);
      assert.equal(of('DEVICE_WAITS', list).length, 1);
    }
  });

  test('who is invited and is not told comes in all the same', async () => {
    const [{ session_id: hidden }] = await bob.does('create', '--invite', carol());
    const none = await hears({ invitations: [], devices: [] });
    assert.deepEqual(ids(none), []);
    await hears({ invitations: [], devices: [], text: `join ${hidden}` });
    await said(([kind, verb, what]) => kind === 'done' && what === hidden);
    assert.ok((await bob.does('members', hidden)).some(m => m.username === carol()));
  });

  test('no list is a failure that keeps nothing else back', async () => {
    for (const slug of ['forbidden', 'not-found']) {
      const list = await hears({ invitations: problem(403, slug), devices: [waiting()] });
      assert.deepEqual(ids(list), []);
      assert.deepEqual(of('failed', list).map(([, it]) => it), [slug]);
      assert.equal(of('DEVICE_WAITS', list).length, 1);
    }
  });

  test('who is in a session, or has blocked who invites, is asked nothing', async () => {
    await hears({ text: `block ${bob.name}` });
    await said(([kind, verb]) => kind === 'done' && verb === 'block');
    const list = await hears({ devices: { status: 200, json: { requests: 'none' } },
      invitations: [invitation({ session_id: id }),
        invitation({ inviter: bob.name })] });
    assert.deepEqual(ids(list), []);
    assert.match(of('failed', list)[0][2], /list of devices that wait/);
  });

  test('a name that turns its signs round waits for a person as it is', async () => {
    proxy.hooks = { answer: ({ path, json }) => json.devices && path.includes('/devices') ?
      { json: { ...json, devices: json.devices.map(d => ({ ...d, name: turned })) } } : undefined };
    const there = await hermetic(['devices'], { ...alice, server: proxy.url });
    assert.equal(there.code, 0, there.err);
    assert.ok(there.out.includes('cod.exe') && !there.out.includes('\u202E'), there.out);
    // a library's text is as it was written
    await alice.does('send', id, 'end');
    assert.equal(await ended, 0);
    assert.deepEqual(JSON.parse(of('devices', told)[0][1]), [turned]);
  });
});
