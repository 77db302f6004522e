// A real group as somebody without its keys reads it out of a GroupInfo, as the
// Group of mls.mjs: so a member can be played who commits what it likes.
import { Group, suites } from './mls.mjs';

class Reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }

  get done() { return this.at === this.bytes.length; }

  take(n) {
    if (this.at + n > this.bytes.length) throw new Error('too short');
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }

  number(n) { return Number(BigInt(`0x${this.take(n).toString('hex')}`)); }

  vec() {
    const first = this.number(1);
    const more = 2 ** (first >> 6) - 1;
    let n = first & 0x3f;
    for (let i = 0; i < more; i++) n = n * 256 + this.number(1);
    return this.take(n);
  }

  list(read) {
    const inner = new Reader(this.vec());
    const items = [];
    while (!inner.done) items.push(read(inner));
    return items;
  }
}

/** A LeafNode; its bytes, with the identity beside them. */
function readLeaf(r) {
  const begin = r.at;
  r.vec(); // encryption_key
  r.vec(); // signature_key
  r.number(2);
  const identity = r.vec().toString();
  for (let i = 0; i < 5; i++) r.vec(); // capabilities
  const source = r.number(1);
  if (source === 1) r.take(16);
  else if (source === 3) r.vec();
  r.vec();
  r.vec();
  return Object.assign(Buffer.from(r.bytes.subarray(begin, r.at)),
    { identity });
}

const readParent = r => ({ key: r.vec(), hash: r.vec(),
  unmerged: r.list(of => of.number(4)) });

/** MLSMessage with a GroupInfo; `beside`: the ratchet_tree that it does not have. */
export function readGroup(bytes, beside) {
  const r = new Reader(bytes);
  const group = Object.create(Group.prototype);
  r.take(4); // version, format
  r.number(2);
  const suite = r.number(2);
  Object.assign(group, { leaves: [], parents: new Map(),
    suite: Object.values(suites).find(s => s.id === suite),
    id: r.vec(), epoch: r.number(8) });
  r.vec(); // tree_hash
  group.confirmed = r.vec();
  group.extensions = r.vec();
  const extensions = r.list(of => [of.number(2), of.vec()]);
  group.tag = r.vec();
  group.signer = r.number(4);
  const tree = beside ?? extensions.find(([type]) => type === 2)[1];
  const nodes = new Reader(tree).list(of => of.number(1) === 0 ? undefined
    : of.number(1) === 1 ? readLeaf(of) : readParent(of));
  for (const [i, node] of nodes.entries())
    if (i % 2 === 0) group.leaves[i / 2] = node;
    else if (node) group.parents.set(i, node);
  return group;
}

/** The leaf index of an identity; -1: it is not in. */
export const leafOf = (group, identity) =>
  group.leaves.findIndex(leaf => leaf?.identity === identity);
