// What both kinds of members call things.
import { mls } from './peer.mjs';

export const EXTENSION = 0xf0a1; // of a group's context; ours alone
export const TWOFISH = 0xf7f1;
export const XWING_SUITES = [0xf7f2, 0xf7f3, 0xf7f4];
/** ts-mls's names of suites that it does not know. */
export const ownNames = suite => (XWING_SUITES.includes(suite)
  ? [TWOFISH, ...XWING_SUITES] : [TWOFISH]).map(String);

export const suiteName = number =>
  Object.entries(mls.ciphersuites).find(([, n]) => n === number)?.[0] ??
  String(number);

/** GroupContext.extensions with one of type EXTENSION. */
export function extensionsWith(data) {
  const type = Buffer.alloc(2);
  type.writeUInt16BE(EXTENSION);
  return Buffer.concat([type, Buffer.from([data.length]), data]);
}
