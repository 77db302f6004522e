// `hermetic` is killed at any moment: the next call opens the state, goes on
// where the killed one stopped, and nothing is lost or doubled.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Person, conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';
import { sleep } from '../testlib/stack.mjs';

describe('killing hermetic', { concurrency: false }, () => {
  let scene, node, proxy, alice, bob;
  before(async () => {
    scene = await startScene();
    ({ node, proxy, alice, bob } = scene);
  });
  after(() => scene?.stop());

  // Runs a command through the proxy and kills it at its request number
  // `at`: before the server has seen it, or after the server has answered.
  // True when it came to that.
  async function killedAt(person, at, phase, ...args) {
    let count = 0, killed = false, run;
    const kill = () => {
      killed = true;
      run.child.kill('SIGKILL');
      return { drop: true };
    };
    proxy.hooks = {
      request: () => {
        count++;
        return phase === 'before' && count === at ? kill() : undefined;
      },
      answer: () => phase === 'after' && count === at ? kill() : undefined,
    };
    const direct = person.server;
    person.server = proxy.url;
    run = person.start(...args);
    person.server = direct;
    await run.ended;
    proxy.hooks = {};
    return killed;
  }

  // Calls `body` for every request of a command and both phases.
  async function atEveryRequest(body, phases = ['before', 'after']) {
    for (const phase of phases)
      for (let at = 1; await body(at, phase); at++)
        assert.ok(at < 40, 'it never ends');
  }

  test('during send: each message once', async () => {
    const id = await conversation(alice, bob);
    const sent = [];
    await atEveryRequest(async (at, phase) => {
      const text = `${phase} ${at}`;
      const killed = await killedAt(alice, at, phase, 'send', id, text);
      sent.push(text);
      assert.equal((await alice.texts(id)).at(-1), text);
      return killed;
    });
    await alice.does('send', id, 'last');
    assert.deepEqual(await bob.texts(id), [...sent, 'last']);
    assert.deepEqual(await alice.texts(id), [...sent, 'last']);
  });

  test('during rotate: the session goes on', async () => {
    const id = await conversation(alice, bob);
    const sent = [];
    await atEveryRequest(async (at, phase) => {
      const killed = await killedAt(alice, at, phase, 'rotate', id);
      await bob.does('send', id, `${phase} ${at}`);
      sent.push(`${phase} ${at}`);
      return killed;
    });
    await alice.does('send', id, 'last');
    assert.deepEqual(await alice.texts(id), [...sent, 'last']);
    assert.deepEqual(await bob.texts(id), [...sent, 'last']);
    const [mine] = await alice.does('safety', id);
    const [his] = await bob.does('safety', id);
    assert.equal(mine.epoch, his.epoch);
  });

  test('during create: the session is whole or not there', async () => {
    const known = new Set((await alice.does('sessions'))
      .map(s => s.session_id));
    await atEveryRequest(async (at, phase) => {
      const killed = await killedAt(alice, at, phase, 'create', '--name',
        'x', '--invite', bob.name);
      for (const { session_id: id } of await alice.does('sessions')) {
        if (known.has(id)) continue;
        known.add(id);
        await alice.does('send', id, 'whole');
        await bob.does('join', id);
        await alice.does('send', id, 'for Bob');
        assert.equal((await bob.texts(id)).at(-1), 'for Bob');
        const [{ name }] = await bob.does('safety', id);
        assert.equal(name, 'x');
      }
      return killed;
    });
  });

  for (const how of ['Welcome', 'external commit']) {
    test(`during a join by ${how}: joined by the next`, async () => {
        await atEveryRequest(async (at, phase) => {
        const [{ session_id: id }] = await alice.does('create',
          ...how === 'Welcome' ? ['--invite', bob.name] : ['--open']);
        const killed = await killedAt(bob, at, phase, 'join', id);
        await bob.does('join', id);
        await alice.does('members', id); // she looks who has come
        await alice.does('send', id, 'welcome');
        await bob.does('send', id, 'thanks');
        assert.deepEqual(await bob.texts(id), ['welcome', 'thanks']);
        assert.deepEqual(await alice.texts(id), ['welcome', 'thanks']);
        assert.equal((await alice.does('members', id)).length, 2);
        return killed;
      });
    });
  }

  test('during login: the device stays what it is', async () => {
    await atEveryRequest(async (at, phase) => {
      const killed = await killedAt(alice, at, phase, 'login');
      const [{ device_id: device }] = await alice.does('login');
      assert.equal(device, alice.device);
      return killed;
    }, ['after']);
  });

  test('during an approval: the new device is in, once', async () => {
    const carol = await new Person('carol', node.url).register();
    let devices = 1;
    await atEveryRequest(async (at, phase) => {
      const phone = carol.sibling();
      const { login, code, device_id: device } = await phone.asks();
      const killed = await killedAt(carol, at, phase, 'devices', 'approve',
        code);
      const { code: exit, error } = await carol.run('devices', 'approve',
        code);
      if (exit !== 0) assert.equal(error.error, 'nobody-waits');
      assert.equal((await login.ended).code, 0);
      const listed = (await carol.does('devices'))
        .filter(d => d.device_id === device);
      assert.equal(listed.length, 1);
      assert.equal(typeof listed[0].number, 'number');
      const [{ own }] = await carol.does('verify', carol.name);
      assert.equal(own.devices, ++devices);
      return killed && devices < 9;
    }, ['after']);
  });

  test('during a removal: the device is out', async () => {
    const carol = await new Person('carol', node.url).register();
    const id = await conversation(carol, bob);
    await atEveryRequest(async (at, phase) => {
      const phone = await carol.newDevice();
      await bob.texts(id);
      const killed = await killedAt(carol, at, phase, 'revoke', phone.device);
      await carol.run('revoke', phone.device);
      assert.deepEqual((await carol.does('devices')).map(d => d.device_id),
        [carol.device]);
      await carol.does('rotate', id);
      await bob.texts(id);
      assert.equal((await bob.does('members', id)).length, 2);
      return killed && at < 6;
    }, ['after']);
  });

  test('at random moments of many sends', async () => {
    const id = await conversation(alice, bob);
    const finished = [];
    for (let i = 0; i < 25; i++) {
      const run = alice.start('send', id, `message ${i}`);
      await sleep(Math.random() * 900);
      run.child.kill('SIGKILL');
      if ((await run.ended).code === 0) finished.push(`message ${i}`);
      if (i % 5 === 0) await bob.does('rotate', id);
    }
    await alice.does('send', id, 'last');
    const texts = await bob.texts(id);
    assert.deepEqual(texts, await alice.texts(id));
    assert.deepEqual(texts, [...new Set(texts)], 'one came twice');
    for (const text of finished)
      assert.ok(texts.includes(text), `${text} is lost`);
    const numbers = texts.slice(0, -1).map(t => Number(t.split(' ')[1]));
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
  });
});
