// What both kinds of members call things.
import { mls } from './peer.mjs';

export const EXTENSION = 0xf0a1; // of a group's context; ours alone
export const TWOFISH_NAME = String(0xf7f1);

export const suiteName = number =>
  Object.entries(mls.ciphersuites).find(([, n]) => n === number)?.[0] ??
  String(number);

/** GroupContext.extensions with one of type EXTENSION. */
export function extensionsWith(data) {
  const type = Buffer.alloc(2);
  type.writeUInt16BE(EXTENSION);
  return Buffer.concat([type, Buffer.from([data.length]), data]);
}
