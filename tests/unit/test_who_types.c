/* Who types, as a device shows and tells it: what came before, what is not of now, for
 * how long it is shown, and when nothing is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "device/accounts/met.h"
#include "device/accounts/people.h"
#include "device/core.h"
#include "session/typing_seal.h"
#include "tests/testlib/records.h"
#include "tests/testlib/stored_session.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519
#define START UINT64_C(1700000000000)

struct home {
	struct stored_session stored;
	struct records records;
	struct device_ports ports;
	struct device *device;
	char id[TEXT_UUID_SIZE];
	uint64_t now_ms;
};

static uint64_t now(void *clock)
{
	const struct home *h = clock;

	return h->now_ms;
}

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

static void keep_key(struct home *h)
{
	struct buf record = BUF_INIT;

	buf_put_vec(&record, h->stored.private_key);
	buf_put_vec(&record, h->stored.public_key);
	MUST(h->records.store.put(h->records.store.context, "signature/Ed25519",
				  buf_span(&record)));
	buf_clear(&record);
}

/* Bob's session, whose members he was shown, and the logs of all. */
static int setup(void **state)
{
	struct home *h = calloc(1, sizeof(*h));
	const struct suites offer = { { SUITE }, 1 };
	struct membership m;

	assert_non_null(h);
	h->now_ms = START;
	stored_session_make(&h->stored);
	records_init(&h->records);
	h->ports = (struct device_ports){ .store = &h->records.store,
					  .rng = rng_system(),
					  .now_ms = now,
					  .clock = h };
	restart(h);
	memcpy(h->id, uuid_text(uuid_of(h->stored.id)).text, sizeof(h->id));
	MUST(core_begin(h->device));
	for (int i = 0; i < STORED_HOUSES; i++)
		MUST(met_keep(h->device, SPAN_EMPTY, SPAN_EMPTY,
			      buf_span(&h->stored.houses[i]->links)));
	MUST(membership_new(&m, h->id, &offer));
	m.session = h->stored.session;
	MUST(people_show_all(&m));
	MUST(membership_save(core_store(h->device), rng_system(), &m));
	m.session = NULL;
	membership_clear(&m);
	MUST(core_commit(h->device));
	keep_key(h);
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

/* ---- what others say ---- */

static enum err hear(struct home *h, uint64_t sent_ms, bool types)
{
	struct buf notice = BUF_INIT;
	enum err e;

	stored_session_type(&h->stored, sent_ms, types, &notice);
	e = device_hear_typing(h->device, h->id, buf_span(&notice));
	buf_clear(&notice);
	return e;
}

static size_t count_typing(struct home *h)
{
	struct buf json = BUF_INIT;
	json_t *names;
	size_t count;

	MUST(device_who_types(h->device, h->id, &json));
	names = json_loadb((const char *)json.p, json.n, 0, NULL);
	assert_non_null(names);
	count = json_array_size(names);
	json_decref(names);
	buf_clear(&json);
	return count;
}

static void test_it_ends_by_itself(void **state)
{
	struct home *h = *state;

	assert_int_equal(device_typing_ends_at(h->device), UINT64_MAX);
	MUST(hear(h, START, true));
	assert_int_equal(count_typing(h), 1);
	assert_int_equal(device_typing_ends_at(h->device),
			 START + DEVICE_TYPING_SHOWN_MS);
	h->now_ms += DEVICE_TYPING_EVERY_MS;
	MUST(hear(h, h->now_ms, true));
	h->now_ms += DEVICE_TYPING_SHOWN_MS - 1;
	assert_int_equal(count_typing(h), 1);
	h->now_ms++;
	assert_int_equal(count_typing(h), 0);
	assert_int_equal(device_typing_ends_at(h->device), UINT64_MAX);
}

static void test_it_ends_by_a_word(void **state)
{
	struct home *h = *state;

	MUST(hear(h, START, true));
	MUST(hear(h, START + 1, false));
	assert_int_equal(count_typing(h), 0);
	/* what was said before the end does not undo it */
	assert_int_equal(hear(h, START, true), ERR_STATE_CONFLICT);
	assert_int_equal(count_typing(h), 0);
	MUST(hear(h, START + 2, true));
	assert_int_equal(count_typing(h), 1);
}

/* A text of that leaf, as it is read in the log. */
static void say(struct home *h, uint32_t leaf_index, uint64_t sent_ms)
{
	struct session_event event = { .sender = leaf_index,
				       .sent_ms = sent_ms };

	MUST(core_begin(h->device));
	MUST(core_load(h->device, h->id));
	event.epoch = session_epoch(h->device->open.session);
	who_types_said(h->device, &event);
	core_end_reading(h->device);
}

static void test_a_text_ends_it(void **state)
{
	struct home *h = *state;

	MUST(hear(h, START, true));
	say(h, 1000, START + 5); /* somebody else */
	assert_int_equal(count_typing(h), 1);
	say(h, 0, START + 5);
	assert_int_equal(count_typing(h), 0);
	/* a notice of before that comes behind the text */
	assert_int_equal(hear(h, START + 4, true), ERR_STATE_CONFLICT);
	assert_int_equal(count_typing(h), 0);
	MUST(hear(h, START + 6, true));
	assert_int_equal(count_typing(h), 1);
}

/* The first thing that is known of the leaf. */
static void test_a_text_comes_before_its_notice(void **state)
{
	struct home *h = *state;

	say(h, 0, START);
	assert_int_equal(hear(h, START - 1, true), ERR_STATE_CONFLICT);
	assert_int_equal(count_typing(h), 0);
	/* what was said long ago says nothing of now */
	say(h, 0, START - DEVICE_TYPING_OFF_MS - 1);
	say(h, 0, UINT64_MAX);
	MUST(hear(h, START + 1, true));
}

static void test_a_replay_is_refused(void **state)
{
	struct home *h = *state;
	struct buf notice = BUF_INIT;

	stored_session_type(&h->stored, START, true, &notice);
	MUST(device_hear_typing(h->device, h->id, buf_span(&notice)));
	for (int i = 0; i < 3; i++) {
		h->now_ms += DEVICE_TYPING_OFF_MS / 3;
		assert_int_equal(
		    device_hear_typing(h->device, h->id, buf_span(&notice)),
		    ERR_STATE_CONFLICT);
	}
	/* its row is another's by now, and its time is over */
	h->now_ms = START + DEVICE_TYPING_OFF_MS + 1;
	assert_int_equal(
	    device_hear_typing(h->device, h->id, buf_span(&notice)),
	    ERR_STATE_CONFLICT);
	assert_int_equal(count_typing(h), 0);
	/* a device that has forgotten it goes by its time */
	restart(h);
	assert_int_equal(
	    device_hear_typing(h->device, h->id, buf_span(&notice)),
	    ERR_STATE_CONFLICT);
	buf_clear(&notice);
}

static void test_what_is_not_of_now_is_refused(void **state)
{
	struct home *h = *state;
	const uint64_t off = DEVICE_TYPING_OFF_MS;

	assert_int_equal(hear(h, START - off - 1, true), ERR_STATE_CONFLICT);
	assert_int_equal(hear(h, START + off + 1, true), ERR_STATE_CONFLICT);
	assert_int_equal(hear(h, UINT64_MAX, true), ERR_STATE_CONFLICT);
	assert_int_equal(hear(h, 0, true), ERR_STATE_CONFLICT);
	assert_int_equal(count_typing(h), 0);
	MUST(hear(h, START - off, true));
	MUST(hear(h, START + off, true));
}

/* All rows are of notices of now: nothing is forgotten that could come again. */
static void test_rows_are_not_taken_away(void **state)
{
	struct home *h = *state;
	struct who_types_row *rows = h->device->types.rows;

	for (size_t i = 0; i < WHO_TYPES_ROWS; i++) {
		rows[i] = (struct who_types_row){ .epoch = 1000 + i,
						  .sent_ms = START };
		memcpy(rows[i].session, h->id, sizeof(h->id));
	}
	assert_int_equal(hear(h, START, true), ERR_LOCAL_BUSY);
	rows[3].sent_ms = START - DEVICE_TYPING_OFF_MS - 1;
	MUST(hear(h, START, true));
	assert_int_equal(count_typing(h), 1);
}

static void test_other_sessions_are_not_known(void **state)
{
	struct home *h = *state;
	struct buf notice = BUF_INIT;

	stored_session_type(&h->stored, START, true, &notice);
	assert_int_equal(device_hear_typing(
			     h->device, "00000000-0000-4000-8000-00000000ffff",
			     buf_span(&notice)),
			 ERR_STATE_GONE);
	buf_clear(&notice);
}

/* ---- what is told ---- */

static bool tells(struct home *h, bool types)
{
	struct buf notice = BUF_INIT;
	bool told;

	MUST(device_tell_typing(h->device, h->id, types, &notice));
	told = notice.n > 0;
	buf_clear(&notice);
	return told;
}

static void test_it_is_told_now_and_then(void **state)
{
	struct home *h = *state;

	assert_false(tells(h, false)); /* nobody thinks otherwise */
	assert_true(tells(h, true));
	assert_false(tells(h, true));
	h->now_ms += DEVICE_TYPING_EVERY_MS - 1;
	assert_false(tells(h, true));
	h->now_ms++;
	assert_true(tells(h, true));
	assert_true(tells(h, false));
	assert_false(tells(h, false));
	assert_true(tells(h, true));
	h->now_ms += DEVICE_TYPING_SHOWN_MS;
	assert_false(tells(h, false)); /* they see it by themselves */
}

static void test_a_text_is_told_without(void **state)
{
	struct home *h = *state;

	assert_true(tells(h, true));
	who_types_says(h->device, h->id);
	assert_false(tells(h, false));
	assert_true(tells(h, true));
}

static void test_who_does_not_want_to_tell_does_not(void **state)
{
	struct home *h = *state;
	bool on = false;

	MUST(device_typing(h->device, &on));
	assert_true(on);
	MUST(device_set_typing(h->device, false));
	assert_false(tells(h, true));
	restart(h);
	assert_false(tells(h, true));
	MUST(hear(h, START, true)); /* others are shown all the same */
	assert_int_equal(count_typing(h), 1);
	MUST(device_set_typing(h->device, true));
	restart(h);
	assert_true(tells(h, true));
}

/* The person was shown the members, or was not. */
static void set_shown(struct home *h, bool shown)
{
	MUST(core_begin(h->device));
	MUST(core_load(h->device, h->id));
	(void)json_object_set_new(h->device->open.notes, "shown",
				  json_object());
	if (shown)
		MUST(people_show_all(&h->device->open));
	MUST(core_save(h->device));
	MUST(core_commit(h->device));
}

static void test_nothing_is_told_to_the_unseen(void **state)
{
	struct home *h = *state;

	set_shown(h, false);
	assert_false(tells(h, true));
}

/* What was not told is told with the next key, and an end with the end. */
static void test_what_was_not_told_is_told_at_once(void **state)
{
	struct home *h = *state;

	set_shown(h, false);
	assert_false(tells(h, true));
	set_shown(h, true);
	assert_true(tells(h, true));
	set_shown(h, false);
	assert_false(tells(h, false));
	set_shown(h, true);
	assert_true(tells(h, false));
	assert_false(tells(h, false));
}

/* A clock that goes back makes no notice that the others refuse. */
static void test_its_time_rises(void **state)
{
	struct home *h = *state;
	uint64_t last;

	assert_true(tells(h, true));
	last = h->device->types.sent_ms;
	assert_int_equal(last, START);
	h->now_ms -= 1000;
	assert_true(tells(h, true));
	assert_int_equal(h->device->types.sent_ms, last + 1);
}

#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(test_it_ends_by_itself),
		HOME_TEST(test_it_ends_by_a_word),
		HOME_TEST(test_a_text_ends_it),
		HOME_TEST(test_a_text_comes_before_its_notice),
		HOME_TEST(test_a_replay_is_refused),
		HOME_TEST(test_what_is_not_of_now_is_refused),
		HOME_TEST(test_rows_are_not_taken_away),
		HOME_TEST(test_other_sessions_are_not_known),
		HOME_TEST(test_it_is_told_now_and_then),
		HOME_TEST(test_a_text_is_told_without),
		HOME_TEST(test_who_does_not_want_to_tell_does_not),
		HOME_TEST(test_nothing_is_told_to_the_unseen),
		HOME_TEST(test_what_was_not_told_is_told_at_once),
		HOME_TEST(test_its_time_rises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
