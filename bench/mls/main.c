/*
 * What MLS operations cost, as operations per second and as a multiple of the
 * floor: the time of the public-key, hash and AEAD operations that RFC 9420
 * makes necessary for them (counts.c), run in turn with the operation itself.
 * Processor time of the one thread; medians.
 *
 *   bench-mls [-o OPERATION] [SUITE [MEMBERS...]]
 *
 * A suite as 0x0001; 0, and without one, all.
 */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/mls/counts.h"
#include "bench/mls/joining.h"
#include "bench/mls/storage.h"
#include "bench/mls/world.h"
#include "mls/group_internal.h"
#include "mls/tree_node.h"
#include "wire/message.h"

enum { SIZES_MAX = 16, SAMPLES_MIN = 3, SAMPLES_MAX = 400, MESSAGE = 256 };

#define ENOUGH 0.4 /* seconds of samples */
#define LONG 5.0   /* seconds after which one sample does */

/* One thing to measure: `prepare` and `after` are not timed. */
struct operation {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
	void (*after)(void);
	void (*count)(const struct shape *shape, struct floor_count *count);
};

static const char *only; /* this operation; NULL: all */

/* What the operations work on. */
static struct world w;
static struct mls_group *made;
static struct sign_key *parsed_key; /* the first client's */
static struct mls_commit commit;
static struct mls_event event;
static struct buf message, tree, welcome;

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the operations ---- */

static void create(void)
{
	world_must(mls_group_create(&w.first.me, SPAN_LIT("another group"),
				    SPAN_EMPTY, &made),
		   "create");
}

/* The same by an identity whose key is parsed, as it is in the floor. */
static void parse(void)
{
	struct mls_identity *me = &w.first.me;

	if (parsed_key == NULL)
		world_must(sign_private_parse(me->suite, me->signature_private,
					      &parsed_key),
			   "a key");
	me->signature_parsed = parsed_key;
}

static void free_made(void)
{
	w.first.me.signature_parsed = NULL;
	mls_group_free(made);
	made = NULL;
}

static void discard(void)
{
	mls_group_discard(w.first_group);
	mls_commit_clear(&commit);
}

static void add(void)
{
	const struct span package = buf_span(&w.joiner.key_package);
	const struct mls_change change = { .adds = &package,
					   .add_count = 1,
					   .tree_beside_welcome = true,
					   .without_group_info = true };

	world_must(
	    mls_group_commit(w.first_group, &w.first.me, &change, &commit),
	    "add");
}

static void commit_path(void)
{
	const struct mls_change change = { .force_path = true,
					   .without_group_info = true };

	world_must(
	    mls_group_commit(w.first_group, &w.first.me, &change, &commit),
	    "commit");
}

static void process(void)
{
	world_must(mls_group_process(w.last_group, WORLD_NOW,
				     buf_span(&commit.commit), &event),
		   "process");
}

static void discard_both(void)
{
	mls_event_clear(&event);
	mls_group_discard(w.last_group);
	discard();
}

/* The Welcome and the tree of an add that stays staged. */
static void invite(void)
{
	add();
	tree_encode(&w.first_group->staged->tree, &tree);
	buf_put(&welcome, buf_span(&commit.welcome));
	world_must(buf_end(&tree), "the tree");
	world_must(buf_end(&welcome), "the welcome");
	discard();
}

static void join(void)
{
	world_must(mls_group_join(&w.joiner.me, buf_span(&welcome),
				  buf_span(&tree),
				  buf_span(&w.joiner.key_package),
				  &w.joiner.secrets, &made),
		   "join");
}

static void leave(void)
{
	free_made();
	buf_reset(&tree);
	buf_reset(&welcome);
}

static void send(void)
{
	static const uint8_t data[MESSAGE];

	world_must(mls_group_protect(w.first_group, &w.first.me, SPAN_EMPTY,
				     SPAN_ARRAY(data), &message),
		   "send");
}

static void receive(void)
{
	world_must(mls_group_process(w.last_group, WORLD_NOW,
				     buf_span(&message), &event),
		   "receive");
}

static void forget_message(void)
{
	mls_event_clear(&event);
	buf_reset(&message);
}

static void count_send(const struct shape *shape, struct floor_count *c)
{
	counts_send(shape, MESSAGE, c);
}

static void count_receive(const struct shape *shape, struct floor_count *c)
{
	counts_receive(shape, MESSAGE, c);
}

/* Sending last: what is sent there nobody reads. */
static const struct operation OPERATIONS[] = {
	{ "create", NULL, create, free_made, counts_create },
	{ "parsed", parse, create, free_made, counts_create },
	{ "add", NULL, add, discard, counts_add },
	{ "commit", NULL, commit_path, discard, counts_commit },
	{ "process", commit_path, process, discard_both, counts_process },
	{ "join", invite, join, leave, counts_join },
	{ "receive", send, receive, forget_message, count_receive },
	{ "send", NULL, send, forget_message, count_send },
};
enum { COMMIT = 3, OPERATION_COUNT = 8 };

/* ---- the shape that the counts need ---- */

static size_t count_parents(const struct tree_node *node)
{
	if (tree_node_is_leaf(node))
		return 0;
	return (node->parent != NULL) + count_parents(node->left) +
	       count_parents(node->right);
}

static void measure_path(const struct tree *t, struct shape *s)
{
	uint32_t common = tree_math_common_level(0, w.members - 1);
	struct tree_path path;

	tree_filtered_path(t, 0, &path);
	s->path = path.count;
	for (size_t i = 0; i < path.count; i++) {
		uint32_t child = tree_math_ancestor(0, path.levels[i] - 1);
		struct tree_resolved *list;
		size_t count;

		world_must(tree_resolution(t, tree_math_sibling(child),
					   LEAF_LIST_EMPTY, &list, &count),
			   "a resolution");
		free(list);
		s->resolution += count;
		s->climb += path.levels[i] >= common;
	}
}

static struct shape shape_of(void)
{
	const struct tree *t = &w.first_group->now->tree;
	struct shape s = {
		.suite = w.suite,
		.members = w.members,
		.levels = tree_math_level(tree_math_root(t->leaves)),
		.parents = count_parents(t->root),
		.width = tree_math_width(t->leaves),
		.leaf_bytes = w.leaf_bytes / w.members,
	};

	measure_path(t, &s);
	return s;
}

/* Of the messages themselves, before they are measured. */
static void learn_sizes(const struct operation *operation, struct shape *s)
{
	struct wire_message parsed;

	if (operation->run == add || operation->run == commit_path) {
		operation->run();
		s->commit_bytes = commit.commit.n;
		discard();
	}
	if (operation->run == add || operation->run == join) {
		invite();
		world_must(wire_message_decode(buf_span(&welcome), &parsed),
			   "the welcome");
		s->info_bytes = parsed.welcome.encrypted_group_info.n;
		leave();
	}
}

/* ---- measuring ---- */

struct result {
	double time;  /* seconds, median */
	double floor; /* seconds, median */
	size_t samples;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static void call(void (*f)(void))
{
	if (f != NULL)
		f();
}

static double timed(void (*f)(void))
{
	double start = seconds();

	f();
	return seconds() - start;
}

static double floor_timed(struct floor *floor, const struct floor_count *c)
{
	double start = seconds();

	world_must(floor_run(floor, c) ? ERR_OK : ERR_LOCAL_CRYPTO,
		   "the floor");
	return seconds() - start;
}

static struct result measure(const struct operation *operation,
			     struct floor *floor, const struct floor_count *c)
{
	static double times[SAMPLES_MAX], floors[SAMPLES_MAX];
	struct result r = { 0 };
	double spent = 0;

	world_must(floor_prepare(floor, c) ? ERR_OK : ERR_LOCAL_CRYPTO,
		   "the floor");
	while (r.samples < SAMPLES_MAX &&
	       spent < (r.samples < SAMPLES_MIN ? LONG : ENOUGH)) {
		call(operation->prepare);
		times[r.samples] = timed(operation->run);
		call(operation->after);
		floors[r.samples] = floor_timed(floor, c);
		spent += times[r.samples] + floors[r.samples];
		r.samples++;
	}
	r.time = median(times, r.samples);
	r.floor = median(floors, r.samples);
	return r;
}

/* Bytes a member above its encoded leaf, of a group that was joined. */
static double memory(const struct shape *s)
{
	size_t before, after;

	invite();
	before = mallinfo2().uordblks;
	join();
	after = mallinfo2().uordblks;
	leave();
	return (double)(after - before) / (double)s->members -
	       (double)s->leaf_bytes;
}

/* What goes over the network; the tree goes beside the Welcome. */
static void print_bytes(const struct suite *suite)
{
	size_t path;

	commit_path();
	path = commit.commit.n;
	discard();
	invite();
	(void)printf("0x%04x %6u bytes    KeyPackage %zu, commit %zu, "
		     "Welcome %zu, tree %zu\n",
		     suite->id, w.members, w.joiner.key_package.n, path,
		     welcome.n, tree.n);
	leave();
}

static double measure_world(const struct suite *suite, uint32_t members,
			    struct floor *floor)
{
	struct shape shape;
	double commit_time = 0;

	world_init(&w, suite, members, NULL);
	shape = shape_of();
	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		struct floor_count count = { 0 };
		struct result r;

		learn_sizes(&OPERATIONS[i], &shape);
		if (only != NULL && strcmp(only, OPERATIONS[i].name) != 0)
			continue;
		OPERATIONS[i].count(&shape, &count);
		r = measure(&OPERATIONS[i], floor, &count);
		(void)printf("0x%04x %6u %-8s %10.1f/s %9.3f ms %6.2f\n",
			     suite->id, members, OPERATIONS[i].name, 1 / r.time,
			     1e3 * r.time, r.time / r.floor);
		(void)fflush(stdout);
		if (i == COMMIT)
			commit_time = r.time;
	}
	if (members >= 10000)
		(void)printf("0x%04x %6u memory   %10.0f bytes a member "
			     "above its leaf\n",
			     suite->id, members, memory(&shape));
	if (only == NULL || strcmp(only, "bytes") == 0)
		print_bytes(suite);
	if (only == NULL || strcmp(only, "storage") == 0)
		storage_measure(&w);
	if (only == NULL || strcmp(only, "joining") == 0)
		joining_measure(&w);
	world_clear(&w);
	sign_key_free(parsed_key);
	parsed_key = NULL;
	return commit_time;
}

/* ---- growth ---- */

/* The slope of the line through the points. */
static double slope(const double *x, const double *y, size_t count)
{
	double mx = 0, my = 0, xy = 0, xx = 0;

	for (size_t i = 0; i < count; i++) {
		mx += x[i] / (double)count;
		my += y[i] / (double)count;
	}
	for (size_t i = 0; i < count; i++) {
		xy += (x[i] - mx) * (y[i] - my);
		xx += (x[i] - mx) * (x[i] - mx);
	}
	return xy / xx;
}

/* How a commit grows: 1 in the second number is exactly as log N, and in the
 * first exactly as N. */
static void print_growth(const struct suite *suite, const double *members,
			 const double *times, size_t count)
{
	double log_n[SIZES_MAX], log_log_n[SIZES_MAX], log_t[SIZES_MAX];
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (members[i] < 10 || times[i] <= 0)
			continue;
		log_n[used] = log(members[i]);
		log_log_n[used] = log(log_n[used]);
		log_t[used++] = log(times[i]);
	}
	if (used < 3)
		return;
	(void)printf("0x%04x  growth of a commit: N^%.3f, (log N)^%.2f\n",
		     suite->id, slope(log_n, log_t, used),
		     slope(log_log_n, log_t, used));
}

static void measure_suite(const struct suite *suite, const uint32_t *sizes,
			  size_t count)
{
	double members[SIZES_MAX], times[SIZES_MAX];
	struct floor *floor = floor_new(suite);

	world_must(floor != NULL ? ERR_OK : ERR_LOCAL_CRYPTO, "the floor");
	for (size_t i = 0; i < count; i++) {
		members[i] = sizes[i];
		times[i] = measure_world(suite, sizes[i], floor);
	}
	print_growth(suite, members, times, count);
	floor_free(floor);
}

int main(int argc, char **argv)
{
	uint32_t sizes[SIZES_MAX] = { 2, 10, 100, 1000, 10000 };
	size_t size_count = 5, suite_count;
	const struct suite *suites = suite_table(&suite_count);
	unsigned long wanted;

	if (getopt(argc, argv, "o:") == 'o')
		only = optarg;
	argc -= optind;
	argv += optind;
	wanted = argc > 0 ? strtoul(argv[0], NULL, 0) : 0;
	if (argc > 1)
		size_count = 0;
	for (int i = 1; i < argc && size_count < SIZES_MAX; i++) {
		sizes[size_count] = (uint32_t)strtoul(argv[i], NULL, 10);
		if (sizes[size_count] >= 2)
			size_count++;
	}
	(void)printf(
	    "suite  members           operations      time  x floor\n");
	for (size_t i = 0; i < suite_count; i++)
		if ((wanted == 0 || wanted == suites[i].id) &&
		    suite_usable(&suites[i]))
			measure_suite(&suites[i], sizes, size_count);
	buf_clear(&message);
	buf_clear(&tree);
	buf_clear(&welcome);
	return 0;
}
