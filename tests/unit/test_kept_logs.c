/* Logs that are kept (check/kept_logs.h): what is read of them again, and that whatever a
 * database shows is verified here before it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "check/kept_logs.h"
#include "check/known.h"
#include "tests/testlib/accounts.h"

#define MUST(call) assert_int_equal((call), ERR_OK)

enum { ROOM = 1024 * 1024 };

static const struct account_place nowhere;

struct shelf {
	struct kept_logs *kept;
	struct house h;
};

static int setup(void **state)
{
	struct shelf *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	MUST(kept_logs_new(ROOM, &s->kept));
	house_init(&s->h, true);
	house_add(&s->h, 0, 1);
	house_add(&s->h, 1, 2);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct shelf *s = *state;

	house_free(&s->h);
	kept_logs_free(s->kept);
	free(s);
	return 0;
}

static struct span print_of(const struct house *h)
{
	return account_log_fingerprint(h->log);
}

static uint64_t last_of(const struct house *h)
{
	return house_place(h).number;
}

/* Rows `from` to `to` of the log, as of that branch. */
static enum err put_rows(struct kept_reading *reading, const struct house *h,
			 int64_t branch, uint64_t from, uint64_t to)
{
	enum err e = ERR_OK;

	for (uint64_t n = from; e == ERR_OK && n <= to; n++)
		e = kept_reading_row(reading, branch, (int64_t)n,
				     house_link(h, n));
	return e;
}

/* How much was to be done; the log is as the house's. */
static size_t end(struct kept_logs *kept, struct kept_reading *reading,
		  const struct house *h, struct kept_log **log)
{
	struct account_place is, ought = house_place(h);
	size_t work;

	MUST(kept_reading_close(reading, kept));
	work = kept_reading_work(reading);
	kept_reading_verify(reading);
	MUST(kept_reading_end(reading, kept, log));
	assert_non_null(*log);
	account_log_place((*log)->log, &is);
	assert_int_equal(is.number, ought.number);
	assert_memory_equal(is.hash, ought.hash, ACCOUNT_HASH);
	assert_true(span_equal(buf_span(&(*log)->links), buf_span(&h->links)));
	return work;
}

/* Reads it as a database shows it that has the rows from the kept one on. */
static size_t read_log(struct kept_logs *kept, const struct house *h,
		       int64_t branch)
{
	struct kept_reading reading;
	struct kept_log *log;
	size_t work;

	kept_reading_begin(&reading, kept, print_of(h), &nowhere, false);
	MUST(put_rows(&reading, h, branch,
		      reading.place.number > 0 ? reading.place.number : 1,
		      last_of(h)));
	work = end(kept, &reading, h, &log);
	kept_log_release(log);
	return work;
}

static void what_is_kept_is_not_read_again(void **state)
{
	struct shelf *s = *state;

	assert_int_equal(read_log(s->kept, &s->h, 0), 3);
	assert_int_equal(read_log(s->kept, &s->h, 0), 0);
	house_keys(&s->h, 0);
	assert_int_equal(read_log(s->kept, &s->h, 0), 1);
	assert_int_equal(read_log(s->kept, &s->h, 0), 0);
}

/* A database that shows a log which nobody has signed is not believed: of a log that is
 * new here, and behind one that is kept. */
static void no_signature_is_believed(void **state)
{
	struct shelf *s = *state;
	struct kept_reading reading;
	struct buf forged = BUF_INIT;
	struct kept_log *log;

	house_make(&s->h, 3);
	house_put_add(&s->h, 0, 3, &forged);
	assert_true(forged.n > 0);
	forged.p[forged.n - 1] ^= 1; /* of the signature */
	for (int known = 0; known < 2; known++) {
		kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere,
				   false);
		assert_true((reading.from != NULL) == (known == 1));
		MUST(put_rows(&reading, &s->h, 0, known == 1 ? 3 : 1, 3));
		MUST(kept_reading_row(&reading, 0, 4, buf_span(&forged)));
		MUST(kept_reading_close(&reading, s->kept));
		kept_reading_verify(&reading);
		assert_int_equal(kept_reading_end(&reading, s->kept, &log),
				 ERR_PEER_INVALID);
		assert_null(log);
		if (known == 0)
			assert_int_equal(read_log(s->kept, &s->h, 0), 3);
	}
	assert_int_equal(read_log(s->kept, &s->h, 0), 0);
	buf_clear(&forged);
}

/* The row of the last kept link is another one: what is kept is not taken for it. */
static void another_row_is_refused(void **state)
{
	struct shelf *s = *state;
	struct house other = house_branch(&s->h);
	struct kept_reading reading;

	(void)read_log(s->kept, &s->h, 0);
	house_keys(&s->h, 0);
	house_remove(&other, 1, 2);
	(void)read_log(s->kept, &s->h, 0);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	assert_int_equal(put_rows(&reading, &other, 0, 4, 4), ERR_PEER_INVALID);
	kept_reading_clear(&reading);
	/* nor is a part of the log, or of another branch */
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	assert_int_equal(put_rows(&reading, &s->h, 0, 3, 4), ERR_PEER_INVALID);
	kept_reading_clear(&reading);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	assert_int_equal(put_rows(&reading, &s->h, 1, 4, 4), ERR_PEER_INVALID);
	kept_reading_clear(&reading);
	house_end_branch(&other);
}

/* The database has another log under that fingerprint by now. */
static void replaced_log_is_read_whole(void **state)
{
	struct shelf *s = *state;
	struct house other = house_branch(&s->h), stranger;
	struct kept_reading reading;
	struct kept_log *log;

	house_keys(&s->h, 0);
	house_remove(&other, 1, 2);
	(void)read_log(s->kept, &s->h, 0);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	MUST(put_rows(&reading, &other, 0, 1, 4));
	/* it was verified up to another link of that number */
	assert_int_equal(end(s->kept, &reading, &other, &log), 4);
	kept_log_release(log);
	house_init(&stranger, false);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	MUST(put_rows(&reading, &stranger, 0, 1, 1));
	MUST(kept_reading_close(&reading, s->kept));
	kept_reading_verify(&reading);
	assert_int_equal(kept_reading_end(&reading, s->kept, &log),
			 ERR_PEER_INVALID);
	house_free(&stranger);
	house_end_branch(&other);
}

/* A branch takes the place of the log's end: the rows of both come, and the log that does
 * not count any more is a branch. */
static void branch_takes_its_place(void **state)
{
	struct shelf *s = *state;
	struct house other = house_branch(&s->h);
	struct kept_reading reading;
	struct kept_log *log;
	struct span rest, links;
	struct rd r;

	house_keys(&s->h, 0);
	house_remove(&other, 1, 2);
	house_remove(&other, 1, 0);
	(void)read_log(s->kept, &s->h, 0);
	for (int again = 0; again < 2; again++) {
		kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere,
				   false);
		MUST(put_rows(&reading, &s->h, 0, 1, 4));
		MUST(put_rows(&reading, &other, 1, 4, 5));
		/* what both have was verified, and then each of them */
		assert_int_equal(end(s->kept, &reading, &other, &log),
				 again == 0 ? 2 : 0);
		assert_int_equal(log->branch, 1);
		r = rd_init(buf_span(&log->branches));
		links = rd_vec(&r);
		rest = rd_take(&r, rd_left(&r));
		assert_int_equal(rest.n, 0);
		assert_true(span_equal(links, buf_span(&s->h.links)));
		kept_log_release(log);
	}
	assert_int_equal(read_log(s->kept, &other, 1), 0);
	house_end_branch(&other);
}

/* A branch comes behind what is kept: the database shows the last row that is kept, what
 * came behind it before the branch did, and the branch. Each link is verified once. */
static void branch_comes_behind_what_is_kept(void **state)
{
	struct shelf *s = *state;
	struct house other = house_branch(&s->h), third = house_branch(&s->h);
	struct kept_reading reading;
	struct kept_log *log;
	struct span links;
	struct rd r;

	(void)read_log(s->kept, &s->h, 0);
	house_keys(&s->h, 0);
	house_remove(&other, 1, 2);
	house_remove(&other, 1, 0);
	house_remove(&third, 0, 1);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	MUST(put_rows(&reading, &s->h, 0, 3, 4));
	MUST(put_rows(&reading, &other, 1, 4, 5));
	assert_int_equal(end(s->kept, &reading, &other, &log), 3);
	kept_log_release(log);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	MUST(put_rows(&reading, &other, 1, 5, 5));
	MUST(put_rows(&reading, &third, 2, 4, 4));
	assert_int_equal(end(s->kept, &reading, &third, &log), 1);
	assert_int_equal(log->branch, 2);
	r = rd_init(buf_span(&log->branches));
	links = rd_vec(&r);
	assert_true(span_equal(links, buf_span(&s->h.links)));
	links = rd_vec(&r);
	assert_true(span_equal(links, buf_span(&other.links)));
	assert_int_equal(rd_left(&r), 0);
	kept_log_release(log);
	assert_int_equal(read_log(s->kept, &third, 2), 0);
	house_end_branch(&other);
	house_end_branch(&third);
}

/* Nor is a branch behind what is kept believed that nobody has signed, or that does not go on
 * from there. */
static void branch_is_verified_behind_what_is_kept(void **state)
{
	struct shelf *s = *state;
	struct house other = house_branch(&s->h);
	struct kept_reading reading;
	struct buf forged = BUF_INIT;
	struct kept_log *log;

	(void)read_log(s->kept, &s->h, 0);
	house_remove(&other, 1, 2);
	house_remove(&other, 1, 0);
	buf_put(&forged, house_link(&other, 4));
	assert_int_equal(forged.fail, ERR_OK);
	forged.p[forged.n - 1] ^= 1; /* of the signature */
	for (int lie = 0; lie < 3; lie++) {
		kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere,
				   false);
		MUST(put_rows(&reading, &s->h, 0, 3, 3));
		if (lie == 0)
			MUST(kept_reading_row(&reading, 1, 4,
					      buf_span(&forged)));
		else if (lie == 1) /* the link before it is left out */
			MUST(put_rows(&reading, &other, 1, 5, 5));
		else /* it stands where it does not belong */
			MUST(kept_reading_row(&reading, 1, 3,
					      house_link(&other, 4)));
		MUST(kept_reading_close(&reading, s->kept));
		kept_reading_verify(&reading);
		assert_int_equal(kept_reading_end(&reading, s->kept, &log),
				 ERR_PEER_INVALID);
		assert_null(log);
	}
	assert_int_equal(read_log(s->kept, &s->h, 0), 0);
	buf_clear(&forged);
	house_end_branch(&other);
}

/* A number that no log has is refused at once: a damaged row costs nothing. */
static void number_of_no_log_is_refused(void **state)
{
	struct shelf *s = *state;
	const int64_t numbers[] = { INT64_MIN, 0, ACCOUNT_LINKS_MAX + 1,
				    (int64_t)1 << 62 };
	struct kept_reading reading;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere,
				   false);
		MUST(put_rows(&reading, &s->h, 0, 1, 3));
		assert_int_equal(kept_reading_row(&reading, 1, numbers[i],
						  house_link(&s->h, 3)),
				 ERR_PEER_INVALID);
		kept_reading_clear(&reading);
	}
	assert_int_equal(
	    account_links_behind(buf_span(&s->h.links), UINT64_MAX).n, 0);
}

/* Branches of one link behind the house's three, each in place of the one before. */
struct row_of_branches {
	struct house *list;
	int count;
};

static struct row_of_branches make_branches(const struct house *h, int count)
{
	struct row_of_branches made = {
		.list = calloc((size_t)count, sizeof(*made.list)),
		.count = count,
	};

	assert_non_null(made.list);
	for (int i = 0; i < count; i++) {
		made.list[i] = house_branch(h);
		house_keys(&made.list[i], 0);
	}
	return made;
}

static void free_branches(struct row_of_branches *made)
{
	for (int i = 0; i < made->count; i++) {
		account_pair_clear(&made->list[i].pair);
		house_end_branch(&made->list[i]);
	}
	free(made->list);
}

static void put_branches(struct kept_reading *reading, const struct house *h,
			 const struct row_of_branches *made)
{
	MUST(put_rows(reading, h, 0, 1, 3));
	for (int i = 0; i < made->count; i++)
		MUST(put_rows(reading, &made->list[i], i + 1, 4, 4));
}

enum { BRANCHES = 3 * KNOWN_BRANCHES };

/* The one at which a group stands stays, though others came behind it. Where what is kept
 * does not have it, all is read again. */
static void the_wanted_branch_is_kept(void **state)
{
	struct shelf *s = *state;
	struct row_of_branches made = make_branches(&s->h, BRANCHES);
	const struct house *last = &made.list[BRANCHES - 1];
	struct account_place wanted = house_place(&made.list[2]);
	struct kept_reading reading;
	struct kept_log *log;

	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	put_branches(&reading, &s->h, &made);
	(void)end(s->kept, &reading, last, &log);
	assert_false(kept_log_has(log, &wanted));
	kept_log_release(log);
	for (int i = 0; i < 2; i++) {
		kept_reading_begin(&reading, s->kept, print_of(&s->h), &wanted,
				   false);
		assert_int_equal(reading.place.number, i == 0 ? 0 : 4);
		if (i == 0)
			put_branches(&reading, &s->h, &made);
		else
			MUST(put_rows(&reading, last, BRANCHES, 4, 4));
		(void)end(s->kept, &reading, last, &log);
		assert_true(kept_log_has(log, &wanted));
		wanted.hash[0] ^= 1;
		assert_false(kept_log_has(log, &wanted));
		wanted.hash[0] ^= 1;
		kept_log_release(log);
	}
	/* what came behind the log that is kept is read first, and only then all */
	wanted.number = 5;
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &wanted, false);
	assert_int_equal(reading.place.number, 4);
	kept_reading_clear(&reading);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &wanted, true);
	assert_int_equal(reading.place.number, 0);
	kept_reading_clear(&reading);
	free_branches(&made);
}

/* More branches than are kept come at once behind what is kept: nothing of it is taken for
 * verified that was not. */
static void too_many_branches_come_behind(void **state)
{
	struct shelf *s = *state;
	struct row_of_branches made = make_branches(&s->h, BRANCHES);
	struct kept_reading reading;
	struct kept_log *log;

	(void)read_log(s->kept, &s->h, 0);
	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	MUST(put_rows(&reading, &s->h, 0, 3, 3));
	for (int i = 0; i < made.count; i++)
		MUST(put_rows(&reading, &made.list[i], i + 1, 4, 4));
	assert_int_equal(
	    end(s->kept, &reading, &made.list[made.count - 1], &log),
	    3 + KNOWN_BRANCHES + 1);
	kept_log_release(log);
	free_branches(&made);
}

/* The branch that is wanted stays also where the others come one after the other. */
static void the_wanted_branch_stays(void **state)
{
	struct shelf *s = *state;
	struct row_of_branches made = make_branches(&s->h, BRANCHES);
	struct account_place wanted = house_place(&made.list[2]);
	struct kept_reading reading;
	struct kept_log *log;

	(void)read_log(s->kept, &made.list[0], 0);
	for (int i = 1; i < made.count; i++) {
		kept_reading_begin(&reading, s->kept, print_of(&s->h),
				   i > 2 ? &wanted : &nowhere, false);
		assert_int_equal(reading.place.number, 4);
		MUST(put_rows(&reading, &made.list[i - 1], i - 1, 4, 4));
		MUST(put_rows(&reading, &made.list[i], i, 4, 4));
		assert_int_equal(end(s->kept, &reading, &made.list[i], &log),
				 1);
		assert_true(kept_log_has(log, &wanted) == (i >= 2));
		kept_log_release(log);
	}
	free_branches(&made);
}

/* However many branches an account has: what is verified, and kept, are the last ones. */
static void only_the_last_branches_are_kept(void **state)
{
	struct shelf *s = *state;
	struct row_of_branches made = make_branches(&s->h, BRANCHES);
	struct house *branches = made.list;
	struct kept_reading reading;
	struct kept_log *log;
	struct rd r;

	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	put_branches(&reading, &s->h, &made);
	/* one link of each, and the first one whole */
	assert_int_equal(end(s->kept, &reading, &branches[BRANCHES - 1], &log),
			 3 + KNOWN_BRANCHES + 1);
	r = rd_init(buf_span(&log->branches));
	for (int i = BRANCHES - 1 - KNOWN_BRANCHES; i < BRANCHES - 1; i++)
		assert_true(
		    span_equal(rd_vec(&r), buf_span(&branches[i].links)));
	assert_int_equal(rd_left(&r), 0);
	kept_log_release(log);
	free_branches(&made);
}

/* The one that was used longest ago goes, and is not verified again: it stays known up to
 * where it was. One that is larger than the room is not kept, either. */
static void oldest_goes_first(void **state)
{
	struct shelf *s = *state;
	struct kept_logs *small;
	struct house others[2];
	size_t one;

	(void)read_log(s->kept, &s->h, 0);
	one = kept_logs_bytes(s->kept);
	for (size_t i = 0; i < 2; i++) {
		house_init(&others[i], true);
		house_add(&others[i], 0, 1);
		house_add(&others[i], 1, 2);
	}
	MUST(kept_logs_new(2 * one + one / 2, &small));
	assert_int_equal(read_log(small, &s->h, 0), 3);
	assert_int_equal(read_log(small, &others[0], 0), 3);
	assert_int_equal(read_log(small, &s->h, 0), 0);
	assert_int_equal(read_log(small, &others[1], 0), 3);
	assert_true(kept_logs_bytes(small) <= 2 * one + one / 2);
	for (size_t i = 0; i < 2; i++) {
		struct kept_reading reading;

		kept_reading_begin(&reading, small, print_of(&others[i]),
				   &nowhere, false);
		assert_true((reading.from != NULL) == (i == 1));
		kept_reading_clear(&reading);
	}
	assert_int_equal(read_log(small, &others[0], 0), 0);
	kept_logs_free(small);
	MUST(kept_logs_new(one / 2, &small));
	assert_int_equal(read_log(small, &s->h, 0), 3);
	assert_int_equal(kept_logs_bytes(small), 0);
	assert_int_equal(read_log(small, &s->h, 0), 0);
	kept_logs_free(small);
	for (size_t i = 0; i < 2; i++)
		house_free(&others[i]);
}

/* Who holds a log has it whatever becomes of the shelf. */
static void held_log_stays(void **state)
{
	struct shelf *s = *state;
	struct kept_reading reading, none;
	struct kept_log *log;

	kept_reading_begin(&reading, s->kept, print_of(&s->h), &nowhere, false);
	MUST(put_rows(&reading, &s->h, 0, 1, 3));
	(void)end(s->kept, &reading, &s->h, &log);
	kept_logs_free(s->kept);
	assert_true(
	    span_equal(account_log_fingerprint(log->log), print_of(&s->h)));
	kept_log_release(log);
	MUST(kept_logs_new(ROOM, &s->kept));
	kept_reading_begin(&none, s->kept, print_of(&s->h), &nowhere, false);
	MUST(kept_reading_close(&none, s->kept));
	kept_reading_verify(&none);
	MUST(kept_reading_end(&none, s->kept, &log));
	assert_null(log); /* there is no such log */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_kept_is_not_read_again),
		TEST(no_signature_is_believed),
		TEST(another_row_is_refused),
		TEST(replaced_log_is_read_whole),
		TEST(branch_takes_its_place),
		TEST(branch_comes_behind_what_is_kept),
		TEST(branch_is_verified_behind_what_is_kept),
		TEST(too_many_branches_come_behind),
		TEST(the_wanted_branch_stays),
		TEST(number_of_no_log_is_refused),
		TEST(only_the_last_branches_are_kept),
		TEST(the_wanted_branch_is_kept),
		TEST(oldest_goes_first),
		TEST(held_log_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
