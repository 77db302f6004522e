// The ciphersuites of ts-mls by their number, and one that it does not have:
// ours with Twofish, whose cipher comes from two other libraries.
import { ghash } from '@noble/ciphers/_polyval.js';
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import twofish from 'twofish-ts';

import { mls } from './peer.mjs';

const { ciphersuites, getCiphersuiteFromName, getCiphersuiteImpl,
  makeGenericHpke } = mls;

export const TWOFISH = 0xf7f1;
export const suiteNumbers = [1, 2, 3, 4, 5, 6, 7, TWOFISH];

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

async function makeTwofish() {
  const like = await getCiphersuiteImpl(getCiphersuiteFromName(
    'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'));
  const hpke = await makeGenericHpke({ kem: 'DHKEM-X25519-HKDF-SHA256' }, aead,
    new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(),
      aead: new TwofishForHpke() }));
  return { ...like, hpke, name: String(TWOFISH) };
}

const made = new Map();

/** ts-mls's implementation of a suite. */
export async function suiteOf(number) {
  if (!made.has(number)) {
    const name = Object.entries(ciphersuites).find(([, n]) => n === number)?.[0];
    made.set(number, number === TWOFISH ? await makeTwofish()
      : await getCiphersuiteImpl(getCiphersuiteFromName(name)));
  }
  return made.get(number);
}
