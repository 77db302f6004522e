// Tokens that no door may take, each made of a good one. One table for REST,
// WebSocket and MQTT.
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT, decodeProtectedHeader } from 'jose';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of the device, signed by a key that nobody but the caller has: its `jwk`, as
 * `kid`. */
export async function foreignToken(device, kid) {
  const claims = JSON.parse(Buffer.from(device.access.split('.')[1],
    'base64url'));
  const { privateKey, publicKey } = generateKeyPairSync('ec',
    { namedCurve: 'P-256' });
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig',
      kid },
    pem: publicKey.export({ format: 'pem', type: 'spki' }),
    token: await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey),
  };
}

/** {what: token} of a device; jwk: a published key. */
export async function forgedTokens(device, jwk) {
  const [header, claims, signature] = device.access.split('.');
  const { kid } = decodeProtectedHeader(device.access);
  const decoded = JSON.parse(Buffer.from(claims, 'base64url'));
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signed = (by, more) => new SignJWT({ ...decoded, ...more })
    .setProtectedHeader({ alg: 'ES256', kid: by }).sign(foreign.privateKey);
  const hs = encode({ alg: 'HS256', kid, typ: 'JWT' });
  const mac = key => createHmac('sha256', key).update(`${hs}.${claims}`)
    .digest('base64url');
  const spoiled = change =>
    `${header}.${encode({ ...decoded, ...change })}.${signature}`;
  return {
    nothing: '',
    text: 'token',
    dots: '..',
    'alg none': `${encode({ alg: 'none', kid })}.${claims}.`,
    'alg none, signed': `${encode({ alg: 'none', kid })}.${claims}.` +
      signature,
    'no alg': `${encode({ kid })}.${claims}.${signature}`,
    'no kid': `${encode({ alg: 'ES256' })}.${claims}.${signature}`,
    'a kid that is no text': `${encode({ alg: 'ES256', kid: [kid] })}.` +
      `${claims}.${signature}`,
    'ES384 in the header': `${encode({ alg: 'ES384', kid })}.${claims}.` +
      signature,
    'HMAC with the public key': `${hs}.${claims}.${mac(JSON.stringify(jwk))}`,
    'HMAC with x': `${hs}.${claims}.${mac(Buffer.from(jwk.x, 'base64url'))}`,
    'another key': await signed(kid),
    'an unknown key': await signed('nobody'),
    'another user': spoiled({ sub: randomUUID() }),
    'another name': spoiled({ name: 'mallory' }),
    'another device': spoiled({ dev: randomUUID() }),
    'another audience': spoiled({ aud: 'hermetic-api/pending' }),
    'good for longer': spoiled({ exp: decoded.exp + 3600 }),
    'another signature': `${header}.${claims}.${'A'.repeat(86)}`,
    'no signature': `${header}.${claims}.`,
    'no claims': `${header}..${signature}`,
    'more after it': `${device.access}.x`,
    'padding after it': `${device.access}==`,
    'its last bits, which count for nothing': device.access.slice(0, -1) +
      LETTERS[LETTERS.indexOf(device.access.at(-1)) ^ 1],
    'very long': `${header}.${'A'.repeat(6000)}.${signature}`,
    'the refresh token': device.refreshToken,
  };
}
