// The ciphersuites of ts-mls by their number, and those that it does not have: ours with
// Twofish, whose cipher comes from two other libraries, and ours with X-Wing.
import { createHash } from 'node:crypto';

import { ghash } from '@noble/ciphers/_polyval.js';
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import {
  Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, HkdfSha512,
} from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import twofish from 'twofish-ts';

import { TWOFISH, XWING_SUITES } from './names.mjs';
import { mls } from './peer.mjs';

const { ciphersuites, getCiphersuiteFromName, getCiphersuiteImpl,
  makeGenericHpke } = mls;

export const suiteNumbers = [1, 2, 3, 4, 5, 6, 7, TWOFISH, ...XWING_SUITES];

// --- Twofish-256-GCM (NIST SP 800-38D over another block cipher) ------------

function gcm(key) {
  const session = twofish.makeSession(key);
  const block = input => {
    const out = new Uint8Array(16);
    twofish.encrypt(input, 0, out, 0, session);
    return out;
  };
  const h = block(new Uint8Array(16));

  function counter(nonce, n) {
    const input = new Uint8Array(16);
    input.set(nonce);
    new DataView(input.buffer).setUint32(12, n);
    return block(input);
  }
  function crypt(nonce, data) {
    const out = Uint8Array.from(data);
    for (let i = 0; i < data.length; i += 16) {
      const pad = counter(nonce, 2 + i / 16);
      for (let j = i; j < Math.min(i + 16, data.length); j++)
        out[j] ^= pad[j - i];
    }
    return out;
  }
  function tag(nonce, aad, ciphertext) {
    const padded = n => Math.ceil(n / 16) * 16;
    const input = new Uint8Array(padded(aad.length) +
      padded(ciphertext.length) + 16);
    input.set(aad);
    input.set(ciphertext, padded(aad.length));
    const lengths = new DataView(input.buffer, input.length - 16);
    lengths.setUint32(4, aad.length * 8);
    lengths.setUint32(12, ciphertext.length * 8);
    const out = ghash(input, h);
    counter(nonce, 1).forEach((b, i) => { out[i] ^= b; });
    return out;
  }
  return {
    seal(nonce, aad, plaintext) {
      const ciphertext = crypt(nonce, plaintext);
      return Buffer.concat([ciphertext, tag(nonce, aad, ciphertext)]);
    },
    open(nonce, aad, sealed) {
      const ciphertext = sealed.subarray(0, -16);
      const expected = tag(nonce, aad, ciphertext);
      if (!expected.every((b, i) => b === sealed.at(i - 16)))
        throw new Error('the tag is wrong');
      return crypt(nonce, ciphertext);
    },
  };
}

const aead = {
  encrypt: async (key, nonce, aad, plaintext) =>
    new Uint8Array(gcm(key).seal(nonce, aad, plaintext)),
  decrypt: async (key, nonce, aad, sealed) =>
    new Uint8Array(gcm(key).open(nonce, aad, sealed)),
};

const bytes = data => new Uint8Array(data);
const buffer = data => Uint8Array.from(data).buffer;

class TwofishForHpke {
  id = TWOFISH;
  keySize = 32;
  nonceSize = 12;
  tagSize = 16;
  createEncryptionContext(key) {
    const cipher = gcm(bytes(key));
    return {
      seal: async (iv, data, aad) =>
        buffer(cipher.seal(bytes(iv), bytes(aad), bytes(data))),
      open: async (iv, data, aad) =>
        buffer(cipher.open(bytes(iv), bytes(aad), bytes(data))),
    };
  }
}

/** Exported for the check against known answers. */
export const twofishBlock = (key, input) => {
  const out = new Uint8Array(16);
  twofish.encrypt(input, 0, out, 0, twofish.makeSession(key));
  return out;
};

// --- suites ------------------------------------------------------------------

/** X-Wing, with the key pairs that draft-ietf-hpke-pq-04 derives: SHAKE256.LabeledDerive(
 * ikm, "DeriveKeyPair", "", 32). The library has SHAKE256 of the ikm alone. */
export class XWingOfHpkePq extends XWing {
  async deriveKeyPair(ikm) {
    const sized = text => Buffer.concat([Buffer.from([0, text.length]),
      Buffer.from(text)]);
    const seed = createHash('shake256', { outputLength: 32 })
      .update(Buffer.concat([Buffer.from(ikm), Buffer.from('HPKE-v1'),
        Buffer.from('KEM'), Buffer.from([this.id >> 8, this.id & 255]),
        sized('DeriveKeyPair'), Buffer.from([0, 32])])).digest();
    return this.generateKeyPairDerand(Uint8Array.from(seed));
  }
}

/** The rest of a suite that we have is that of another, under its own HPKE. */
const like = number => getCiphersuiteImpl(getCiphersuiteFromName(
  Object.entries(ciphersuites).find(([, n]) => n === number)[0]));

async function makeOurs(number) {
  const kem = number === TWOFISH ? new DhkemX25519HkdfSha256()
    : new XWingOfHpkePq();
  const [base, kdf, cipher] = {
    [TWOFISH]: [1, new HkdfSha256(), new TwofishForHpke()],
    0xf7f2: [4, new HkdfSha512(), new Aes256Gcm()],
    0xf7f3: [3, new HkdfSha256(), new Chacha20Poly1305()],
    0xf7f4: [1, new HkdfSha256(), new TwofishForHpke()],
  }[number];
  const of = await like(base);
  const own = cipher instanceof TwofishForHpke ? aead
    : { encrypt: of.hpke.encryptAead, decrypt: of.hpke.decryptAead };
  const hpke = await makeGenericHpke({ kem: kem.name }, own,
    new CipherSuite({ kem, kdf, aead: cipher }));
  return { ...of, hpke, name: String(number) };
}

const made = new Map();

/** ts-mls's implementation of a suite. */
export async function suiteOf(number) {
  if (!made.has(number))
    made.set(number, await (number === TWOFISH || XWING_SUITES.includes(number)
      ? makeOurs(number) : like(number)));
  return made.get(number);
}
