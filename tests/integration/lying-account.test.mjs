// A server that lies about accounts: about whose login it was, which devices there
// are, and what became of a change. Such a change is done when the account's log, as
// verified, says so, and not before.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Person } from '../testlib/people.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { startNode, startPostgres } from '../testlib/stack.mjs';

const problem = (status, slug) => ({ status, json: {
  type: `urn:hermetic:problem:${slug}`, title: slug, status, detail: slug } });

describe('a server that lies about accounts', { concurrency: false }, () => {
  let postgres, node, proxy;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres,
      env: { HERMETIC_LOGINS_PER_MINUTE: '1000' } });
    proxy = await startProxy(node.url);
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  /** Somebody with two devices and a recovery key, and the lies begin. */
  async function someone(name) {
    proxy.hooks = {};
    const person = new Person(name, proxy.url);
    const lines = await person.does('register', '--username', person.name);
    const key = lines.find(l => l.recovery_key).recovery_key;
    const phone = await person.newDevice('phone');
    phone.server = node.url;
    return { person, phone, key };
  }
  const log = async person => {
    const rows = await postgres.rows(`SELECT d.link_number AS number,
      d.removed_at IS NULL AS stands FROM hermetic.device d
      JOIN hermetic.account a USING (user_id)
      WHERE a.username = '${person.name}' ORDER BY number`);
    return rows.filter(row => row.stands).length;
  };
  const isLog = ({ path }) => /^\/users\/[^/]+\/log/.test(path);
  const isList = ({ path }) => /^\/users\/[^/]+\/devices/.test(path);
  const changed = how => ({ answer: asked => isList(asked) && asked.json ? { json: {
    ...asked.json, devices: asked.json.devices.map(how) } } : undefined });

  test('a change of an account whose log is hidden is none', async () => {
    const { person, phone } = await someone('grace');
    proxy.hooks = { request: asked => isLog(asked) ?
      problem(404, 'not-found') : undefined };
    await person.cannot('link-kept', 'revoke', phone.device);
    assert.equal(await log(person), 2);
    await phone.does('devices');
    proxy.hooks = {};
    await person.does('revoke', phone.device);
    assert.equal(await log(person), 1);
    proxy.hooks = { request: asked => isLog(asked) ?
      problem(404, 'not-found') : undefined };
    await person.cannot('link-kept', 'recovery', '--replace');
  });

  test('a device of the log is not ended without a link', async () => {
    const { person, phone } = await someone('heidi');
    proxy.hooks = { ...changed(d => ({ ...d,
      number: d.name === 'phone' ? undefined : d.number })),
      request: ({ method }) => method === 'DELETE' ?
        { status: 200, json: {} } : undefined };
    const detail = await person.cannot('list-differs', 'revoke',
      phone.device);
    assert.match(detail, /device 3,/);
    proxy.hooks = {};
    await person.does('revoke', phone.device);
    assert.equal(await log(person), 1);
  });

  test('no list of the server makes a device end itself', async () => {
    const { person, phone } = await someone('ivan');
    proxy.hooks = changed(d => ({ ...d, number: 1 }));
    await person.cannot('list-differs', 'revoke', phone.device);
    proxy.hooks = {};
    assert.equal(await log(person), 2);
    await person.does('revoke', phone.device);
  });

  test('no refusal of the server means that devices are in', async () => {
    const { person } = await someone('olga');
    const bob = await new Person('bob', node.url).register();
    const [session] = await person.does('create', '--invite', bob.name);
    proxy.hooks = { request: ({ path }) => path.startsWith('/sessions/') ||
      /key-packages/.test(path) ? problem(409, 'member-already') : undefined };
    await person.cannot('member-already', 'link');
    // nor does a list without them
    proxy.hooks = { answer: ({ path }) => path === '/key-packages/claim' ?
      { json: { devices: [] } } : undefined };
    assert.deepEqual(await person.does('link'), [{
      session_id: session.session_id, devices: 0, missing: 1 }]);
    proxy.hooks = {};
    const linked = await person.does('link');
    assert.deepEqual(linked, [{ session_id: session.session_id, devices: 1,
      missing: 0 }]);
  });

  test('no refusal of the server means that a log was compared', async () => {
    const { person } = await someone('paul');
    const bob = await new Person('bob', node.url).register();
    await person.does('create', '--invite', bob.name);
    proxy.hooks = { request: ({ path }) => isLog({ path }) &&
      path.includes(bob.name) ? problem(409, 'account-forked') : undefined };
    await person.cannot('account-forked', 'verify', bob.name, '--yes');
    proxy.hooks = {};
    const [shown] = await person.does('verify', bob.name);
    assert.equal(shown.person.compared, 'no');
  });

  test('a recovery key that another device overtakes does not count', async () => {
    const { person, phone, key } = await someone('judy');
    person.env.HERMETIC_RECOVERY_KEY = key;
    let first = true;
    proxy.hooks = { request: async ({ method, path }) => {
      if (method !== 'POST' || !isLog({ path }) || !first) return;
      first = false;
      await phone.does('recovery', '--replace');
    } };
    const detail = await person.cannot('recovery-key-overtaken', 'recovery');
    assert.match(detail, /does not count/);
    assert.equal(first, false);
  });

  test('who logs in is nobody else', async () => {
    const { person } = await someone('karl');
    const other = await new Person('lena', node.url).register();
    const rename = { answer: ({ path, json }) => path === '/auth/login' ?
      { json: { ...json, username: other.name } } : undefined };
    proxy.hooks = rename;
    await person.cannot('other-account', 'login');
    proxy.hooks = {};
    await person.does('login', '--username', person.name);
    await person.does('sessions');
    proxy.hooks = rename;
    const anew = new Person('mia', proxy.url);
    const said = await anew.run('register', '--username', anew.name);
    assert.equal(said.error?.error, 'other-account', said.err);
    proxy.hooks = {};
    await anew.does('login', '--username', anew.name);
  });
});
