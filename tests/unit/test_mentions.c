/* Whom a text mentions (device/texts/mentions.h), in a session with places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "device/accounts/met.h"
#include "device/core.h"
#include "device/texts/mentions.h"
#include "tests/testlib/records.h"
#include "tests/testlib/stored_session.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519

enum { OTHERS = 200 }; /* signs that name nobody */

struct home {
	struct stored_session stored;
	struct records records;
	struct device_ports ports;
	struct device *device;
	struct buf alice; /* her fingerprint, in hexadecimal */
};

static uint64_t now(void *clock)
{
	(void)clock;
	return UINT64_C(1700000000000);
}

/* Bob's session with Alice is loaded. He has not heard her name. */
static int setup(void **state)
{
	const struct device_config config = {
		.username = "bob",
		.device_id = "00000000-0000-4000-8000-000000000001",
		.offer = { { SUITE }, 1 },
	};
	const struct suites offer = { { SUITE }, 1 };
	struct home *h = calloc(1, sizeof(*h));
	struct uuid_text id;
	struct membership m;

	assert_non_null(h);
	stored_session_make(&h->stored);
	records_init(&h->records);
	h->ports = (struct device_ports){ .store = &h->records.store,
					  .rng = rng_system(),
					  .now_ms = now };
	MUST(device_open(&config, &h->ports, &h->device));
	MUST(core_begin(h->device));
	for (int i = 0; i < STORED_HOUSES; i++)
		MUST(met_keep(h->device, SPAN_EMPTY, SPAN_EMPTY,
			      buf_span(&h->stored.houses[i]->links)));
	id = uuid_text(uuid_of(h->stored.id));
	MUST(membership_new(&m, id.text, &offer));
	m.session = h->stored.session;
	MUST(membership_save(core_store(h->device), rng_system(), &m));
	m.session = NULL;
	membership_clear(&m);
	MUST(core_load(h->device, id.text));
	text_put_hex(&h->alice,
		     account_log_fingerprint(h->stored.houses[0]->log));
	MUST(buf_end(&h->alice));
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct home *h = *state;

	core_end_reading(h->device);
	device_close(h->device);
	records_free(&h->records);
	stored_session_free(&h->stored);
	buf_clear(&h->alice);
	free(h);
	return 0;
}

/* "~" and the first 16 digits of the fingerprint. */
static void put_alice(const struct home *h, struct buf *text)
{
	buf_put_str(text, "@~");
	buf_put(text, span_of(h->alice.p, 16));
}

static void expect(struct home *h, const struct buf *text, bool mentioned)
{
	struct buf markdown = BUF_INIT, users = BUF_INIT;

	MUST(mentions_put(h->device, buf_span(text), &markdown));
	mentions_collect(buf_span(&markdown), &users);
	assert_true(span_equal(buf_span(&users),
			       mentioned ? buf_span(&h->alice) : SPAN_EMPTY));
	buf_clear(&markdown);
	buf_clear(&users);
}

static void names_are_found(void **state)
{
	struct home *h = *state;
	struct buf text = BUF_INIT;

	buf_put_str(&text, "and ");
	put_alice(h, &text);
	buf_put_str(&text, "."); /* which could be of the name */
	expect(h, &text, true);
	buf_reset(&text);
	buf_put_str(&text, "@carol, a@");
	buf_put(&text, span_of(h->alice.p, 16));
	expect(h, &text, false);
	buf_clear(&text);
}

static void many_signs_hide_nobody(void **state)
{
	struct home *h = *state;
	struct buf text = BUF_INIT;

	for (int i = 0; i < OTHERS; i++)
		buf_put_str(&text, "@nobody ");
	put_alice(h, &text);
	expect(h, &text, true);
	buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_found, setup,
						teardown),
		cmocka_unit_test_setup_teardown(many_signs_hide_nobody, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
