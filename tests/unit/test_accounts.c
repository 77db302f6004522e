/* The logs by which places are judged, branches included, and the names of leaves. */
#include "check/accounts.h"
#include "check/known.h"
#include "tests/testlib/accounts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define MUST(call) assert_int_equal((call), ERR_OK)

struct town {
	struct house house, branch; /* the branch parts behind the first link */
	struct check_accounts *accounts;
	struct buf stored;
};

static int setup(void **state)
{
	static struct town t;

	memset(&t, 0, sizeof(t));
	house_init(&t.house, false);
	for (int who = 1; who < 44; who++) /* branches share them */
		house_make(&t.house, who);
	t.branch = house_branch(&t.house);
	house_add(&t.house, 0, 1);
	house_add(&t.branch, 0, 2);
	MUST(check_accounts_new(NULL, &t.accounts));
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	struct town *t = *state;

	house_end_branch(&t->branch);
	house_free(&t->house);
	check_accounts_free(t->accounts);
	buf_clear(&t->stored);
	return 0;
}

static void know(struct town *t, const struct house *house)
{
	assert_null(
	    check_accounts_add(t->accounts, buf_span(&house->links)).wrong);
}

static struct span fingerprint(const struct town *t)
{
	return account_log_fingerprint(t->house.log);
}

/* The place of that link. */
static struct place place_of(const struct house *h, uint64_t number)
{
	return (struct place){ account_log_fingerprint(h->log), number,
			       account_log_hash(h->log, number) };
}

static void reach(struct town *t, const struct house *h, uint64_t from,
		  uint64_t to, const char *wrong)
{
	struct place begin = { .number = 0 }, end = place_of(h, to);
	const struct account_log *log = NULL;
	struct account_place place = { .number = to };
	struct check_verdict verdict;

	if (from > 0)
		begin = place_of(h, from);
	verdict =
	    check_accounts_reach(t->accounts, &begin, SPAN_EMPTY, &end, &log);
	if (wrong != NULL) {
		assert_non_null(verdict.wrong);
		assert_non_null(strstr(verdict.wrong, wrong));
		return;
	}
	assert_null(verdict.wrong);
	memcpy(place.hash, end.hash.p, ACCOUNT_HASH);
	assert_true(account_log_has(log, &place));
}

static bool lacks(const struct town *t)
{
	size_t position = 0;
	struct span one;

	return check_accounts_lacks(t->accounts, &position, &one);
}

/* A group at a place of either is judged, whichever came first. */
static void test_branches_stay(void **state)
{
	struct town *t = *state;
	const struct account_log *log;
	struct span links;

	know(t, &t->house);
	reach(t, &t->branch, 1, 2, "not known here");
	assert_true(lacks(t));
	know(t, &t->branch);
	assert_false(lacks(t));
	reach(t, &t->branch, 1, 2, NULL);
	reach(t, &t->house, 1, 2, NULL);
	/* nothing decides, so the one that was known counts */
	MUST(check_accounts_find(t->accounts, fingerprint(t), &log, &links));
	assert_true(span_equal(links, buf_span(&t->house.links)));
	/* no place moves from one to the other */
	house_add(&t->branch, 0, 3);
	know(t, &t->branch);
	reach(t, &t->branch, 2, 3, NULL);
	{
		struct place from = place_of(&t->house, 2),
			     to = place_of(&t->branch, 3);

		assert_non_null(check_accounts_reach(t->accounts, &from,
						     SPAN_EMPTY, &to, &log)
				    .wrong);
	}
	assert_false(lacks(t));
}

/* The one that counts is known as such, and the other one stays. */
static void test_the_one_that_counts(void **state)
{
	struct town *t = *state;
	uint8_t hash[ACCOUNT_HASH];
	const struct account_log *log;
	struct span links;

	know(t, &t->house);
	house_hash(&t->house, 2, hash);
	house_withdraw(&t->branch, 0, SPAN_ARRAY(hash));
	know(t, &t->branch);
	MUST(check_accounts_find(t->accounts, fingerprint(t), &log, &links));
	assert_true(span_equal(links, buf_span(&t->branch.links)));
	reach(t, &t->house, 1, 2, NULL);
	reach(t, &t->branch, 1, 3, NULL);
}

/* The caller keeps both, and gives both again. */
static enum err give(void *context, struct span of, struct buf *logs)
{
	const struct town *t = context;

	if (span_equal(of, fingerprint(t)))
		buf_put(logs, buf_span(&t->stored));
	return logs->fail;
}

static void test_branches_are_kept(void **state)
{
	struct town *t = *state;
	const struct check_source source = { .logs = give, .context = t };
	struct span links, of;
	size_t position = 0, count = 0;

	know(t, &t->house);
	know(t, &t->branch);
	while (check_accounts_grown(t->accounts, &position, &of, &links)) {
		assert_true(span_equal(of, fingerprint(t)));
		buf_put_vec(&t->stored, links);
		count++;
	}
	MUST(buf_end(&t->stored));
	assert_int_equal(count, 2);
	check_accounts_kept(t->accounts);
	position = 0;
	assert_false(check_accounts_grown(t->accounts, &position, &of, &links));
	check_accounts_free(t->accounts);
	MUST(check_accounts_new(&source, &t->accounts));
	reach(t, &t->branch, 1, 2, NULL);
	reach(t, &t->house, 1, 2, NULL);
	check_accounts_reset(t->accounts);
	reach(t, &t->branch, 1, 2, NULL);
	position = 0;
	assert_false(check_accounts_grown(t->accounts, &position, &of, &links));
}

/* However many there are: the oldest one falls out that nobody has looked for by a place. */
static void test_branches_are_few(void **state)
{
	struct town *t = *state;
	struct house early = { .log = NULL };

	know(t, &t->house);
	know(t, &t->branch);
	for (int i = 0; i < 19; i++) {
		struct house other = house_branch(&t->house);

		house_add(&other, 0, 4 + i);
		know(t, &other);
		if (i == 0) /* that one went on */
			reach(t, &t->branch, 1, 2, NULL);
		if (i == 1)
			early = house_branch(&other);
		house_end_branch(&other);
	}
	reach(t, &early, 2, 3, "not known here");
	reach(t, &t->branch, 1, 2, NULL);
	reach(t, &t->house, 1, 2, NULL);
	house_end_branch(&early);
}

/* ---- the last links of a log ---- */

static struct check_verdict join(struct town *t, uint64_t first,
				 struct place *to)
{
	const struct place from = { .number = 0 };
	const struct account_log *log;
	struct buf carried = BUF_INIT;
	struct check_verdict verdict;

	*to = (struct place){ .fingerprint = fingerprint(t) };
	for (uint64_t n = first; n <= house_place(&t->house).number; n++)
		buf_put_vec(&carried, house_link(&t->house, n));
	MUST(buf_end(&carried));
	verdict = check_accounts_reach(t->accounts, &from, buf_span(&carried),
				       to, &log);
	buf_clear(&carried);
	return verdict;
}

/* A group is at a place of the first branch. The second counts before it, the third before
 * the second, and nothing decides between the first and the third. A place goes over to
 * the log that counts, and to no other one. */
static void test_nothing_goes_over_to_what_does_not_count(void **state)
{
	struct town *t = *state;
	struct house first = house_branch(&t->house), second, third;
	struct known_parting parting;
	uint8_t hash[ACCOUNT_HASH];
	struct place at;

	house_add(&first, 1, 3);
	second = house_branch(&t->house);
	house_add(&second, 0, 4);
	third = house_branch(&second);
	house_remove(&second, 0, 1);
	house_hash(&second, 4, hash);
	house_withdraw(&third, 0, SPAN_ARRAY(hash));
	at = place_of(&first, 3);
	know(t, &first);
	know(t, &second);
	MUST(check_accounts_parting(t->accounts, &at, &parting));
	assert_true(parting.links.n > 0 && parting.counts);
	know(t, &third);
	MUST(check_accounts_parting(t->accounts, &at, &parting));
	assert_true(parting.links.n > 0);
	assert_false(parting.counts);
	house_end_branch(&first);
	house_end_branch(&second);
	house_end_branch(&third);
}

static void test_the_last_links_lead_to_a_place(void **state)
{
	struct town *t = *state;
	struct house short_one = house_branch(&t->house);
	struct place to;

	house_add(&t->house, 0, 3);
	house_add(&t->house, 0, 4);
	/* nobody knows those before: there is no verdict */
	assert_non_null(join(t, 3, &to).wrong);
	assert_true(lacks(t));
	know(t, &short_one);
	assert_null(join(t, 3, &to).wrong);
	assert_int_equal(to.number, 4);
	assert_true(span_equal(to.hash, account_log_hash(t->house.log, 4)));
	assert_null(join(t, 1, &to).wrong);
	/* what leads on from another branch is judged by that */
	know(t, &t->branch);
	assert_null(join(t, 2, &to).wrong);
	house_end_branch(&short_one);
}

/* ---- names and rows ---- */

static void test_names_of_leaves(void **state)
{
	static const char *const wrong[] = {
		"",
		"/",
		"alice/1",
		"0/1",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff/",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff/0",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff/01",
		"00112233445566778899AABBCCDDEEFF"
		"00112233445566778899aabbccddeeff/1",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeefg/1",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff/9223372036854775808",
	};
	uint8_t print[ACCOUNT_HASH];
	struct buf name = BUF_INIT;
	uint64_t device;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(
		    places_read_leaf(span_str(wrong[i]), print, &device));
	memset(print, 0xa5, sizeof(print));
	places_put_leaf(&name, SPAN_ARRAY(print), 16384);
	memset(print, 0, sizeof(print));
	assert_true(places_read_leaf(buf_span(&name), print, &device));
	assert_int_equal(device, 16384);
	assert_int_equal(print[31], 0xa5);
	assert_true(name.n <= LEAF_NAME_MAX);
	buf_clear(&name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_branches_stay),
		TEST(test_the_one_that_counts),
		TEST(test_branches_are_kept),
		TEST(test_branches_are_few),
		TEST(test_nothing_goes_over_to_what_does_not_count),
		TEST(test_the_last_links_lead_to_a_place),
		cmocka_unit_test(test_names_of_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
