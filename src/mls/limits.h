/*
 * How large things may be: what is larger is refused with ERR_PEER_TOO_LARGE,
 * whether another client sends it or a call of ours would make it, and nothing
 * has changed then. The limits bound what a peer can make a member hold; a group
 * whose members have other limits may part there. Sizes are bytes.
 */
#ifndef HERMETIC_MLS_LIMITS_H
#define HERMETIC_MLS_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* An encoded MLSMessage of any kind, and a ratchet tree beside a Welcome. */
#define MLS_MESSAGE_MAX ((size_t)64 << 20)

/* Proposals in one commit, by value and by reference. */
#define MLS_PROPOSALS_MAX 16384

/* Proposals by reference that are kept until the next commit, and those of them by one
 * member or one external sender, or by all together who are neither. So one sender leaves
 * room for the others; four who send so many fill it, also where the four are devices of
 * one account, and the next commit empties it. */
#define MLS_PENDING_MAX 4096
#define MLS_PENDING_SENDER_MAX 1024

/* Leaves of a ratchet tree, blank ones included. */
#define MLS_LEAVES_MAX ((uint32_t)1 << 20)

/* One list of extensions: of a GroupContext, a KeyPackage or a LeafNode. That
 * of a GroupInfo, which may hold the tree, is bounded by its message. */
#define MLS_EXTENSIONS_MAX ((size_t)1 << 20)

/* An encoded LeafNode with its credential and extensions. */
#define MLS_LEAF_NODE_MAX ((size_t)64 << 10)

/* Parts of one call's work, for threads of the application (mls/identity.h). */
#define MLS_PARTS_MAX 64

#endif
