/*
 * What a typing notice costs its two ends, in a session of many members: to seal one, to
 * open one, and how long it is. Processor time of the one thread; medians.
 *
 *   make VARIANT=release bench-typing      then build/release/bench/typing/typing [MEMBERS]
 *
 * What it costs a node is bench/typing.mjs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "session/typing_seal.h"
#include "tests/testlib/session_world.h"

enum { SAMPLES = 1001 };

static const uint16_t SUITES[] = { 0x0003, 0x0004, 0xf7f1 };

static double microseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double middle(double samples[SAMPLES])
{
	qsort(samples, SAMPLES, sizeof(*samples), compare);
	return samples[SAMPLES / 2];
}

static void must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "typing: %s: %s\n", what, err_text(e));
	exit(1);
}

/* The first one adds all others at once; the second one of all joins. */
static void add_all(struct device *all, size_t members, struct ledger *ledger)
{
	struct span *packages = calloc(members, sizeof(*packages));
	struct mls_change change = { .adds = packages,
				     .add_count = members - 1 };
	struct mls_commit commit = { 0 };
	uint64_t seq;

	if (packages == NULL)
		exit(1);
	for (size_t i = 1; i < members; i++)
		packages[i - 1] = buf_span(&all[i].key_package);
	must(device_stage(&all[0], &change, &commit), "a commit");
	seq = ledger_post(ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	must(session_accepted(all[0].session, NOW, seq,
			      ledger_entry(ledger, seq)->head),
	     "it counts");
	must(session_join_welcome(&all[1].me, world_id,
				  buf_span(&commit.welcome), SESSION_WITHIN,
				  packages[0], &all[1].secrets, seq,
				  ledger_entry(ledger, seq)->head,
				  &(enum session_tree){ 0 }, &all[1].session),
	     "a join");
	mls_commit_clear(&commit);
	free(packages);
}

static void measure(const struct device *from, const struct device *to,
		    size_t members)
{
	static double seal[SAMPLES], open[SAMPLES];
	struct typing_opened opened;
	struct buf notice = BUF_INIT;
	double start;

	for (size_t i = 0; i < SAMPLES; i++) {
		buf_reset(&notice);
		start = microseconds();
		must(typing_seal_put(from->session, &from->me, NOW_MS + i, true,
				     &notice),
		     "sealing");
		seal[i] = microseconds() - start;
		start = microseconds();
		must(typing_seal_open(to->session, buf_span(&notice), &opened),
		     "opening");
		open[i] = microseconds() - start;
	}
	(void)printf("| 0x%04x | %zu | %zu | %.0f us | %.0f us |\n",
		     from->me.suite->id, members, notice.n, middle(seal),
		     middle(open));
	buf_clear(&notice);
}

int main(int argc, char **argv)
{
	size_t members = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
	struct device *all = calloc(members, sizeof(*all));
	static struct ledger ledger;
	char name[32];

	if (all == NULL || members < 2)
		return 1;
	(void)printf("| suite | members | bytes | to seal | to open |\n"
		     "|---|---|---|---|---|\n");
	for (size_t s = 0; s < sizeof(SUITES) / sizeof(*SUITES); s++) {
		ledger_make(&ledger);
		for (size_t i = 0; i < members; i++) {
			(void)snprintf(name, sizeof(name), "user%zu/1", i);
			device_make(&all[i], name, SUITES[s]);
		}
		world_create(&all[0], NULL, WORLD_UNSAID);
		add_all(all, members, &ledger);
		measure(&all[0], &all[1], members);
		for (size_t i = 0; i < members; i++)
			device_free(&all[i]);
		ledger_free(&ledger);
	}
	free(all);
	return 0;
}
