// The recovery key of an account: it adds a device where no other one is left, and undoes what a
// stolen one did. Who has none begins anew, which everybody is told.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Person, conversation, twoPeople } from '../testlib/people.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

const hex = bytes => bytes.toString('hex');

describe('the recovery key', { concurrency: false }, () => {
  let postgres, node, bob;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres, env: { HERMETIC_LOGINS_PER_MINUTE: '1000',
      HERMETIC_LINKS_PER_MINUTE: '1000' } });
    [, bob] = await twoPeople(node.url);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const listed = async person => new Map((await person.does('devices'))
    .map(d => [d.device_id, d]));
  /** What the account's log says, read by somebody else. */
  const logOf = async person =>
    (await bob.does('verify', person.name)).at(-1).person;

  const withKey = async (person, key, run) => {
    person.env.HERMETIC_RECOVERY_KEY = key;
    try { return await run(); }
    finally { delete person.env.HERMETIC_RECOVERY_KEY; }
  };
  const newKey = lines => lines.find(l => l.recovery_key).recovery_key;

  test('register ends with a recovery key, which adds a device', async () => {
    const dora = new Person('dora', node.url);
    const key = newKey(await dora.does('register', '--username', dora.name));
    assert.match(key, /^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$/);
    const holds = person => readdirSync(person.home).some(file =>
      [key, key.replaceAll('-', '')].some(form =>
        readFileSync(join(person.home, file)).includes(form)));
    assert.ok(!holds(dora));
    await bob.does('verify', dora.name, '--yes');
    const [{ session_id: id }] = await bob.does('create', '--invite', dora.name);
    await dora.does('join', id);
    const phone = dora.sibling();
    const start = ['login', '--username', dora.name, '--recovery'];
    await phone.cannot('recovery-key', ...start); // nobody can be asked
    const wrong = key.replace(/.$/, c => c === '0' ? '1' : '0');
    await withKey(phone, wrong, () => phone.cannot('recovery-key', ...start));
    const other = newKey(await new Person('x', node.url).does('register',
      '--username', `x-${hex(randomBytes(4))}`));
    await withKey(phone, other, () => phone.cannot('recovery-key', ...start));
    assert.equal((await logOf(dora)).devices, 1);
    await withKey(phone, key.toLowerCase(), () => phone.does(...start));
    await phone.does('sessions');
    assert.ok(!holds(phone));
    const log = await logOf(dora);
    assert.equal(log.devices, 2);
    // who has compared numbers has to do it again
    assert.equal(log.compared, 'changed');
    assert.equal((await listed(dora)).size, 2);
    // nobody is asked to approve what the recovery key has let in
    assert.doesNotMatch((await dora.starts('sessions').ended).err, /waits/);
    // it is in the account: it approves and removes
    await phone.does('revoke', dora.device ??
      [...(await listed(phone)).values()].find(d => !d.own).device_id);
    assert.equal((await logOf(dora)).devices, 1);
    await dora.cannot('device-ended', 'sessions');
    // the leaf of the device that has ended is no reason not to invite
    await bob.does('invite', id, dora.name);
    await phone.does('join', id);
    await phone.does('send', id, 'here again');
    assert.deepEqual(await bob.texts(id), ['here again']);
    assert.equal((await bob.does('members', id)).length, 2);
  });

  test('it can be declined, made later, and replaced', async () => {
    const emil = new Person('emil', node.url);
    const lines = await emil.does('register', '--username', emil.name,
      '--no-recovery');
    assert.equal(lines.some(l => l.recovery_key), false);
    await bob.does('verify', emil.name, '--yes');
    const key = newKey(await emil.does('recovery'));
    assert.equal((await logOf(emil)).compared, 'yes'); // the first one
    await emil.cannot('recovery-key-stands', 'recovery');
    const next = newKey(await withKey(emil, key,
      () => emil.does('recovery')));
    assert.notEqual(next, key);
    assert.equal((await logOf(emil)).compared, 'yes'); // signed by the old one
    await withKey(emil, key, () => emil.cannot('recovery-key-replaced', 'recovery'));
    const last = newKey(await emil.does('recovery', '--replace'));
    assert.equal((await logOf(emil)).compared, 'changed');
    await withKey(emil, last, () => emil.does('recovery'));
  });

  test('the recovery key undoes what a stolen device did, also in sessions',
    async () => {
      const gina = new Person('gina', node.url);
      const key = newKey(await gina.does('register', '--username', gina.name));
      gina.device = (await gina.does('devices'))[0].device_id;
      const [{ session_id: id }] = await bob.does('create', '--invite',
        gina.name);
      await gina.does('join', id);
      const phone = await gina.newDevice('phone');
      await phone.does('send', id, 'from the phone');
      // it is stolen: the thief makes another recovery key, and is alone then
      await phone.does('recovery', '--replace');
      await phone.does('revoke', gina.device);
      await phone.does('send', id, 'by the thief');
      await bob.texts(id);
      assert.deepEqual((await bob.does('members', id)).map(m => m.username)
        .sort(), [bob.name, gina.name].sort());

      // the key that gina wrote down goes on from before that
      const fresh = gina.sibling();
      await withKey(fresh, key, () => fresh.does('login', '--username',
        gina.name, '--recovery'));
      await phone.run('send', id, 'still by the thief');
      assert.ok(!(await bob.texts(id)).includes('still by the thief'));
      // her first device is one again, and comes in while the thief's leaf is there
      await gina.does('login', '--username', gina.name);
      await gina.does('resolve', id, '--yes');
      await gina.does('send', id, 'without the thief');
      assert.equal((await bob.texts(id)).at(-1), 'without the thief');
      const devices = (await bob.does('members', id))
        .filter(m => m.username === gina.name).map(m => m.device_id);
      assert.deepEqual(devices, ['1']);
      await bob.does('send', id, 'to gina');
      assert.equal((await gina.texts(id)).at(-1), 'to gina');
      await gina.does('link');
      assert.equal((await bob.does('members', id)).length, 3);
    });

  test('who has nothing left begins anew, said to everybody', async () => {
    const frida = await new Person('frida', node.url).register();
    const id = await conversation(frida, bob);
    await bob.does('verify', frida.name, '--yes');
    const before = (await logOf(frida)).fingerprint;
    const fresh = frida.sibling();
    await fresh.does('login', '--username', frida.name, '--begin-anew');
    await fresh.does('sessions');
    assert.match(await bob.cannot('identity-changed', 'verify', frida.name),
      /is another account now/);
    await frida.cannot('account-log-differs', 'verify', bob.name);
    // the sessions of the old one go on
    await frida.does('send', id, 'still me');
    assert.deepEqual(await bob.texts(id), ['still me']);
    await bob.does('accept', frida.name, '--yes');
    const now = await logOf(frida);
    assert.notEqual(now.fingerprint, before);
    assert.equal(now.compared, 'no');
    // the log of before stands under its fingerprint
    const kept = await postgres.rows(`SELECT replaced_at IS NOT NULL AS gone
      FROM hermetic.account_log WHERE fingerprint = '\\x${before}'`);
    assert.deepEqual(kept, [{ gone: true }]);
    await fresh.cannot('in-account', 'login', '--begin-anew');
  });
});
