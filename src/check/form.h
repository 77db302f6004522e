/*
 * What a commit must look like by its suite alone: lengths and keys that anybody
 * can see to be wrong. Without that a member could post a commit that no other
 * one can open. The server, the members and whoever follows a group without its
 * keys judge by this one function.
 *
 * Whether a ciphertext opens to the right path secret, and whether a tag is right,
 * is seen with the group's keys only.
 */
#ifndef HERMETIC_CHECK_FORM_H
#define HERMETIC_CHECK_FORM_H

#include "check/view.h"
#include "wire/framing.h"

/* `message` has a Commit. A confirmation tag, and a member's membership tag, have
 * the length of the hash (6.1, 6.2); a path's ciphertexts are each of one path
 * secret, with an encapsulated key that the KEM takes (7.6); so is that of an
 * ExternalInit (8.3). */
struct check_verdict check_form(const struct suite *suite,
				const struct wire_public_message *message);

/* Bytes of the longest commit that somebody may have to make to leave, or to remove
 * one member, in a group of that size: a path of which each ciphertext is for one
 * member, since no parent is there, and all extensions of the GroupContext, once. */
size_t check_form_longest(const struct suite *suite, size_t members,
			  size_t extensions);

/* The external_pub (12.4.3.2) of a GroupInfo's extensions is there, and a key of
 * the suite: otherwise nobody could join by it. NULL, or what is wrong. */
const char *check_form_external_pub(const struct suite *suite,
				    struct span extensions);

#endif
