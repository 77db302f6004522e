// Where ts-mls 1.6.4 differs from RFC 9420, with what it should say
// (docs/interop.md). A hook of node's module loader: each text must be there as
// often as is said, so that a ts-mls that has changed is noticed.
const repairs = [
  { file: 'crypto/implementation/default/makeNobleSignatureImpl.js',
    // 5.1.2: a key of ECDSA is an uncompressed point
    texts: ['p256', 'p384', 'p521'].map(curve => [1,
      `publicKey: ${curve}.getPublicKey(signKey) }`,
      `publicKey: ${curve}.getPublicKey(signKey, false) }`]) },
  { file: 'clientState.js', texts: [
    // 12.4.3.3: only what is between the leaf and the node must list the leaf,
    // and it may list others
    [1, 'for (const parentIdx of dp) {',
      'for (const parentIdx of dp) { if (parentIdx === i) break;'],
    [1, '!arraysEqual(dpNode.parent.unmergedLeaves, n.parent.unmergedLeaves)',
      '!dpNode.parent.unmergedLeaves.includes(unmergedLeaf)'],
    // 12.4, 17.4: GroupContextExtensions wants a path
    [1, 'allProposals.length === 0 ||', 'allProposals.length === 0 || ' +
      'grouped.group_context_extensions.length > 0 ||'],
  ] },
  { file: 'createCommit.js', texts: [
    // 12.4.1: the provisional GroupContext has the new extensions
    [1, 'state.groupContext, state.signaturePrivateKey, cipherSuite, excludeNodes',
      '(res.additionalResult.extensions?.length > 0 ? { ...state.groupContext,' +
      ' extensions: res.additionalResult.extensions } : state.groupContext),' +
      ' state.signaturePrivateKey, cipherSuite, excludeNodes'],
    // 12.4.3.2: ExternalPub is an HPKEPublicKey, which is a vector
    [2, 'extensionData: externalPub }',
      'extensionData: encode(varLenDataEncoder)(externalPub) }'],
    [1, 'exportSecret(externalPub.extensionData, cs)',
      'exportSecret(decodeVarLenData(externalPub.extensionData, 0)[0], cs)'],
    [1, 'import { encode } from "./codec/tlsEncoder.js";',
      'import { encode } from "./codec/tlsEncoder.js"; import ' +
      '{ decodeVarLenData, varLenDataEncoder } from "./codec/variableLength.js";'],
  ] },
];

export async function load(url, context, next) {
  const loaded = await next(url, context);
  const repair = repairs.find(r => url.endsWith(`/ts-mls/dist/src/${r.file}`));
  if (!repair) return loaded;
  let source = Buffer.from(loaded.source).toString();
  for (const [times, text, instead] of repair.texts) {
    if (source.split(text).length !== times + 1)
      throw new Error(`ts-mls's ${repair.file} has changed: ${text}`);
    source = source.replaceAll(text, instead);
  }
  return { ...loaded, source };
}
