// A home that was put back to what it was, and one that lives twice: no key seals two
// texts, the person is told, and the session goes on by itself or by the command that is
// named (docs/protocol.md, "Two copies of one state").
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { Person, conversation } from '../testlib/people.mjs';
import { startScene } from '../testlib/scene.mjs';
import { hermetic } from '../testlib/stack.mjs';

describe('a home that was put back', { concurrency: false }, () => {
  let scene, proxy, alice, bob, id, sealed, life;
  before(async () => {
    scene = await startScene({ fooled: 'alice' });
    ({ proxy, bob } = scene);
  });
  // those whose new devices come into all their sessions are people of their own
  beforeEach(() => { ({ alice } = scene); });
  after(() => scene?.stop());

  // version, session_id, epoch (docs/protocol.md, "Envelopes")
  const epochOf = envelope =>
    Number(Buffer.from(envelope, 'base64').readBigUInt64BE(17));

  /** Notes by which life what left the device was sealed. */
  function watch(refuses = () => undefined) {
    proxy.hooks = { request: asked => {
      const envelope = /\/send$/.test(asked.path) && asked.body?.envelope;
      if (envelope && !sealed.has(envelope)) sealed.set(envelope, life);
      return refuses(asked);
    } };
  }

  /** What two lives sealed, they sealed in different epochs. */
  function noKeyTwice() {
    const epochs = {};
    for (const [envelope, by] of sealed)
      (epochs[by] ??= new Set()).add(epochOf(envelope));
    for (const epoch of epochs.one ?? [])
      assert.ok(!epochs.other?.has(epoch), `both sealed in epoch ${epoch}`);
  }

  async function talk() {
    sealed = new Map();
    life = 'before';
    watch();
    id = await conversation(alice, bob);
    await alice.does('send', id, 'first');
    await bob.does('send', id, 'second');
    await alice.texts(id);
  }

  /** The home goes on as `goesOn` says, and is then what it was. */
  async function putBack(goesOn) {
    const copy = alice.backup();
    life = 'one';
    await goesOn();
    life = 'other';
    alice.restore(copy);
  }

  const isTold = run => run.err.includes('"warning":"copied-state"');

  /** All hear each other, and are in one group. */
  async function allIsWell(people = [alice, bob]) {
    const said = people.map((p, i) => `${i} is well`);
    for (const [i, p] of people.entries()) {
      const run = await p.run('send', id, said[i]);
      assert.equal(run.code, 0, run.err);
      assert.ok(!isTold(run), 'told again');
    }
    const states = [];
    for (const p of people) {
      assert.deepEqual((await p.texts(id)).slice(-said.length), said);
      states.push((await p.does('safety', id))[0].epoch_authenticator);
    }
    assert.equal(new Set(states).size, 1);
    noKeyTwice();
  }

  const lives = {
    'texts': () => alice.does('send', id, 'a').then(() =>
      alice.does('send', id, 'b')),
    'a commit': () => alice.does('rotate', id),
    'a commit and a text': () => alice.does('rotate', id).then(() =>
      alice.does('send', id, 'a')),
    'a text, and others\' commits': async () => {
      await alice.does('send', id, 'a');
      await bob.does('rotate', id);
      await bob.does('send', id, 'c');
    },
  };
  for (const [what, goesOn] of Object.entries(lives))
    test(`${what} later: told, a new leaf, and it goes on`, async () => {
      await talk();
      await putBack(goesOn);
      const run = await alice.run('send', id, 'back again');
      assert.equal(run.code, 0, run.err);
      assert.ok(isTold(run), `not told: ${run.err}`);
      const texts = await bob.texts(id);
      assert.equal(texts.at(-1), 'back again');
      assert.equal(new Set(texts).size, texts.length, 'said twice');
      await allIsWell();
    });

  test('what the other said is shown as such, in words and in --json',
    async () => {
      await talk();
      await putBack(() => alice.does('send', id, 'who was that?'));
      const { code, out, err } = await hermetic(['read', id], alice);
      assert.equal(code, 0, err);
      assert.match(out, /\(by another copy of this device's state\).*: who was that\?/);
      assert.match(err, /Another copy of this device's state is in use/);
      const entries = await alice.does('read', id);
      assert.deepEqual(entries.filter(m => m.copy).map(m => m.text),
        ['who was that?']);
      await allIsWell();
      await talk();
      await putBack(() => alice.does('rotate', id));
      assert.match((await hermetic(['read', id], alice)).out,
        /^#4 +\(by another copy of this device's state\) \* the keys were changed$/m);
    });

  test('nobody is told where nothing was said meanwhile', async () => {
    await talk();
    await putBack(() => bob.does('send', id, 'only I'));
    const run = await alice.run('send', id, 'as I was');
    assert.equal(run.code, 0, run.err);
    assert.equal(run.err, '');
    await allIsWell();
  });

  test('what waited, and was sent by the other, stands there once', async () => {
    await talk();
    watch(({ path }) => /\/send$/.test(path) ? { drop: true } : undefined);
    assert.equal((await alice.run('send', id, 'sealed')).code, 4);
    watch();
    await putBack(async () => {
      await alice.does('outbox', '--flush');
      await alice.does('send', id, 'more');
    });
    await alice.does('send', id, 'behind it');
    assert.deepEqual(await alice.does('outbox'), []);
    const texts = await bob.texts(id);
    assert.deepEqual(texts.slice(-3), ['sealed', 'more', 'behind it']);
    assert.ok((await alice.texts(id)).includes('sealed'));
    await allIsWell();
  });

  test('the account\'s log grew meanwhile, and grows on', async () => {
    alice = await new Person('carol', proxy.url).register();
    await talk();
    let phone;
    await putBack(async () => { phone = await alice.newDevice('phone'); });
    const tablet = await alice.newDevice('tablet');
    const [{ own }] = await alice.does('verify', alice.name);
    assert.equal(own.devices, 3);
    const everybody = [alice, bob, phone, tablet];
    for (const p of everybody)
      assert.equal((await p.does('members', id)).length, 4);
    await allIsWell(everybody);
  });

  test('the second time within a week it stops, and names the way out',
    async () => {
      await talk();
      await putBack(() => alice.does('send', id, 'a'));
      await alice.does('send', id, 'back');
      sealed = new Map();
      await putBack(() => alice.does('send', id, 'b'));
      const { detail } = await alice.keeps('copied-state', 'send', id, 'kept');
      const named = detail.match(/hermetic (resolve \S+ --yes)/)[1];
      await alice.does(...named.split(' '));
      await alice.does('outbox', '--flush');
      assert.equal((await bob.texts(id)).at(-1), 'kept');
      await allIsWell();
    });

  test('lives twice: both are told, then one stops, and both have a way out',
    async () => {
      alice = await new Person('dave', proxy.url).register();
      await talk();
      const twin = alice.twin();
      const told = async (who, text) => {
        const run = await who.run('send', id, text);
        assert.equal(run.code, 0, run.err);
        assert.ok(isTold(run), `not told: ${run.err}`);
      };
      life = 'one';
      await alice.does('send', id, 'one');
      life = 'other';
      await told(twin, 'two');
      life = 'one';
      await told(alice, 'three');
      life = 'other';
      const { detail } = await twin.keeps('copied-state', 'send', id, 'four');
      noKeyTwice();
      // the one that is to live, and the other as a device of its own
      await alice.does('send', id, 'five');
      assert.match(detail, /hermetic resolve \S+ --yes/);
      assert.match(detail, /hermetic login --home DIR --username/);
      const fresh = await alice.newDevice();
      await fresh.does('send', id, 'six');
      assert.deepEqual((await bob.texts(id)).slice(2),
        ['one', 'two', 'three', 'five', 'six']);
      assert.equal((await bob.does('members', id)).length, 3);
    });
});
