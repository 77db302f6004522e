// ts-mls, repaired where it differs from the RFC (repair.mjs).
import { webcrypto } from 'node:crypto';
import { register } from 'node:module';

globalThis.crypto ??= webcrypto;
register('./repair.mjs', import.meta.url);

export const mls = {
  ...await import('ts-mls'),
  ...await import('ts-mls/clientConfig.js'),
  ...await import('ts-mls/crypto/implementation/hpke.js'),
  ...await import('ts-mls/extension.js'),
  ...await import('ts-mls/keyPackage.js'),
  ...await import('ts-mls/ratchetTree.js'),
  ...await import('ts-mls/resumption.js'),
};
