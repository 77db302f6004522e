/* A session with the root of its places as a device of Bob's stores it, for tests of
 * src/device: Alice and Bob are in it. Everything here asserts. */
#ifndef HERMETIC_TESTS_STORED_SESSION_H
#define HERMETIC_TESTS_STORED_SESSION_H

#include "session/session.h"
#include "tests/testlib/accounts.h"

enum { STORED_HOUSES = 3 };

struct town;

struct stored_session {
	struct town *town;	 /* owned */
	struct session *session; /* borrowed from it */
	const uint8_t *id;	 /* SESSION_ID bytes */
	struct house **houses;	 /* of Alice, Bob and Carol, who is not in */
	struct span private_key, public_key; /* of Bob's leaf; borrowed */
};

void stored_session_make(struct stored_session *stored);

/* Another device stands in Alice's log, and the group's place says so. */
void stored_session_raise(struct stored_session *stored);

/* Alice's notice that she types, or does not (session/typing_seal.h). */
void stored_session_type(struct stored_session *stored, uint64_t sent_ms,
			 bool types, struct buf *notice);
void stored_session_free(struct stored_session *stored);

#endif
