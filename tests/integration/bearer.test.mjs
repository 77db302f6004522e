// One table of forged tokens, tried at every door.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { SignJWT } from 'jose';
import { call, newUser, ok, refused } from '../testlib/api.mjs';
import { foreignToken, forgedTokens } from '../testlib/forged.mjs';
import { MqttClient } from '../testlib/mqtt.mjs';
import { Socket } from '../testlib/socket.mjs';
import { startBroker, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('forged tokens', { concurrency: false }, () => {
  let postgres, node, broker, alice, forged;
  before(async () => {
    postgres = await startPostgres();
    [node, broker] = await Promise.all([startNode({ postgres }),
      startBroker({ postgres })]);
    alice = await newUser(node.url, 'alice');
    const { keys } = await (await fetch(
      `${node.url}/.well-known/jwks.json`)).json();
    forged = Object.entries({ ...await forgedTokens(alice, keys[0]),
      'a public key that was written into the database': await inserted() });
  });
  // By the role that inserts keys, but without the key-encryption key.
  const inserted = async () => {
    const { jwk, pem, token } = await foreignToken(alice, 'inserted');
    const voucher = await new SignJWT({ kid: jwk.kid, pem })
      .setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32));
    await postgres.psql(`SET search_path = hermetic;
      INSERT INTO signing_key (kid, ordinal, public_jwk, wrapped_key, kek_id, signs_at)
        SELECT '${jwk.kid}', 2, '${JSON.stringify(jwk)}', wrapped_key || 'x', kek_id,
          now() FROM signing_key;
      INSERT INTO signing_key_voucher VALUES ('${jwk.kid}', '${voucher}')`,
    { url: postgres.apiUrl });
    await node.logged(/a signing key cannot be unwrapped/);
    await until(() => /without a voucher/.test(broker.log()),
      { name: 'a look at the key by the plugin' });
    const { keys } = await (await fetch(
      `${node.url}/.well-known/jwks.json`)).json();
    assert.deepEqual(keys.filter(k => k.kid === jwk.kid), []);
    return token;
  };
  after(async () => {
    await broker?.stop();
    await node?.stop();
    await postgres?.stop();
  });

  test('by REST', async () => {
    for (const [what, token] of forged) {
      const answer = await call(node.url, 'GET', '/sessions', { token });
      assert.equal(answer.status, 401, what);
      refused(answer, 401, 'unauthorized');
    }
    ok(await alice.get('/sessions'));
  });

  const open = options => Socket.open(node.url, options)
    .then(async socket => { await socket.close(); return 101; },
      e => e.status ?? e.message);

  test('by WebSocket, in the header', async () => {
    for (const [what, token] of forged)
      assert.equal(await open({ token }), 401, what);
    assert.equal(await open({ token: alice.access }), 101);
  });

  test('by WebSocket, as a subprotocol', async () => {
    // what is no word of a list is refused by the list
    for (const [what, token] of forged.filter(([, t]) => t !== '' && !t.includes('=')))
      assert.equal(await open({
        protocols: ['hermetic.v1', `bearer.${token}`] }), 401, what);
    assert.equal(await open({
      protocols: ['hermetic.v1', `bearer.${alice.access}`] }), 101);
  });

  test('by MQTT', async () => {
    await (await MqttClient.of(alice, broker)).close();
    for (const [what, password] of forged)
      await assert.rejects(MqttClient.of(alice, broker,
        { tries: false, password }), what);
    await (await MqttClient.of(alice, broker)).close();
  });
});
