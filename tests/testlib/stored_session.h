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
};

void stored_session_make(struct stored_session *stored);
void stored_session_free(struct stored_session *stored);

#endif
