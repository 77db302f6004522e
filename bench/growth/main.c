/*
 * What a commit costs as a group grows, in processor time: for who makes it, with the
 * tree within its GroupInfo and beside it, for who follows the group without its keys as
 * a server does (check/walk.h), and for a member. And the same where each member is a
 * device of an account of its own (accounts.h).
 *
 *   bench-growth [SIZE...]        50, 500 and 5,000 members if left out
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/growth/accounts.h"
#include "bench/mls/world.h"
#include "check/walk.h"
#include "wire/extension.h"
#include "wire/group_info.h"
#include "wire/message.h"

enum { ROUNDS = 15, STEPS = 4 };
enum kind { EMPTY, ADD, REMOVE, KINDS };

static const char *const names[KINDS] = { "empty", "add", "remove" };

static struct {
	struct world world;
	struct check_walk *walk;
	uint32_t added; /* the leaf of who came in last */
	uint32_t number;
} bench;

struct cost {
	double ms[STEPS]; /* made, walked, its part checked, followed */
	size_t bytes;	  /* of commit and part */
};

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double since(double *begun)
{
	double was = *begun;

	*begun = now();
	return *begun - was;
}

static void accept(struct check_verdict verdict)
{
	if (verdict.wrong == NULL)
		return;
	(void)fprintf(stderr, "growth: %s\n", verdict.wrong);
	exit(1);
}

static void make_part(struct span group_info, struct buf *part)
{
	struct wire_message message;

	world_must(wire_message_decode(group_info, &message), "a GroupInfo");
	world_must(wire_group_info_part_of(&message.group_info, part),
		   "its part");
}

static void find_added(struct span identity)
{
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(bench.world.first_group, &leaf, &member))
		if (span_equal(member.identity, identity))
			bench.added = member.leaf_index;
}

static void post(const struct mls_change *change, struct cost *cost)
{
	struct world *w = &bench.world;
	struct buf part = BUF_INIT;
	struct mls_commit made;
	struct mls_event event;
	double begun = now();

	world_must(
	    mls_group_commit(w->first_group, &w->first.me, change, &made),
	    "a commit");
	make_part(buf_span(&made.group_info), &part);
	cost->ms[0] = since(&begun);
	accept(check_walk_commit(bench.walk, buf_span(&made.commit)));
	cost->ms[1] = since(&begun);
	accept(check_walk_check_part(bench.walk, buf_span(&part)));
	cost->ms[2] = since(&begun);
	world_must(mls_group_process(w->last_group, WORLD_NOW,
				     buf_span(&made.commit), &event),
		   "to follow");
	world_must(mls_group_merge(w->last_group), "to merge");
	cost->ms[3] = since(&begun);
	world_must(mls_group_merge(w->first_group), "to merge");
	cost->bytes = made.commit.n + part.n;
	mls_event_clear(&event);
	mls_commit_clear(&made);
	buf_clear(&part);
}

static void commit(enum kind kind, bool beside, struct cost *cost)
{
	static const uint8_t marker[] = { INFO_BESIDE_EXTENSION >> 8,
					  INFO_BESIDE_EXTENSION & 0xff, 0 };
	struct mls_change change = { .force_path = true,
				     .tree_beside_welcome = true,
				     .tree_beside_info = beside };
	struct world_client other;
	struct span add;

	if (beside)
		change.info_extensions = SPAN_ARRAY(marker);
	if (kind == REMOVE) {
		change.removes = &bench.added;
		change.remove_count = 1;
	}
	if (kind != ADD) {
		post(&change, cost);
		return;
	}
	world_client_init(&other, bench.world.suite, ++bench.number);
	world_must(mls_key_package_create(&other.me, false, &other.secrets,
					  &other.key_package),
		   "a KeyPackage");
	add = buf_span(&other.key_package);
	change.adds = &add;
	change.add_count = 1;
	post(&change, cost);
	find_added(other.me.credential_identity);
	world_client_clear(&other);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(uint32_t members, enum kind kind, bool beside,
		  const struct cost *costs)
{
	(void)printf("| %u | %s | %s | %zu B |", members, names[kind],
		     beside ? "beside" : "within", costs[ROUNDS - 1].bytes);
	for (size_t step = 0; step < STEPS; step++) {
		double list[ROUNDS];

		for (size_t i = 0; i < ROUNDS; i++)
			list[i] = costs[i].ms[step];
		qsort(list, ROUNDS, sizeof(*list), compare);
		(void)printf(" %.2f ms |", list[ROUNDS / 2]);
	}
	(void)printf("\n");
}

static void measure(uint32_t members)
{
	static struct cost costs[2][KINDS][ROUNDS];
	struct buf info = BUF_INIT;

	world_init(&bench.world, suite_by_id(3), members, NULL);
	world_must(mls_group_info(bench.world.first_group,
				  &bench.world.first.me, true, &info),
		   "a GroupInfo");
	accept(
	    check_walk_from_info(buf_span(&info), CHECK_VERIFIED, &bench.walk));
	bench.number = members;
	for (size_t i = 0; i < ROUNDS; i++)
		for (int beside = 0; beside < 2; beside++)
			for (enum kind kind = EMPTY; kind < KINDS; kind++)
				commit(kind, beside != 0,
				       &costs[beside][kind][i]);
	for (enum kind kind = EMPTY; kind < KINDS; kind++)
		for (int beside = 0; beside < 2; beside++)
			print(members, kind, beside != 0, costs[beside][kind]);
	check_walk_free(bench.walk);
	bench.walk = NULL;
	world_clear(&bench.world);
	buf_clear(&info);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 50, 500, 5000 };

	(void)printf("| members | commit | tree | commit and part | made | "
		     "walked | part checked | followed |\n"
		     "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (int i = 1; i < argc; i++)
		measure((uint32_t)strtoul(argv[i], NULL, 0));
	for (size_t i = 0; argc == 1 && i < 3; i++)
		measure(sizes[i]);
	accounts_print_head();
	for (int i = 1; i < argc; i++)
		accounts_measure((uint32_t)strtoul(argv[i], NULL, 0));
	for (size_t i = 0; argc == 1 && i < 3; i++)
		accounts_measure(sizes[i]);
	return 0;
}
