#include "tests/testlib/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/testlib/session_value.h"

const struct suites kept_offer = { { KEPT_SUITE }, 1 };

const struct device_store *kept_store(struct kept *h)
{
	return &h->records.store;
}

static void lend(struct kept *h)
{
	h->m.session = h->world.alice.session;
	h->world.alice.session = NULL;
}

static void give_back(struct kept *h)
{
	h->world.alice.session = h->m.session;
	h->m.session = NULL;
}

static void kept_count(struct kept *h)
{
	h->records.puts = h->records.bytes = 0;
}

int kept_setup(void **state)
{
	struct kept *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	world_make(&h->world, KEPT_SUITE);
	records_init(&h->records);
	memcpy(h->id, uuid_text(uuid_of(world_id)).text, sizeof(h->id));
	MUST(membership_new(&h->m, h->id, &kept_offer));
	lend(h);
	MUST(membership_save(kept_store(h), rng_system(), &h->m));
	*state = h;
	return 0;
}

int kept_teardown(void **state)
{
	struct kept *h = *state;

	membership_clear(&h->m);
	records_free(&h->records);
	world_free(&h->world);
	free(h);
	return 0;
}

void kept_restart(struct kept *h)
{
	membership_clear(&h->m);
	MUST(membership_load(kept_store(h), h->id, &h->m));
}

void kept_expect_stored(struct kept *h)
{
	struct buf live = BUF_INIT, loaded = BUF_INIT;

	MUST(session_value(h->m.session, &live));
	kept_restart(h);
	MUST(session_value(h->m.session, &loaded));
	assert_true(span_equal(buf_span(&live), buf_span(&loaded)));
	kept_count(h);
	MUST(membership_save(kept_store(h), rng_system(), &h->m));
	assert_int_equal(h->records.puts, 0);
	buf_clear(&live);
	buf_clear(&loaded);
}

void kept_save(struct kept *h)
{
	kept_count(h);
	MUST(membership_save(kept_store(h), rng_system(), &h->m));
}

size_t kept_with_prefix(const struct kept *h, const char *prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < RECORDS_MAX; i++)
		n += h->records.all[i].name[0] != '\0' &&
		     strncmp(h->records.all[i].name, prefix, strlen(prefix)) ==
			 0;
	return n;
}

void kept_follow(struct kept *h, enum session_event_kind kind)
{
	give_back(h);
	expect_kind(&h->world.alice, &h->world.ledger, kind);
	lend(h);
}

void kept_say(struct kept *h, const char *text)
{
	give_back(h);
	(void)device_say(&h->world.alice, &h->world.ledger, text);
	lend(h);
}

void kept_rotate(struct kept *h)
{
	const struct mls_change change = { .force_path = true };
	struct mls_commit made = { 0 };

	give_back(h);
	MUST(device_stage(&h->world.alice, &change, &made));
	lend(h);
	kept_save(h);
	(void)ledger_post(&h->world.ledger, CHAIN_COMMIT,
			  buf_span(&made.commit));
	kept_follow(h, SESSION_COMMIT);
	expect_kind(&h->world.bob, &h->world.ledger, SESSION_COMMIT);
	kept_save(h);
	mls_commit_clear(&made);
}

void kept_expect_unreadable(struct kept *h)
{
	struct membership m;

	assert_int_equal(err_class(membership_load(kept_store(h), h->id, &m)),
			 ERR_CLASS_PEER);
	membership_clear(&m);
}

struct kept_moment *kept_remember(const struct kept *h)
{
	struct kept_moment *then = calloc(1, sizeof(*then));

	assert_non_null(then);
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		memcpy(then->all[i].name, h->records.all[i].name,
		       sizeof(then->all[i].name));
		buf_put(&then->all[i].value,
			buf_span(&h->records.all[i].value));
	}
	return then;
}

void kept_forget(struct kept_moment *then)
{
	for (size_t i = 0; i < RECORDS_MAX; i++)
		buf_clear(&then->all[i].value);
	free(then);
}

size_t kept_put_back(struct kept *h, const struct kept_moment *then,
		     const char *prefix)
{
	const struct device_store *store = kept_store(h);
	struct buf now = BUF_INIT;
	size_t others = 0;

	for (size_t i = 0; i < RECORDS_MAX; i++) {
		const char *name = then->all[i].name;
		struct span old = buf_span(&then->all[i].value);

		buf_reset(&now);
		if (strncmp(name, prefix, strlen(prefix)) != 0 ||
		    store->get(store->context, name, &now) != ERR_OK ||
		    span_equal(buf_span(&now), old))
			continue;
		others++;
		MUST(store->put(store->context, name, old));
		kept_expect_unreadable(h);
		MUST(store->put(store->context, name, buf_span(&now)));
	}
	buf_clear(&now);
	return others;
}
