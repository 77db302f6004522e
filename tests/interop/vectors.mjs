#!/usr/bin/env node
// Test vectors in the working group's format for the suite that has none, made
// by ts-mls with the other Twofish:
//
//   node tests/interop/vectors.mjs tests/vectors/frozen
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { TWOFISH } from './names.mjs';
import { mls } from './peer.mjs';
import { suiteOf } from './suites.mjs';
import { Theirs } from './theirs.mjs';

const { decryptWithLabel, deriveSecret, deriveTreeSecret, encodeMlsMessage,
  encryptWithLabel, expandWithLabel, refhash,
  signWithLabel } = {
  ...mls, ...await import('ts-mls/crypto/hash.js'),
  ...await import('ts-mls/crypto/hpke.js'),
  ...await import('ts-mls/crypto/kdf.js'),
  ...await import('ts-mls/crypto/signature.js') };

const hex = bytes => Buffer.from(bytes).toString('hex');
const random = n => new Uint8Array(randomBytes(n));
const seedOf = pkcs8 => pkcs8.slice(-32); // what follows is the key itself

async function cryptoBasics(cs) {
  const value = random(40);
  const secret = random(32);
  const context = random(32);
  const plaintext = random(32);
  const { signKey, publicKey } = await cs.signature.keygen();
  const pair = await cs.hpke.generateKeyPair();
  const { ct, enc } = await encryptWithLabel(pair.publicKey, 'EncryptWithLabel',
    context, plaintext, cs.hpke);
  await decryptWithLabel(pair.privateKey, 'EncryptWithLabel', context, enc, ct,
    cs.hpke);
  return {
    cipher_suite: TWOFISH,
    ref_hash: { label: 'RefHash', value: hex(value),
      out: hex(await refhash('RefHash', value, cs.hash)) },
    expand_with_label: { secret: hex(secret), label: 'ExpandWithLabel',
      context: hex(context), length: 48, out: hex(await expandWithLabel(secret,
        'ExpandWithLabel', context, 48, cs.kdf)) },
    derive_secret: { secret: hex(secret), label: 'DeriveSecret',
      out: hex(await deriveSecret(secret, 'DeriveSecret', cs.kdf)) },
    derive_tree_secret: { secret: hex(secret), label: 'DeriveTreeSecret',
      generation: 77, length: 32, out: hex(await deriveTreeSecret(secret,
        'DeriveTreeSecret', 77, 32, cs.kdf)) },
    sign_with_label: { priv: hex(seedOf(signKey)), pub: hex(publicKey),
      content: hex(plaintext), label: 'SignWithLabel',
      signature: hex(await signWithLabel(signKey, 'SignWithLabel', plaintext,
        cs.signature)) },
    encrypt_with_label: {
      priv: hex(await cs.hpke.exportPrivateKey(pair.privateKey)),
      pub: hex(await cs.hpke.exportPublicKey(pair.publicKey)),
      label: 'EncryptWithLabel', context: hex(context),
      plaintext: hex(plaintext), kem_output: hex(enc), ciphertext: hex(ct) },
  };
}

// A client that joins and is told of each epoch.
async function passiveCase(hidden) {
  const [alice, bob, passive] = await Promise.all(['alice', 'bob', 'passive']
    .map(name => Theirs.make(name, TWOFISH)));
  await alice.create(randomBytes(16));
  const added = await alice.commit({ adds: [await bob.keyPackage(),
    await passive.keyPackage()], private: hidden });
  await added.merge();
  await bob.join(added.welcome);
  const { publicPackage, privatePackage } = passive.packages.at(-1);
  const psk = { id: random(8), psk: random(32) };
  for (const m of [alice, bob]) m.addPsk(psk.id, psk.psk);
  const first = await alice.state();

  const epochs = [];
  const epoch = async (committer, change, proposals = []) => {
    const other = committer === alice ? bob : alice;
    const made = await committer.commit({ ...change, private: hidden });
    await other.process(made.commit);
    await made.merge();
    epochs.push({ proposals: proposals.map(hex), commit: hex(made.commit),
      epoch_authenticator: hex((await alice.state()).authenticator) });
  };
  const proposed = async (proposer, kind, how) => {
    const other = proposer === alice ? bob : alice;
    const message = await proposer.propose(kind, { ...how, private: hidden });
    await other.process(message);
    return message;
  };
  await epoch(bob, {});
  await epoch(alice, { psk: psk.id });
  const carol = await Theirs.make('carol', TWOFISH);
  await epoch(alice, {}, [await proposed(bob, 'add',
    { bytes: await carol.keyPackage() })]);
  await epoch(bob, { removes: [3] });
  await epoch(alice, { resumption: 4 });
  await epoch(alice, {}, [await proposed(bob, 'psk', { bytes: psk.id })]);
  return {
    cipher_suite: TWOFISH,
    external_psks: [{ psk_id: hex(psk.id), psk: hex(psk.psk) }],
    key_package: hex(encodeMlsMessage({ version: 'mls10',
      wireformat: 'mls_key_package', keyPackage: publicPackage })),
    signature_priv: hex(seedOf(privatePackage.signaturePrivateKey)),
    encryption_priv: hex(privatePackage.hpkePrivateKey),
    init_priv: hex(privatePackage.initPrivateKey),
    welcome: hex(added.welcome), ratchet_tree: null,
    initial_epoch_authenticator: hex(first.authenticator), epochs,
  };
}

const [directory] = process.argv.slice(2);
const write = (name, cases) => writeFileSync(join(directory, `${name}.json`),
  `${JSON.stringify(cases, null, 1)}\n`);
write('crypto-basics', [await cryptoBasics(await suiteOf(TWOFISH))]);
write('passive-client-handling-commit',
  [await passiveCase(false), await passiveCase(true)]);
