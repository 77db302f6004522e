#include "tests/testlib/stored_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/typing_seal.h"
#include "tests/testlib/town.h"

_Static_assert((int)STORED_HOUSES == (int)HOUSES, "those of the town");

void stored_session_make(struct stored_session *stored)
{
	assert_int_equal(town_setup((void **)&stored->town), 0);
	town_add(stored->town, ALICE, BOB);
	stored->session = stored->town->r[BOB].d.session;
	stored->id = world_id;
	stored->houses = stored->town->houses;
	stored->private_key = stored->town->r[BOB].d.me.signature_private;
	stored->public_key = stored->town->r[BOB].d.me.signature_public;
}

void stored_session_raise(struct stored_session *stored)
{
	town_second_device(stored->town);
	town_tell(stored->town, BOB, stored->houses[ALICE]);
	town_rotate(stored->town, BOB);
}

void stored_session_type(struct stored_session *stored, uint64_t sent_ms,
			 bool types, struct buf *notice)
{
	struct device *alice = &stored->town->r[ALICE].d;

	assert_int_equal(
	    typing_seal_put(alice->session, &alice->me, sent_ms, types, notice),
	    ERR_OK);
}

void stored_session_free(struct stored_session *stored)
{
	assert_int_equal(town_teardown((void **)&stored->town), 0);
}
