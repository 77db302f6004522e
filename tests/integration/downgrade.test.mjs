// Somebody between client and server wants a weaker algorithm: what the
// devices signed tells, the join or the creation fails, and says why.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { AccountLog } from '../testlib/accounts.mjs';
import { base64 } from '../testlib/api.mjs';
import { DeviceKeys } from '../testlib/mls.mjs';
import { conversation, newPeople, Person } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';
import { hermetic } from '../testlib/stack.mjs';

describe('a downgrade on the way', { concurrency: false }, () => {
  let scene, postgres, node, proxy, alice, bob;
  before(async () => {
    scene = await startScene();
    ({ postgres, node, proxy, alice, bob } = scene);
  });
  after(() => scene?.stop());

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

  test('a device that offers more calls back what it offered before', async () => {
    const dave = await new Person('dave', node.url).register('--algorithm',
      'chacha20-poly1305');
    const stored = async () => (await postgres.rows(`SELECT k.algorithm,
        translate(encode(k.key_package, 'base64'), E'\\n', '') AS key_package
      FROM hermetic.key_package k WHERE k.device_id = '${dave.device}'
      ORDER BY k.key_package_id`));
    const old = await stored();
    await dave.does('login', '--algorithm', 'aes-256-gcm,chacha20-poly1305');
    const now = await stored();
    // five of each, and a last resort
    assert.deepEqual(now.map(k => k.algorithm).sort(), [
      ...Array(6).fill('aes-256-gcm'), ...Array(6).fill('chacha20-poly1305')]);
    assert.ok(!now.some(k => old.some(o => o.key_package === k.key_package)));
    const algorithm = async id => (await alice.does('sessions'))
      .find(s => s.session_id === id).algorithm;
    assert.equal(await algorithm(await conversation(alice, dave)), 'aes-256-gcm');

    // a server that has kept those of before: with newer ones it is seen
    const giving = is => ({
      answer: ({ path, json }) => {
        if (path !== '/key-packages/claim') return undefined;
        json.devices[0].key_packages = [...json.devices[0].key_packages.filter(is),
          { ...old.shift(), last_resort: false }];
        return { json };
      },
    });
    const said = await creatingNothing(() =>
      through(alice, giving(k => k.algorithm === 'aes-256-gcm'), () =>
        alice.cannot('mixed-offers', 'create', '--invite', dave.name)));
    assert.ok(said.includes(`a device of ${dave.name}`), said);
    // alone they look like the device's, which does not come
    const create = async (...more) => (await through(alice, giving(() => false), () =>
      alice.does('create', '--invite', dave.name, ...more)))[0].session_id;
    const weak = await create();
    assert.equal(await algorithm(weak), 'chacha20-poly1305');
    assert.match(await dave.cannot('downgrade', 'join', weak), /offered something else/);
    // where they change nothing they do, and the person decides about the rest
    await dave.does('join', await create('--algorithm', 'chacha20-poly1305'));
    await dave.does('resolve', weak, '--yes');
    await alice.does('send', weak, 'all the same', '--to-new-members');
    assert.deepEqual(await dave.texts(weak), ['all the same']);
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

  test('another account under a known name changes nothing', async () => {
    const carol = await new Person('carol', node.url).register();
    const erin = await new Person('erin', node.url).register();
    const id = await conversation(carol, erin);
    const person = async () => (await carol.does('verify', erin.name))[0].person;
    const known = await person();
    const shown = new AccountLog(erin.name);
    const false_ = { fingerprint: shown.fingerprint.toString('hex'),
      salt: base64(shown.salt), last: 1, links: shown.links.map(base64) };
    const said = await through(carol, {
      answer: ({ path, json }) => path !== '/users/logs' ? undefined :
        { json: { logs: json.logs.map(log => ({ ...log, ...false_ })) } },
    }, async () => {
      await carol.cannot('identity-changed', 'invite', id, erin.name);
      return carol.cannot('identity-changed', 'create', '--invite', erin.name);
    });
    assert.ok(said.includes(`hermetic accept ${erin.name}`), said);
    // the session goes on, and with an honest server so does the name
    await carol.does('send', id, 'still you');
    assert.deepEqual(await erin.texts(id), ['still you']);
    assert.equal((await person()).fingerprint, known.fingerprint);
    await conversation(carol, erin);
  });

  test('a name that is another account now waits for the person', async () => {
    const carol = await new Person('carol', node.url).register();
    const first = await new Person('dora', node.url).register();
    const { name } = first;
    const create = ['create', '--invite', name];
    const held = await conversation(carol, first);
    const [{ person: { fingerprint: print } }] =
      await carol.does('verify', name);
    await carol.cannot('nothing-to-accept', 'accept', name);
    const [{ session_id: other }] = await carol.does('create');

    // somebody who has the passphrase, and none of the keys
    const second = first.sibling();
    await second.does('login', '--username', name, '--begin-anew');
    await second.does('sessions');
    const said = await carol.cannot('identity-changed', ...create);
    assert.ok(said.includes(`hermetic accept ${name}`), said);
    await carol.cannot('identity-changed', 'invite', other, name);

    // looking accepts nothing
    const [change] = await carol.does('accept', name);
    assert.equal(change.other_account, true);
    assert.notEqual(change.known, change.offered);
    const { out } = await hermetic(['accept', name], carol);
    assert.ok(out.includes(`known     ${change.known}\n`) &&
      out.includes(`delivered ${change.offered}\n`), out);
    assert.match(out, /another channel/);
    await carol.cannot('identity-changed', ...create);

    await carol.does('accept', name, '--yes');
    await carol.cannot('nothing-to-accept', 'accept', name);
    const [{ session_id: id }] = await carol.does(...create);
    await second.does('join', id);
    await carol.does('send', id, 'to the second one');
    assert.deepEqual(await second.texts(id), ['to the second one']);
    assert.equal((await carol.does('members', id)).find(m => !m.own).username,
      name);

    // where the first one is it stays, under a name that says so
    await carol.does('send', held, 'to the first one');
    assert.deepEqual(await first.texts(held), ['to the first one']);
    const was = (await carol.does('members', held)).find(m => !m.own);
    assert.equal(was.account, print);
    assert.equal(was.username, `${name}~${print.slice(0, 8)}`);
    await carol.does('remove', held, was.username);
    assert.equal((await carol.does('members', held)).length, 1);
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
    assert.deepEqual(states.map(s => s.state), ['added', 'added']);
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
    }, () => bob.cannot('no-beginning', 'join', real.session_id));
    await bob.does('join', real.session_id);
    await alice.does('members', real.session_id);
    await alice.does('send', real.session_id, 'safe');
    assert.deepEqual(await bob.texts(real.session_id), ['safe']);
  });

  test('a founder that came in again is no downgrade', async () => {
    const [carol, dave] = await newPeople(node.url, 'carol', 'dave');
    const id = await conversation(alice, bob);
    // alice's is the only offer from here on: that one algorithm
    await alice.does('algorithm', id, 'chacha20-poly1305');
    await bob.texts(id);
    await alice.does('role', id, bob.name, 'owner');
    await alice.does('leave', id);
    await bob.does('invite', id, alice.name);
    await alice.does('join', id);
    await bob.does('invite', id, carol.name);
    await carol.does('join', id);
    await bob.does('invite', id, dave.name);
    await dave.does('join', id);
    await dave.does('members', id);
    await dave.does('send', id, 'here');
    assert.deepEqual(await carol.texts(id), ['here']);
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
