#include "tests/testlib/stored_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/town.h"

_Static_assert((int)STORED_HOUSES == (int)HOUSES, "those of the town");

void stored_session_make(struct stored_session *stored)
{
	assert_int_equal(town_setup((void **)&stored->town), 0);
	town_add(stored->town, ALICE, BOB);
	stored->session = stored->town->r[BOB].d.session;
	stored->id = world_id;
	stored->houses = stored->town->houses;
}

void stored_session_free(struct stored_session *stored)
{
	assert_int_equal(town_teardown((void **)&stored->town), 0);
}
