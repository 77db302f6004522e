/* Limits: the keyed hash, addresses, debts, and a table that is too small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/rd.h"
#include "base/siphash.h"
#include "base/text.h"
#include "door/limits.h"
#include "store/rows_internal.h"

/* ---- the hash ---- */

static void test_siphash_is_the_papers(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} cases[] = { { 0, 0x726fdb47dd0e0e31 },
		      { 1, 0x74f839c593dc67fd },
		      { 8, 0x93f5f5799a932462 },
		      { 15, 0xa129ca6149be45e5 } };
	uint8_t bytes[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		bytes[i] = i;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_true(siphash(bytes, span_of(bytes, cases[i].n)) ==
			    cases[i].hash);
}

/* ---- addresses ---- */

static struct buf network(const char *text)
{
	struct buf out = BUF_INIT;
	uint8_t address[16];

	assert_true(address_read(span_str(text), address));
	text_put_hex(&out, address_network(address));
	buf_put_u8(&out, '\0');
	return out;
}

static void assert_same(const char *a, const char *b, bool same)
{
	struct buf one = network(a), other = network(b);

	assert_int_equal(span_equal(buf_span(&one), buf_span(&other)), same);
	buf_clear(&one);
	buf_clear(&other);
}

static void test_one_client_is_one_network(void **state)
{
	static const char *const bad[] = { "", "nonsense", "1.2.3", "1::2::3",
					   "1.2.3.4 " };
	uint8_t address[16], none[16] = { 0 };

	(void)state;
	assert_same("192.0.2.1", "::ffff:192.0.2.1", true);
	assert_same("192.0.2.1", "::FFFF:c000:201", true);
	assert_same("192.0.2.1", "64:ff9b::192.0.2.1", true);
	assert_same("192.0.2.1", "192.0.2.2", false);
	assert_same("2001:db8::1", "2001:0DB8:0:0:ffff::2", true);
	assert_same("2001:db8::1", "2001:db8:0:1::1", false);
	assert_same("::1", "127.0.0.1", false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(address_read(span_str(bad[i]), address));
		assert_memory_equal(address, none, 16);
	}
}

/* ---- debts ---- */

static void (*ticks)(void *arg);

static void every(void *context, unsigned ms, void (*tick)(void *arg),
		  void *arg)
{
	(void)context;
	(void)ms;
	(void)arg;
	ticks = tick;
}

static enum err away(enum statement statement, struct params *params,
		     connection_done *done, void *arg)
{
	(void)statement;
	(void)done;
	(void)arg;
	params_clear(params);
	return ERR_LOCAL_BUSY;
}

static void start(enum limit limit, uint64_t quota)
{
	static const struct store_loop loop = { .every = every };
	struct limits_settings settings = { .loop = &loop, .query = away };

	settings.quotas[limit] = quota;
	limits_start(&settings);
}

static bool take(const char *who)
{
	return limits_take(LIMIT_LOGINS, span_str(who), SPAN_EMPTY, 1);
}

static void test_a_quota_and_no_more(void **state)
{
	char text[LIMITS_FIELD];

	(void)state;
	start(LIMIT_LOGINS, 5);
	for (int i = 0; i < 5; i++)
		assert_true(take("alice"));
	assert_int_equal(limits_last()->left, 0);
	for (int i = 0; i < 20; i++)
		assert_false(take("alice"));
	/* refused tries cost nothing: the first place is free after a fifth */
	assert_in_range(limits_last()->retry_s, 1, 12);
	assert_in_range(limits_last()->reset_s, 59, 60);
	limits_policy(limits_last(), text);
	assert_string_equal(text, "\"logins\";q=5;w=60");
	assert_true(take("bob"));
	assert_true(limits_take(LIMIT_LOGINS, span_str("al"), span_str("ice"),
				1)); /* parts are not glued together */
	assert_true(take("the others are not limited"));
	assert_true(limits_take(LIMIT_LINKS, span_str("alice"), SPAN_EMPTY, 1));
}

static void test_what_is_taken_back_was_not_used(void **state)
{
	(void)state;
	start(LIMIT_LOGINS, 3);
	for (int i = 0; i < 50; i++) {
		assert_true(take("carol"));
		limits_give_back(LIMIT_LOGINS, span_str("carol"), SPAN_EMPTY,
				 1);
	}
	for (int i = 0; i < 3; i++)
		assert_true(take("carol"));
	assert_false(take("carol"));
}

static void test_time_pays(void **state)
{
	(void)state;
	start(LIMIT_BYTES, 60000000); /* one a microsecond */
	assert_true(
	    limits_take(LIMIT_BYTES, span_str("d"), SPAN_EMPTY, 60000000));
	while (!limits_allow(LIMIT_BYTES, span_str("d"), SPAN_EMPTY, 1000))
		;
	assert_true(limits_take(LIMIT_BYTES, span_str("d"), SPAN_EMPTY, 1000));
	/* more than a quota is a whole one, not never */
	start(LIMIT_BYTES, 1000);
	assert_true(limits_take(LIMIT_BYTES, span_str("e"), SPAN_EMPTY, 5000));
	assert_false(limits_take(LIMIT_BYTES, span_str("e"), SPAN_EMPTY, 1));
}

/* However many other names come between: whoever has used up its quota has. */
static void test_nobody_begins_anew(void **state)
{
	char name[32];

	(void)state;
	start(LIMIT_GUESSES, 10);
	for (int i = 0; i < 10; i++)
		assert_true(limits_take(LIMIT_GUESSES, span_str("victim"),
					SPAN_EMPTY, 1));
	for (int i = 0; i < 400000; i++) {
		(void)snprintf(name, sizeof(name), "stranger %d", i);
		(void)limits_take(LIMIT_GUESSES, span_str(name), SPAN_EMPTY, 1);
		if (i % 1000 == 0)
			assert_false(limits_take(
			    LIMIT_GUESSES, span_str("victim"), SPAN_EMPTY, 1));
	}
	ticks(NULL);
	assert_false(
	    limits_take(LIMIT_GUESSES, span_str("victim"), SPAN_EMPTY, 1));
}

/* However many strangers have used up what: who is new may begin. */
static void test_strangers_refuse_nobody(void **state)
{
	char name[32];

	(void)state;
	start(LIMIT_REGISTRATIONS, 100);
	for (int i = 0; i < 65536; i++) {
		(void)snprintf(name, sizeof(name), "network %d", i);
		(void)limits_take(LIMIT_REGISTRATIONS, span_str(name),
				  SPAN_EMPTY, 1);
		(void)limits_take(LIMIT_REGISTRATIONS, span_str(name),
				  SPAN_EMPTY, 100);
	}
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "newcomer %d", i);
		assert_true(limits_take(LIMIT_REGISTRATIONS, span_str(name),
					SPAN_EMPTY, 1));
	}
	start(LIMIT_CLAIMS,
	      1); /* what is owed to one limit is not to another */
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "newcomer %d", i);
		assert_true(
		    limits_take(LIMIT_CLAIMS, span_str(name), SPAN_EMPTY, 1));
	}
}

/* ---- what the others hear ---- */

static struct {
	connection_done *key_asked, *told_of;
	int64_t told;	/* the first debt of the last telling */
	uint32_t words; /* how many that has */
	unsigned tellings;
} others;

static enum err hear(enum statement statement, struct params *params,
		     connection_done *done, void *arg)
{
	(void)arg;
	if (statement == STATEMENT_LIMIT_KEY) {
		others.key_asked = done;
	} else {
		/* of the second array */
		struct rd debts =
		    rd_init(span_of(params->bytes.p + params->start[1], 32));

		(void)rd_take(&debts, 12); /* dimensions, nulls, type */
		others.words = rd_u32(&debts);
		(void)rd_take(&debts, 8); /* lower bound, an element's length */
		others.told = (int64_t)rd_u64(&debts);
		others.told_of = done;
		others.tellings++;
	}
	params_clear(params);
	return ERR_OK;
}

static void answer_key(void)
{
	PGresAttDesc column = { .name = (char[]){ "key" },
				.format = 1,
				.typid = PARAMS_BYTEA,
				.typlen = -1 };
	char key[SIPHASH_KEY] = "the others' key";
	struct rows rows = { .result =
				 PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK) };

	assert_true(PQsetResultAttrs(rows.result, 1, &column));
	assert_true(PQsetvalue(rows.result, 0, 0, key, sizeof(key)));
	others.key_asked(NULL, ERR_OK, &rows);
	PQclear(rows.result);
}

/* The others hear of a guess and of what takes it back, or of neither: else
 * they count too few for ever. */
static void test_what_came_before_the_key_is_told(void **state)
{
	static const uint8_t key[SIPHASH_KEY] = { 7 };
	static const struct store_loop loop = { .every = every };
	struct limits_settings settings = { .loop = &loop,
					    .query = hear,
					    .private_key = key };
	const int64_t guess = (int64_t)3600 * 1000000 / 5;

	(void)state;
	settings.quotas[LIMIT_GUESSES] = 5;
	settings.quotas[LIMIT_CLAIMS] = 4;
	limits_start(&settings);
	assert_true(
	    limits_take(LIMIT_GUESSES, span_str("early"), SPAN_EMPTY, 1));
	assert_null(others.key_asked);
	assert_true(
	    limits_take(LIMIT_CLAIMS, span_str("early"), SPAN_EMPTY, 4));
	limits_give_back(LIMIT_CLAIMS, span_str("early"), SPAN_EMPTY, 1);
	assert_non_null(others.key_asked); /* at once */
	ticks(NULL);
	answer_key();
	assert_int_equal(others.tellings, 0);
	/* under the name of now */
	assert_false(
	    limits_allow(LIMIT_CLAIMS, span_str("early"), SPAN_EMPTY, 2));
	assert_true(
	    limits_allow(LIMIT_CLAIMS, span_str("early"), SPAN_EMPTY, 1));
	limits_give_back(LIMIT_GUESSES, span_str("early"), SPAN_EMPTY, 1);
	for (int i = 0; i < 2; i++)
		assert_true(limits_take(LIMIT_GUESSES, span_str("early"),
					SPAN_EMPTY, 1));
	ticks(NULL);
	assert_int_equal(others.tellings, 1);
	assert_int_equal(others.told, 2 * guess);
	assert_int_equal(others.words, 2);
	/* the answer does not know of what is told after it: one at a time */
	assert_true(
	    limits_take(LIMIT_GUESSES, span_str("late"), SPAN_EMPTY, 1));
	ticks(NULL);
	assert_int_equal(others.tellings, 1);
	others.told_of(NULL, ERR_LOCAL_IO, NULL);
	ticks(NULL);
	assert_int_equal(others.tellings, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash_is_the_papers),
		cmocka_unit_test(test_one_client_is_one_network),
		/* before those that fill the table and the queue */
		cmocka_unit_test(test_what_came_before_the_key_is_told),
		cmocka_unit_test(test_a_quota_and_no_more),
		cmocka_unit_test(test_what_is_taken_back_was_not_used),
		cmocka_unit_test(test_time_pays),
		cmocka_unit_test(test_nobody_begins_anew),
		cmocka_unit_test(test_strangers_refuse_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
