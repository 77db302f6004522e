// Somebody between client and server wants a weaker algorithm: what the
// devices signed tells, the join or the creation fails, and says why.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { conversation, Person, twoPeople } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { DeviceKeys } from '../testlib/mls.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

describe('a downgrade on the way', { concurrency: false }, () => {
  let postgres, node, proxy, alice, bob;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    proxy = await startProxy(node.url);
    [alice, bob] = await twoPeople(node.url);
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  // As `person` over the proxy with these hooks.
  async function through(person, hooks, what) {
    const direct = person.server;
    person.server = proxy.url;
    proxy.hooks = hooks;
    try {
      return await what();
    } finally {
      person.server = direct;
      proxy.hooks = {};
    }
  }

  // Neither side may know of a session more after `what`.
  async function creatingNothing(what) {
    const count = async () => (await Promise.all([alice, bob]
      .map(p => p.does('sessions')))).flat().length;
    const known = await count();
    const result = await what();
    assert.equal(await count(), known, 'something was created');
    return result;
  }

  const without = algorithm => ({
    answer: ({ path, json }) => {
      if (path !== '/key-packages/claim') return undefined;
      for (const device of json.devices)
        device.key_packages = device.key_packages
          .filter(k => k.algorithm !== algorithm);
      return { json };
    },
  });

  test('a KeyPackage taken out of a claim: no session is made', async () => {
    const said = await creatingNothing(() =>
      through(alice, without('aes-256-gcm'), () =>
        alice.cannot('downgrade', 'create', '--invite', bob.name)));
    assert.match(said, /better algorithm was withheld/);
    // and without the thief all is well
    const id = await conversation(alice, bob);
    await alice.does('send', id, 'safe');
    assert.deepEqual(await bob.texts(id), ['safe']);
  });

  test('one taken out when somebody is added later', async () => {
    const [{ session_id: id }] = await alice.does('create');
    await through(alice, without('aes-256-gcm'), () =>
      alice.cannot('downgrade', 'invite', id, bob.name));
    await alice.does('send', id, 'still mine');
    await alice.does('invite', id, bob.name);
    await bob.does('join', id);
  });

  test('a KeyPackage of somebody else in its place', async () => {
    const mallory = await new Person('mallory', node.url).register();
    let stolen;
    await through(alice, {
      answer: ({ path, json }) => {
        if (path === '/key-packages/claim') stolen = json;
      },
    }, () => alice.does('create', '--invite', mallory.name));
    await through(alice, {
      answer: ({ path, json }) => {
        if (path !== '/key-packages/claim') return undefined;
        json.devices[0].key_packages = stolen.devices[0].key_packages;
        return { json };
      },
    }, () => alice.cannot('key-not-in-log', 'create', '--invite', bob.name));
    await conversation(alice, bob);
  });

  test('a key in no log is not taken at a first meeting either', async () => {
    const [carol, ghost] = await Promise.all([
      new Person('carol', node.url).register(),
      new Person('dora', node.url).register()]);
    const wrong = new DeviceKeys(`${ghost.name}/${ghost.device}`,
      'chacha20-poly1305');
    await through(carol, {
      answer: ({ path, json }) => {
        if (path !== '/key-packages/claim') return undefined;
        json.devices[0].key_packages = [{ algorithm: 'chacha20-poly1305',
          key_package: wrong.keyPackage({ suites: [3] }).toString('base64'),
          last_resort: false }];
        return { json };
      },
    }, () => carol.cannot('key-not-in-log', 'create', '--algorithm',
      'chacha20-poly1305', '--invite', ghost.name));
    const [{ session_id: id }] = await carol.does('create', '--algorithm',
      'chacha20-poly1305', '--invite', ghost.name);
    await ghost.does('join', id);
    await carol.does('send', id, 'to you');
    assert.deepEqual(await ghost.texts(id), ['to you']);
  });

  test('a KeyPackage that was changed: nothing is created', async () => {
    await creatingNothing(() => through(alice, {
      answer: ({ path, json }) => {
        if (path !== '/key-packages/claim') return undefined;
        for (const k of json.devices[0].key_packages) {
          const bytes = Buffer.from(k.key_package, 'base64');
          bytes[bytes.length - 1] ^= 1; // of the signature
          k.key_package = bytes.toString('base64');
        }
        return { json };
      },
    }, () =>
      alice.cannot('bad-key-package', 'create', '--invite', bob.name)));
  });

  // A session whose founders' offers give aes-256-gcm, and another, weaker
  // one that Mallory shows in its place.
  test('a Welcome to a weaker session in place of the real one', async () => {
    const [real] = await alice.does('create', '--invite', bob.name);
    const [weak] = await alice.does('create', '--algorithm',
      'twofish-256-gcm', '--invite', bob.name);
    await through(bob, {
      answer: ({ path, json }) => {
        if (path !== '/welcomes') return undefined;
        const other = json.welcomes
          .find(w => w.session_id === weak.session_id);
        for (const w of json.welcomes)
          if (w.session_id === real.session_id) w.welcome = other.welcome;
        return { json };
      },
    }, () => bob.cannot('bad-group', 'join', real.session_id));
    const states = (await bob.does('sessions')).filter(s =>
      [real.session_id, weak.session_id].includes(s.session_id));
    assert.deepEqual(states.map(s => s.state), ['invited', 'invited']);
    await bob.does('join', real.session_id);
  });

  test('the GroupInfo of a weaker session in place of it', async () => {
    const [real] = await alice.does('create', '--open');
    const [weak] = await alice.does('create', '--open', '--algorithm',
      'chacha20-poly1305');
    let info;
    await through(bob, {
      answer: ({ path, json }) => {
        if (path.endsWith('/group-info')) info = json;
      },
    }, () => bob.does('join', weak.session_id));
    await through(bob, {
      answer: ({ path, json }) => path.endsWith('/group-info') ?
        { json: { ...json, group_info: info.group_info } } : undefined,
    }, () => bob.cannot('not-continued', 'join', real.session_id));
    await bob.does('join', real.session_id);
    await alice.does('members', real.session_id);
    await alice.does('send', real.session_id, 'safe');
    assert.deepEqual(await bob.texts(real.session_id), ['safe']);
  });

  test('an algorithm that only the server claims changes nothing',
    async () => {
        const id = await conversation(alice, bob);
      const lie = ({ json }) => {
        const text = JSON.stringify(json ?? null);
        return text.includes('aes-256-gcm') ?
          { json: JSON.parse(text.replaceAll('aes-256-gcm',
            'twofish-256-gcm')) } : undefined;
      };
      const [safety] = await through(bob, { answer: lie }, () =>
        bob.does('safety', id));
      assert.equal(safety.algorithm, 'aes-256-gcm');
      await alice.does('rotate', id);
    });

  test('a log that was changed is not believed', async () => {
    const id = await conversation(alice, bob);
    for (const text of ['one', 'two', 'three'])
      await alice.does('send', id, text);
    const without = ({ path, json }) => {
      if (!path.includes('/messages')) return undefined;
      const kept = json.messages.filter((_, i) => i !== 1)
        .map((m, i) => ({ ...m, seq: json.messages[i].seq }));
      return { json: { ...json, messages: kept } };
    };
    await through(bob, { answer: without }, () =>
      bob.run('read', id).then(({ code, error }) => {
        assert.equal(code, 1);
        assert.equal(error.error, 'history-differs');
      }));
    assert.deepEqual(await bob.texts(id), ['one', 'two', 'three']);
  });
});
