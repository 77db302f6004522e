// Members of ts-mls, with the same words as those of ours.mjs.
import { EXTENSION, ownNames, suiteName } from './names.mjs';
import { mls } from './peer.mjs';
import { suiteOf } from './suites.mjs';

const {
  createApplicationMessage, createCommit, createGroup,
  createGroupInfoWithExternalPubAndRatchetTree, createProposal,
  decodeExtension, decodeKeyPackage, decodeMlsMessage, decodeRatchetTree,
  defaultCapabilities, defaultClientConfig, encodeKeyPackage,
  encodeMlsMessage, generateKeyPackageWithKey, joinGroup, joinGroupExternal,
  makePskIndex, makeResumptionPsk, mlsExporter, processPrivateMessage,
  processPublicMessage, proposeAddExternal,
} = mls;

const utf8 = new TextEncoder();
const decodeMessage = bytes => {
  const [message, n] = decodeMlsMessage(new Uint8Array(bytes), 0);
  if (n !== bytes.length) throw new Error('bytes after a message');
  return message;
};
const wrap = (wireformat, content) => Buffer.from(encodeMlsMessage({
  version: 'mls10', wireformat, ...content }));
const keyPackageOf = bytes => decodeKeyPackage(new Uint8Array(bytes), 0)[0];

function extensionsOf(bytes) {
  const list = [];
  for (let at = 0; at < bytes.length;) {
    const [extension, n] = decodeExtension(new Uint8Array(bytes), at);
    list.push(extension);
    at += n;
  }
  return list;
}

// As many past epochs as we keep (5), and as many skipped messages.
const config = { ...defaultClientConfig, keyRetentionConfig: {
  retainKeysForGenerations: 50, retainKeysForEpochs: 6,
  maximumForwardRatchetSteps: 1000 } };

export class Theirs {
  kind = 'ts-mls';
  psks = {};
  packages = [];

  constructor(name, suite, cs, keys) {
    Object.assign(this, { name, suite, cs, keys });
  }

  static async make(name, suite) {
    const cs = await suiteOf(suite);
    return new Theirs(name, suite, cs, await cs.signature.keygen());
  }

  capabilities() {
    const all = defaultCapabilities();
    return { ...all, ciphersuites: [...all.ciphersuites, ...ownNames(this.suite)],
      extensions: [...all.extensions, EXTENSION] };
  }

  async makePackage() {
    const now = BigInt(Math.floor(Date.now() / 1000));
    const made = await generateKeyPackageWithKey(
      { credentialType: 'basic', identity: utf8.encode(this.name) },
      this.capabilities(),
      { notBefore: now - 3600n, notAfter: now + 86400n }, [], this.keys,
      this.cs);
    this.packages.push(made);
    return made;
  }

  async keyPackage() {
    const { publicPackage } = await this.makePackage();
    return Buffer.from(encodeKeyPackage(publicPackage));
  }

  async create(groupId, extensions = Buffer.alloc(0)) {
    const { publicPackage, privatePackage } = await this.makePackage();
    this.group = await createGroup(new Uint8Array(groupId), publicPackage,
      privatePackage, extensionsOf(extensions), this.cs, config);
  }

  /** That of the packages which the Welcome is for. */
  async join(bytes, { tree, successor = false } = {}) {
    const { welcome } = decodeMessage(bytes);
    const from = successor ? this.group : undefined;
    const index = makePskIndex(from, this.psks);
    const ratchetTree = tree && decodeRatchetTree(new Uint8Array(tree), 0)[0];
    let last;
    for (const p of this.packages.toReversed()) {
      try {
        this.group = await joinGroup(welcome, p.publicPackage, p.privatePackage,
          index, this.cs, ratchetTree, from, config);
        return;
      } catch (e) {
        last = /No matching secret/.test(e.message) ? last ?? e : e;
      }
    }
    throw last;
  }

  async commit({ adds = [], removes = [], psk, resumption, extensions, reinit,
    suite, private: hidden = false }) {
    const proposals = [
      ...removes.map(removed => ({ proposalType: 'remove',
        remove: { removed } })),
      ...adds.map(bytes => ({ proposalType: 'add',
        add: { keyPackage: keyPackageOf(bytes) } })),
    ];
    if (psk) proposals.push(this.pskProposal({ psktype: 'external',
      pskId: new Uint8Array(psk) }));
    if (resumption !== undefined)
      proposals.push(this.pskProposal({ psktype: 'resumption',
        usage: 'application', pskGroupId: this.group.groupContext.groupId,
        pskEpoch: BigInt(resumption) }));
    if (extensions) proposals.push({ proposalType: 'group_context_extensions',
      groupContextExtensions: { extensions: extensionsOf(extensions) } });
    if (reinit) proposals.push({ proposalType: 'reinit', reinit: {
      groupId: new Uint8Array(reinit), version: 'mls10',
      cipherSuite: suiteName(suite),
      extensions: this.group.groupContext.extensions } });
    const made = await createCommit({ state: this.group, cipherSuite: this.cs,
      pskIndex: makePskIndex(this.group, this.psks) },
    { extraProposals: proposals, wireAsPublicMessage: !hidden,
      ratchetTreeExtension: true });
    return this.staged(made);
  }

  pskProposal(id) {
    return { proposalType: 'psk', psk: { preSharedKeyId: { ...id,
      pskNonce: this.cs.rng.randomBytes(this.cs.kdf.size) } } };
  }

  staged(made) {
    return {
      commit: Buffer.from(encodeMlsMessage(made.commit)),
      ...(made.welcome && {
        welcome: wrap('mls_welcome', { welcome: made.welcome }) }),
      merge: () => { this.group = made.newState; },
      discard: () => {},
    };
  }

  async joinExternal(bytes, { resync = false } = {}) {
    const { groupInfo } = decodeMessage(bytes);
    const { publicPackage, privatePackage } = await this.makePackage();
    const { publicMessage, newState } = await joinGroupExternal(groupInfo,
      publicPackage, privatePackage, resync, this.cs, undefined, config);
    return { commit: wrap('mls_public_message', { publicMessage }),
      merge: () => { this.group = newState; } };
  }

  /** What ts-mls's reinitCreateNewGroup and branchGroup do, for any suite. */
  async successor({ adds, branch, suite, groupId, extensions }) {
    const from = this.group;
    if (suite) {
      this.suite = suite;
      this.cs = await suiteOf(suite);
    }
    const psk = makeResumptionPsk(from, branch ? 'branch' : 'reinit', this.cs);
    const { publicPackage, privatePackage } = await this.makePackage();
    const state = await createGroup(new Uint8Array(branch ?? groupId),
      publicPackage, privatePackage,
      extensions ?? from.groupContext.extensions, this.cs, config);
    const made = await createCommit({ state, cipherSuite: this.cs,
      pskIndex: makePskIndex(from, {}) },
    { extraProposals: [...adds.map(bytes => ({ proposalType: 'add',
      add: { keyPackage: keyPackageOf(bytes) } })),
    { proposalType: 'psk', psk: { preSharedKeyId: psk.id } }],
    wireAsPublicMessage: true, ratchetTreeExtension: true });
    const staged = this.staged(made);
    staged.merge();
    return staged;
  }

  async propose(kind, { bytes, leaf, private: hidden = false } = {}) {
    const proposal = {
      add: () => ({ proposalType: 'add',
        add: { keyPackage: keyPackageOf(bytes) } }),
      remove: () => ({ proposalType: 'remove', remove: { removed: leaf } }),
      psk: () => this.pskProposal({ psktype: 'external',
        pskId: new Uint8Array(bytes) }),
      extensions: () => ({ proposalType: 'group_context_extensions',
        groupContextExtensions: { extensions: extensionsOf(bytes) } }),
    }[kind]();
    const { newState, message } = await createProposal(this.group, !hidden,
      proposal, this.cs);
    this.group = newState;
    return Buffer.from(encodeMlsMessage(message));
  }

  async proposeSelf({ groupInfo, keyPackage }) {
    const made = this.packages.at(-1);
    if (!Buffer.from(encodeKeyPackage(made.publicPackage)).equals(keyPackage))
      throw new Error('that is another package');
    return Buffer.from(encodeMlsMessage(await proposeAddExternal(
      decodeMessage(groupInfo).groupInfo, made.publicPackage,
      made.privatePackage, this.cs)));
  }

  async protect(data, aad = Buffer.alloc(0)) {
    const { newState, privateMessage } = await createApplicationMessage(
      this.group, new Uint8Array(data), this.cs, new Uint8Array(aad));
    this.group = newState;
    return wrap('mls_private_message', { privateMessage });
  }

  async process(bytes) {
    const message = decodeMessage(bytes);
    const index = makePskIndex(this.group, this.psks);
    const result = message.wireformat === 'mls_private_message'
      ? await processPrivateMessage(this.group, message.privateMessage, index,
        this.cs)
      : await processPublicMessage(this.group, message.publicMessage, index,
        this.cs);
    this.group = result.newState;
    if (result.kind === 'applicationMessage')
      return { kind: 'application', data: Buffer.from(result.message) };
    return { kind: 'handshake',
      removed: this.group.groupActiveState.kind === 'removedFromGroup' };
  }

  async state() {
    const { keySchedule, groupContext, privatePath } = this.group;
    return {
      epoch: Number(groupContext.epoch), leaf: privatePath.leafIndex,
      group_id: Buffer.from(groupContext.groupId),
      authenticator: Buffer.from(keySchedule.epochAuthenticator),
      exported: Buffer.from(await mlsExporter(keySchedule.exporterSecret,
        'interop', utf8.encode('context'), 32, this.cs)),
    };
  }

  async groupInfo() {
    const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(
      this.group, [], this.cs);
    return wrap('mls_group_info', { groupInfo });
  }

  addPsk(id, psk) {
    this.psks[Buffer.from(id).toString('base64')] = new Uint8Array(psk);
  }
  reload() {}
}
