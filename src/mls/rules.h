/*
 * The rules of RFC 9420 and of draft-ietf-mls-extensions-10 that an object of
 * another client may break: each with a name, the section that has it and a sentence
 * that says what must hold. After a call has failed with an error of ERR_CLASS_PEER,
 * mls_group_last_rule() says which one it was; calls that have no group yet say it by
 * mls_identity.broken. It is for logs and people: it tells a peer nothing that the
 * peer does not know, but need not be sent to it. What does not decode breaks no rule
 * of this list, nor does what does not decrypt.
 */
#ifndef HERMETIC_MLS_RULES_H
#define HERMETIC_MLS_RULES_H

/* After the number of a section of the draft. */
#define MLS_OF_THE_DRAFT " of draft-ietf-mls-extensions"

/* X(name, section, sentence) */
#define MLS_RULES(X)                                                           \
	X(WIRE_FORMAT, "6",                                                    \
	  "A member takes a PublicMessage or a PrivateMessage.")               \
	X(GROUP_ID, "6", "A message is of the group that gets it.")            \
	X(CONTENT_SIGNATURE, "6.1",                                            \
	  "The signature of the FramedContent verifies with the "              \
	  "sender's key.")                                                     \
	X(MEMBERSHIP_TAG, "6.2",                                               \
	  "The membership tag of a member's PublicMessage is "                 \
	  "right.")                                                            \
	X(APPLICATION_PUBLIC, "6.2",                                           \
	  "Application data never stands in a PublicMessage.")                 \
	X(SENDER_BLANK, "6.3.2", "The sender's leaf is not blank.")            \
	X(GENERATION, "15.3",                                                  \
	  "A message is not further ahead of its sender's "                    \
	  "ratchet than the limit.")                                           \
	X(LEAF_VERSION, "7.2",                                                 \
	  "A leaf's capabilities list the protocol's version.")                \
	X(LEAF_CIPHER_SUITE, "7.2",                                            \
	  "A leaf's capabilities list the group's cipher suite.")              \
	X(LEAF_CREDENTIAL_LISTED, "7.2",                                       \
	  "A leaf's capabilities list the type of its "                        \
	  "credential.")                                                       \
	X(LEAF_CERTIFICATES, "5.3", "An x509 credential has a certificate.")   \
	X(LEAF_ENCRYPTION_KEY, "10",                                           \
	  "A leaf's encryption key is a public key of the "                    \
	  "suite's KEM.")                                                      \
	X(LEAF_SIGNATURE, "7.3",                                               \
	  "The signature of a LeafNode verifies with its own "                 \
	  "key.")                                                              \
	X(LEAF_EXTENSIONS_LISTED, "7.3",                                       \
	  "A leaf's extensions are listed in its capabilities.")               \
	X(LEAF_REQUIRED_EXTENSIONS, "7.3",                                     \
	  "A leaf lists the extension types that the group "                   \
	  "requires.")                                                         \
	X(LEAF_REQUIRED_PROPOSALS, "7.3",                                      \
	  "A leaf lists the proposal types that the group "                    \
	  "requires.")                                                         \
	X(LEAF_REQUIRED_CREDENTIALS, "7.3",                                    \
	  "A leaf lists the credential types that the group "                  \
	  "requires.")                                                         \
	X(LEAF_GROUP_EXTENSIONS, "13.4",                                       \
	  "Each member lists every extension of the "                          \
	  "GroupContext.")                                                     \
	X(PROPOSAL_LISTED, "12.2",                                             \
	  "Every member that stays lists the types of the proposals.")         \
	X(CREDENTIAL_SUPPORTED, "7.3",                                         \
	  "Every member supports every credential type that is "               \
	  "in use.")                                                           \
	X(SIGNATURE_KEYS_UNIQUE, "7.3",                                        \
	  "No two members have one signature key.")                            \
	X(ENCRYPTION_KEYS_UNIQUE, "7.3",                                       \
	  "No two nodes of the tree have one encryption key.")                 \
	X(KEY_PACKAGE_VERSION, "10.1",                                         \
	  "A KeyPackage is of the group's protocol version.")                  \
	X(KEY_PACKAGE_CIPHER_SUITE, "10.1",                                    \
	  "A KeyPackage is of the group's cipher suite.")                      \
	X(KEY_PACKAGE_LEAF_SOURCE, "7.3",                                      \
	  "The leaf of a KeyPackage has the source key_package.")              \
	X(KEY_PACKAGE_SIGNATURE, "10.1",                                       \
	  "The signature of a KeyPackage verifies with its "                   \
	  "leaf's key.")                                                       \
	X(KEY_PACKAGE_INIT_KEY, "10",                                          \
	  "The init_key is a public key of the suite's KEM.")                  \
	X(KEY_PACKAGE_INIT_KEY_DIFFERS, "10.1",                                \
	  "The init_key is not the leaf's encryption key.")                    \
	X(KEY_PACKAGE_LIFETIME, "7.3",                                         \
	  "A KeyPackage is used within its lifetime.")                         \
	X(KEY_PACKAGE_LIFETIME_LENGTH, "7.2",                                  \
	  "The lifetime of a KeyPackage is not longer than "                   \
	  "allowed.")                                                          \
	X(KEY_PACKAGE_EXTENSIONS_LISTED, "10",                                 \
	  "A KeyPackage's extensions are listed in its leaf's "                \
	  "capabilities.")                                                     \
	X(PATH_LEAF_SOURCE, "7.3",                                             \
	  "The leaf of an UpdatePath has the source commit.")                  \
	X(PATH_LENGTH, "7.5",                                                  \
	  "An UpdatePath has a node for each node of the "                     \
	  "filtered direct path.")                                             \
	X(PATH_PARENT_HASH, "7.5",                                             \
	  "The leaf of an UpdatePath has the parent hash of its "              \
	  "path.")                                                             \
	X(PATH_PUBLIC_KEY, "12.4.2",                                           \
	  "The keys of an UpdatePath are public keys of the "                  \
	  "suite's KEM.")                                                      \
	X(PATH_KEYS_DIFFER, "12.4.2",                                          \
	  "The keys of an UpdatePath differ from each other.")                 \
	X(PATH_KEYS_NEW, "12.4.2",                                             \
	  "The keys of an UpdatePath are in no node of the tree.")             \
	X(PATH_SECRET_LENGTH, "7.4",                                           \
	  "A path secret has the length of the suite's hash.")                 \
	X(PATH_KEYS_DERIVED, "7.5",                                            \
	  "The keys of an UpdatePath are those that its secrets "              \
	  "give.")                                                             \
	X(PATH_SECRETS, "7.6",                                                 \
	  "A node of an UpdatePath has a ciphertext for each key "             \
	  "of the resolution.")                                                \
	X(PATH_MISSING, "12.4",                                                \
	  "A Commit has a path where its proposals want one.")                 \
	X(PARENT_HASH, "7.9.2",                                                \
	  "Each parent node is parent-hash valid by exactly one "              \
	  "child.")                                                            \
	X(UNMERGED_LEAVES, "12.4.3.1",                                         \
	  "Unmerged leaves are members below the node, listed "                \
	  "all the way down.")                                                 \
	X(EPOCH_LAST, "12.4", "There is an epoch after the last one.")         \
	X(REINIT_ASKED, "11.2",                                                \
	  "A successor by ReInit follows a group that a ReInit "               \
	  "ended.")                                                            \
	X(REINIT_DIFFERS, "11.2", "A successor is what the ReInit asks for.")  \
	X(SUCCESSOR_EPOCH, "11.2",                                             \
	  "The Welcome of a successor is for epoch 1.")                        \
	X(SUCCESSOR_MEMBERS, "12.4.3.1",                                       \
	  "A successor has the same members, a branch no other "               \
	  "ones.")                                                             \
	X(BRANCH_CIPHER_SUITE, "11.3",                                         \
	  "A branch has the version and cipher suite of its "                  \
	  "parent.")                                                           \
	X(UPDATE_BY_MEMBER, "12.1.2", "An Update is of a member.")             \
	X(UPDATE_BLANK, "12.1.2", "An Update replaces a leaf that is there.")  \
	X(UPDATE_LEAF_SOURCE, "7.3",                                           \
	  "The leaf of an Update has the source update.")                      \
	X(UPDATE_KEY_NEW, "7.3",                                               \
	  "An Update has another encryption key than the leaf "                \
	  "that it replaces.")                                                 \
	X(UPDATE_KEY_OURS, "12.1.2",                                           \
	  "An Update of ours is one whose private key we have.")               \
	X(REMOVE_BLANK, "12.1.3", "A Remove is of a member.")                  \
	X(PSK_NONCE, "12.1.4",                                                 \
	  "The nonce of a PSK has the length of the suite's "                  \
	  "hash.")                                                             \
	X(PSK_USAGE, "12.1.4",                                                 \
	  "A resumption PSK is used for what it is made for.")                 \
	X(REINIT_VERSION, "12.1.5",                                            \
	  "A ReInit does not go back to an older version.")                    \
	X(REINIT_UNKNOWN, "12.1.5",                                            \
	  "A ReInit is to a version and cipher suite that are "                \
	  "known.")                                                            \
	X(REINIT_NOT_ALL, "12.1.5",                                            \
	  "Who asks for a ReInit names a suite that every "                    \
	  "member lists.")                                                     \
	X(EXTERNAL_SENDERS, "12.1.8",                                          \
	  "An external sender stands in the group's "                          \
	  "external_senders.")                                                 \
	X(EXTERNAL_PROPOSAL_TYPE, "12.1.8",                                    \
	  "An external sender proposes what it may.")                          \
	X(NEW_MEMBER_PROPOSAL, "12.1.8",                                       \
	  "A client that is no member proposes to add itself, "                \
	  "and nothing else.")                                                 \
	X(PROPOSAL_UNKNOWN, "12.4",                                            \
	  "A Commit refers to proposals that were received in "                \
	  "its epoch.")                                                        \
	X(EXTERNAL_INIT_BY_MEMBER, "12.1.6",                                   \
	  "An ExternalInit stands in an external Commit.")                     \
	X(EXTENSIONS_TWICE, "12.2",                                            \
	  "A Commit has at most one GroupContextExtensions "                   \
	  "proposal.")                                                         \
	X(REINIT_ALONE, "12.2",                                                \
	  "A ReInit is the only proposal of its Commit.")                      \
	X(UPDATE_OF_COMMITTER, "12.2",                                         \
	  "A Commit has no Update of its committer.")                          \
	X(REMOVE_OF_COMMITTER, "12.2",                                         \
	  "A Commit does not remove its committer.")                           \
	X(SAME_LEAF_TWICE, "12.2",                                             \
	  "A Commit has at most one Update or Remove of a leaf.")              \
	X(SAME_PSK_TWICE, "12.2",                                              \
	  "A Commit has each PreSharedKeyID at most once.")                    \
	X(EXTERNAL_INIT_ONCE, "12.2",                                          \
	  "An external Commit has exactly one ExternalInit.")                  \
	X(EXTERNAL_REMOVES, "12.2",                                            \
	  "An external Commit has at most one Remove.")                        \
	X(EXTERNAL_PROPOSALS, "12.2",                                          \
	  "An external Commit has ExternalInit, Remove, PreSharedKey, "        \
	  "SelfRemove and AppDataUpdate proposals only.")                      \
	X(EXTERNAL_REFERENCES, "12.4.3.2",                                     \
	  "An external Commit has no proposal by reference but "               \
	  "SelfRemoves.")                                                      \
	X(SELF_REMOVE_PRIVATE, "6.3" MLS_OF_THE_DRAFT,                         \
	  "A SelfRemove comes in a PublicMessage.")                            \
	X(SELF_REMOVE_BY_VALUE, "6.3" MLS_OF_THE_DRAFT,                        \
	  "A SelfRemove stands in a Commit by reference.")                     \
	X(APP_DATA_DICTIONARY, "4.6" MLS_OF_THE_DRAFT,                         \
	  "A dictionary has each component once, in the order of "             \
	  "their ids.")                                                        \
	X(APP_DATA_LISTS, "5" MLS_OF_THE_DRAFT,                                \
	  "Each of app_components and safe_aad is a list of "                  \
	  "components.")                                                       \
	X(APP_DATA_REQUIRED, "5" MLS_OF_THE_DRAFT,                             \
	  "A leaf lists the components that the group requires.")              \
	X(APP_DATA_BY_EXTENSIONS, "4.7" MLS_OF_THE_DRAFT,                      \
	  "Where AppDataUpdate is required, a GroupContextExtensions "         \
	  "proposal leaves the dictionary as it is.")                          \
	X(APP_DATA_NOTHING, "4.7" MLS_OF_THE_DRAFT,                            \
	  "An AppDataUpdate removes data that is there.")                      \
	X(APP_DATA_MIXED, "4.7" MLS_OF_THE_DRAFT,                              \
	  "A Commit removes the data of a component once, or updates "         \
	  "it.")                                                               \
	X(APP_DATA_UNKNOWN, "4.7" MLS_OF_THE_DRAFT,                            \
	  "The application knows the component of an AppDataUpdate.")          \
	X(APP_DATA_SAFE_AAD, "4.9" MLS_OF_THE_DRAFT,                           \
	  "In a group with safe_aad, what stands beside a message is a "       \
	  "SafeAAD.")                                                          \
	X(FORMER_CREDENTIAL, "12.2",                                           \
	  "Who removes a leaf by an external Commit is who it "                \
	  "was of.")                                                           \
	X(FORMER_KEY, "12.2",                                                  \
	  "The new leaf has another encryption key than the one "              \
	  "that it follows.")                                                  \
	X(EXTERNAL_COMMIT_PATH, "12.4.3.2",                                    \
	  "An external Commit is a Commit with a path.")                       \
	X(EXTERNAL_PUB, "12.4.3.2",                                            \
	  "The GroupInfo for an external Commit has "                          \
	  "external_pub.")                                                     \
	X(OWN_COMMIT, "12.4.2", "Nobody else commits in our name.")            \
	X(CONFIRMATION_TAG, "12.4.2",                                          \
	  "The confirmation tag is that of the epoch that the "                \
	  "Commit gives.")                                                     \
	X(CONFIRMATION_TAG_LENGTH, "12.4.3",                                   \
	  "A confirmation tag has the length of the suite's "                  \
	  "hash.")                                                             \
	X(GROUP_INFO_SIGNATURE, "12.4.3.1",                                    \
	  "The signature of a GroupInfo verifies with the key of "             \
	  "a member.")                                                         \
	X(TREE_HASH, "12.4.3.1",                                               \
	  "The tree of a GroupInfo has the tree hash of its "                  \
	  "GroupContext.")                                                     \
	X(RATCHET_TREE_MISSING, "12.4.3.3",                                    \
	  "A GroupInfo comes with the ratchet tree.")                          \
	X(RATCHET_TREE_END, "12.4.3.3",                                        \
	  "The last node of a ratchet_tree is a leaf that is not "             \
	  "blank.")                                                            \
	X(WELCOME_CIPHER_SUITE, "12.4.3.1",                                    \
	  "Welcome, GroupInfo and KeyPackage are of one cipher "               \
	  "suite.")                                                            \
	X(WELCOME_NOT_FOR_US, "12.4.3.1",                                      \
	  "A Welcome has a secret for one of our KeyPackages.")                \
	X(WELCOME_OWN_LEAF, "12.4.3.1",                                        \
	  "The leaf of our KeyPackage is in the tree.")                        \
	X(WELCOME_PATH_SECRET, "12.4.3.1",                                     \
	  "The path secret of a Welcome is of a node above us "                \
	  "and the signer.")                                                   \
	X(WELCOME_ONE_PARENT, "12.4.3.1",                                      \
	  "A Welcome has at most one PSK of usage reinit or "                  \
	  "branch.")                                                           \
	X(WELCOME_PARENT, "12.4.3.1",                                          \
	  "A Welcome has a PSK of usage reinit or branch where "               \
	  "the caller joins a successor.")

#define MLS_RULE_NAME(name, section, sentence) MLS_RULE_##name,
enum mls_rule { MLS_RULE_NONE, MLS_RULES(MLS_RULE_NAME) MLS_RULE_COUNT };
#undef MLS_RULE_NAME

/* "KEY_PACKAGE_SIGNATURE", "10.1", and the sentence; of MLS_RULE_NONE, and of
 * what is no rule: "NONE", "" and "No rule was broken.". Never NULL. */
const char *mls_rule_name(enum mls_rule rule);
const char *mls_rule_section(enum mls_rule rule);
const char *mls_rule_sentence(enum mls_rule rule);

#endif
