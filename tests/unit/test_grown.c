/* What a session that is loaded hears of logs that have grown (device/accounts/grown.h): after a
 * restart, with the session loaded meanwhile or not, and after a rollback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/accounts/branches.h"
#include "device/accounts/met.h"
#include "device/core.h"
#include "device/record.h"
#include "reach/directory.h"
#include "reach/view.h"
#include "session/state.h"
#include "tests/testlib/records.h"
#include "tests/testlib/stored_session.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519

struct home {
	struct stored_session stored;
	struct records records;
	struct device_ports ports;
	struct device *device;
	char id[TEXT_UUID_SIZE];
};

static uint64_t now(void *clock)
{
	(void)clock;
	return UINT64_C(1700000000000);
}

/* As if the process began. */
static void restart(struct home *h)
{
	const struct device_config config = {
		.username = "bob",
		.device_id = "00000000-0000-4000-8000-000000000001",
		.offer = { { SUITE }, 1 },
	};

	device_close(h->device);
	MUST(device_open(&config, &h->ports, &h->device));
}

static void keep(struct home *h, const struct house *house)
{
	MUST(met_keep(h->device, SPAN_EMPTY, SPAN_EMPTY,
		      buf_span(&house->links)));
}

static void store_session(struct home *h)
{
	const struct suites offer = { { SUITE }, 1 };
	struct membership m;

	MUST(membership_new(&m, h->id, &offer));
	m.session = h->stored.session;
	MUST(membership_save(core_store(h->device), rng_system(), &m));
	m.session = NULL;
	membership_clear(&m);
}

/* Bob's session is stored, and he knows the logs of all. */
static int setup(void **state)
{
	struct home *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	stored_session_make(&h->stored);
	records_init(&h->records);
	h->ports = (struct device_ports){ .store = &h->records.store,
					  .rng = rng_system(),
					  .now_ms = now };
	restart(h);
	memcpy(h->id, uuid_text(uuid_of(h->stored.id)).text, sizeof(h->id));
	MUST(core_begin(h->device));
	for (int i = 0; i < STORED_HOUSES; i++)
		keep(h, h->stored.houses[i]);
	store_session(h);
	MUST(core_commit(h->device));
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct home *h = *state;

	device_close(h->device);
	records_free(&h->records);
	stored_session_free(&h->stored);
	free(h);
	return 0;
}

static const struct unsettled *load(struct home *h)
{
	MUST(core_begin(h->device));
	MUST(core_load(h->device, h->id));
	return &h->device->open.session->unsettled;
}

static void settle_and_store(struct home *h)
{
	const struct unsettled *set = load(h);

	MUST(session_settle(h->device->open.session));
	assert_true(set->known);
	assert_int_equal(set->count, 0);
	MUST(core_save(h->device));
	MUST(core_commit(h->device));
}

static void expect_one(struct home *h, const struct house *house)
{
	const struct unsettled *set = load(h);

	assert_true(set->known);
	assert_int_equal(set->count, 1);
	assert_true(span_equal(SPAN_ARRAY(set->list[0]),
			       account_log_fingerprint(house->log)));
	core_end_reading(h->device);
}

static void expect_settled(struct home *h)
{
	const struct unsettled *set = load(h);

	assert_true(set->known);
	assert_int_equal(set->count, 0);
	core_end_reading(h->device);
}

static void test_a_restart_keeps_what_is_settled(void **state)
{
	struct home *h = *state;

	/* of before: nobody has looked */
	assert_false(load(h)->known);
	core_end_reading(h->device);
	restart(h);
	settle_and_store(h);
	restart(h);
	expect_settled(h);
}

/* With the session loaded, and without it. */
static void test_a_log_that_grows_is_heard_of(void **state)
{
	struct home *h = *state;
	struct house *alice = h->stored.houses[0];

	settle_and_store(h);
	house_add(alice, 0, 2);
	MUST(core_begin(h->device));
	keep(h, alice);
	assert_int_equal(h->device->open.session->unsettled.count, 1);
	MUST(core_commit(h->device));
	restart(h); /* the session itself was not stored */
	expect_one(h, alice);
	restart(h);
	house_add(alice, 0, 3);
	MUST(core_begin(h->device));
	keep(h, alice);
	MUST(core_commit(h->device));
	restart(h);
	expect_one(h, alice);
}

/* What is given up with a transaction is given up here, too. */
static void test_a_rollback_forgets_it(void **state)
{
	struct home *h = *state;
	struct span alice = account_log_fingerprint(h->stored.houses[0]->log);

	settle_and_store(h);
	MUST(core_begin(h->device));
	MUST(grown_note(h->device, alice));
	assert_int_equal(h->device->open.session->unsettled.count, 1);
	core_rollback(h->device);
	expect_settled(h);
}

static void test_a_branch_is_heard_of(void **state)
{
	struct home *h = *state;
	struct house *carol = h->stored.houses[2], other;

	house_make(carol, 2);
	other = house_branch(carol);
	settle_and_store(h);
	house_add(&other, 0, 2);
	MUST(core_begin(h->device));
	MUST(branches_keep(h->device, account_log_fingerprint(other.log),
			   buf_span(&other.links)));
	MUST(core_commit(h->device));
	restart(h);
	expect_one(h, carol);
	house_end_branch(&other);
}

static bool has_branch(struct home *h, const struct house *house)
{
	bool has = false;

	MUST(branches_has(h->device, account_log_fingerprint(house->log),
			  buf_span(&house->links), &has));
	return has;
}

/* More branches of Alice's account than are kept, from before its second link. */
static void keep_branches(struct home *h, const struct house *before, int first,
			  int count)
{
	for (int i = 0; i < count; i++) {
		struct house one = house_branch(before);

		house_add(&one, 0, first + i);
		MUST(branches_keep(h->device, account_log_fingerprint(one.log),
				   buf_span(&one.links)));
		assert_true(has_branch(h, &one));
		house_end_branch(&one);
	}
}

/* The branch at which a session stands is not pushed out by newer ones, with that session
 * loaded or not. */
static void test_the_branch_of_a_session_stays(void **state)
{
	struct home *h = *state;
	struct house *alice = h->stored.houses[0], before, first;

	for (int i = 1; i < 60; i++) /* branches share them */
		house_make(alice, i);
	before = house_branch(alice);
	stored_session_raise(&h->stored);
	first = house_branch(&before);
	house_add(&first, 0, 2);
	MUST(core_begin(h->device));
	store_session(h);
	MUST(branches_keep(h->device, account_log_fingerprint(alice->log),
			   buf_span(&alice->links)));
	keep_branches(h, &before, 2, BRANCHES_KEPT - 1);
	assert_true(has_branch(h, &first));
	h->records.sessions = 0;
	keep_branches(h, &before, 20, 1);
	assert_false(has_branch(h, &first));
	/* the session was read for the first one that fell out, and no other */
	assert_int_equal(h->records.sessions, 1);
	keep_branches(h, &before, 21, 3);
	assert_int_equal(h->records.sessions, 1);
	assert_true(has_branch(h, alice));
	MUST(core_load(h->device, h->id));
	keep_branches(h, &before, 40, BRANCHES_KEPT);
	assert_true(has_branch(h, alice));
	MUST(core_commit(h->device));
	house_end_branch(&first);
	house_end_branch(&before);
}

/* Whoever looks at it is told, and the list of sessions has the others all the same. */
static void expect_newer(struct home *h)
{
	struct account a = { .device = h->device };
	json_t *session = NULL, *list = NULL;

	assert_int_equal(view_session(&a, h->id, &session),
			 ERR_PEER_UNSUPPORTED);
	assert_string_equal(a.why.slug, "state-version");
	why_clear(&a.why);
	MUST(directory_own(&a, true, &list));
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(record_string(json_array_get(list, 0), "state"),
			    "newer");
	assert_string_equal(a.why.text, "");
	json_decref(list);
}

/* A session of a version to come is not read, and the person is told why. */
static void test_a_newer_session_is_called_so(void **state)
{
	struct home *h = *state;
	const struct order order = { .kind = ORDER_REFRESH, .session = h->id };
	struct request request;
	struct buf newer = BUF_INIT;
	char name[64];
	uint32_t wait_ms;

	settle_and_store(h);
	(void)snprintf(name, sizeof(name), "session/%s", h->id);
	buf_put(&newer, records_find(&h->records, name));
	newer.p[0] = 200; /* the version */
	MUST(h->records.store.put(h->records.store.context, name,
				  buf_span(&newer)));
	buf_clear(&newer);
	restart(h);
	MUST(device_start(h->device, &order));
	assert_int_equal(device_turn(h->device, &request, &wait_ms),
			 DEVICE_DONE);
	assert_int_equal(device_outcome(h->device)->result,
			 ERR_PEER_UNSUPPORTED);
	assert_string_equal(device_outcome(h->device)->why->slug,
			    "state-version");
	expect_newer(h);
}

/* A session that is damaged here is told as such, and hides no other. */
static void test_a_damaged_session_is_called_so(void **state)
{
	struct home *h = *state;
	struct account a = { .device = h->device };
	json_t *session = NULL, *list = NULL;
	char name[64];

	settle_and_store(h);
	(void)snprintf(name, sizeof(name), "session/%s", h->id);
	restart(h);
	h->records.sealed = name;
	a.device = h->device;
	assert_int_equal(view_session(&a, h->id, &session), ERR_PEER_CRYPTO);
	assert_string_equal(a.why.slug, "session-damaged");
	why_clear(&a.why);
	MUST(directory_own(&a, true, &list));
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(record_string(json_array_get(list, 0), "state"),
			    "damaged");
	assert_string_equal(a.why.text, "");
	json_decref(list);
}

/* More than the record has: all are looked at. */
static void test_too_many_are_all(void **state)
{
	struct home *h = *state;
	struct span alice = account_log_fingerprint(h->stored.houses[0]->log);

	settle_and_store(h);
	for (int count = 0; count <= GROWN_KEPT; count++) {
		restart(h);
		MUST(core_begin(h->device));
		MUST(grown_note(h->device, alice));
		MUST(core_commit(h->device));
		restart(h);
		assert_true(load(h)->known == (count < GROWN_KEPT));
		core_end_reading(h->device);
	}
	MUST(core_begin(h->device));
	MUST(grown_note_all(h->device));
	MUST(core_commit(h->device));
	restart(h);
	assert_false(load(h)->known);
	core_end_reading(h->device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_a_restart_keeps_what_is_settled, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_log_that_grows_is_heard_of, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_rollback_forgets_it,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_the_branch_of_a_session_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_branch_is_heard_of,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_newer_session_is_called_so, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_damaged_session_is_called_so, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_are_all, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
